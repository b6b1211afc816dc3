import { setImmediate } from 'node:timers/promises';
import { EventQueue } from '../../../consensus/sim/queue.ts';

/** Virtual time for code that waits for promises: it stands still until what an event set off has come to rest. */
export class Timeline {
  readonly #queue = new EventQueue<() => void>();
  #isStirred = false;
  nowMs = 0;

  at(atMs: number, run: () => void): void {
    this.#queue.push(Math.max(atMs, this.nowMs), run);
  }

  /** A promise that resolves at a time. */
  until(atMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.at(atMs, () => this.resolve(resolve));
    return promise;
  }

  /** Resolve something from within an event: who waits for it goes on before the next event. */
  resolve(resolve: () => void): void {
    this.#isStirred = true;
    resolve();
  }

  /** Let everything happen up to a time. */
  async runUntil(endMs: number): Promise<void> {
    for (let atMs = this.#queue.nextAtMs; atMs !== undefined && atMs <= endMs; atMs = this.#queue.nextAtMs) {
      this.nowMs = atMs;
      this.#queue.pop()?.event();
      if (this.#isStirred) await setImmediate();
      this.#isStirred = false;
    }
    this.nowMs = endMs;
  }
}
