/** Something that is waited for, until it is called off or the time is over. */
export interface Deadline {
  readonly atMs: number;
  readonly late: () => void;
}

/**
 * Waits of one length under one timer: they end in the order in which they began, so the first is the next. A timer for
 * each of thousands of ballots a second would cost more than most of what is done for them.
 */
export class Deadlines {
  readonly #waitMs: number;
  /** In the order in which they began. */
  readonly #running = new Set<Deadline>();
  #timer: NodeJS.Timeout | undefined;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Those that were neither called off nor late. */
  get size(): number {
    return this.#running.size;
  }

  /** Call `late` once when the time is over. */
  start(late: () => void): Deadline {
    const deadline = { atMs: performance.now() + this.#waitMs, late };
    this.#running.add(deadline);
    this.#timer ??= setTimeout(() => this.#fire(), this.#waitMs);
    return deadline;
  }

  callOff(deadline: Deadline): void {
    this.#running.delete(deadline);
    if (this.#running.size > 0) return;
    // A timer that nothing waits for would keep the process.
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fire(): void {
    this.#timer = undefined;
    const nowMs = performance.now();
    for (const deadline of this.#running) {
      // Timers may come a fraction of a millisecond early.
      if (deadline.atMs - nowMs >= 1) {
        this.#timer ??= setTimeout(() => this.#fire(), deadline.atMs - nowMs);
        return;
      }
      this.#running.delete(deadline);
      deadline.late();
    }
  }
}
