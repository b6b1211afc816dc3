import type { Timeline } from './timeline.ts';

/** What the time of a core goes to. */
export const WORK = ['network', 'signatures', 'handling', 'storing', 'calls'] as const;
export type Work = (typeof WORK)[number];

/** One core that does one task after the other, in the order of their arrival. What a task costs it says while it runs. */
export class Core {
  readonly #timeline: Timeline;
  readonly #spentUs = new Map<Work, number>();
  #tasks: (() => void)[] = [];
  #head = 0;
  #isWaiting = false;
  #freeAtMs = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  /** When what was charged so far is done. */
  get freeAtMs(): number {
    return Math.max(this.#freeAtMs, this.#timeline.nowMs);
  }

  run(task: () => void): void {
    this.#tasks.push(task);
    this.#next();
  }

  charge(work: Work, costUs: number): void {
    this.#freeAtMs = this.freeAtMs + costUs / 1_000;
    this.#spentUs.set(work, (this.#spentUs.get(work) ?? 0) + costUs);
  }

  spentUs(work: Work): number {
    return this.#spentUs.get(work) ?? 0;
  }

  /** Also after a task that only resolved something: what goes on then has charged the core before the next event. */
  #next(): void {
    if (this.#isWaiting || this.#head === this.#tasks.length) return;
    this.#isWaiting = true;
    this.#timeline.at(this.freeAtMs, () => {
      this.#isWaiting = false;
      if (this.#freeAtMs <= this.#timeline.nowMs) this.#take()?.();
      this.#next();
    });
  }

  #take(): (() => void) | undefined {
    const task = this.#tasks[this.#head];
    this.#head += 1;
    if (this.#head < this.#tasks.length) return task;
    this.#tasks = [];
    this.#head = 0;
    return task;
  }
}
