interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
}

/** Until everything that can run has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A clock that stands still while anything can run, and then jumps to what is waited for next. */
export class VirtualTime {
  nowMs = Date.UTC(2026, 0, 1);
  readonly #alarms = new Set<Alarm>();

  at(ms: number, ring: () => void): () => void {
    const alarm = { atMs: this.nowMs + Math.max(0, ms), ring };
    this.#alarms.add(alarm);
    return () => void this.#alarms.delete(alarm);
  }

  readonly wait = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const forget = this.at(ms, resolve);
      signal?.addEventListener('abort', () => {
        forget();
        resolve();
      });
    });

  /** Until `work` ends. */
  async run<Value>(work: Promise<Value>): Promise<PromiseSettledResult<Value>> {
    let settled: PromiseSettledResult<Value> | undefined;
    work.then(
      (value) => {
        settled = { status: 'fulfilled', value };
      },
      (reason: unknown) => {
        settled = { status: 'rejected', reason };
      },
    );
    for (;;) {
      await turn();
      if (settled !== undefined) return settled;
      this.#next();
    }
  }

  /** Until nothing is waited for, but not beyond `limitMs`. */
  async drain(limitMs: number): Promise<void> {
    const endMs = this.nowMs + limitMs;
    for (;;) {
      await turn();
      const next = this.#first();
      if (next === undefined || next.atMs > endMs) break;
      this.#next();
    }
    this.nowMs = endMs;
  }

  #first(): Alarm | undefined {
    return [...this.#alarms].reduce<Alarm | undefined>(
      (first, alarm) => (first === undefined || alarm.atMs < first.atMs ? alarm : first),
      undefined,
    );
  }

  #next(): void {
    const alarm = this.#first();
    if (alarm === undefined) throw new Error('nothing is waited for, and the work has not ended');
    this.#alarms.delete(alarm);
    this.nowMs = Math.max(this.nowMs, alarm.atMs);
    alarm.ring();
  }
}
