import { setImmediate as nextTurn } from 'node:timers/promises';
import { RpcError } from './rpc-error.ts';

export interface QueueLimits {
  readonly perKey: number;
  readonly total: number;
  /** Who waited longer for its turn is refused: nothing of it was taken, and its client may be gone. */
  readonly waitMs: number;
}

/** One task of a key at a time, in the order they came; a full queue refuses at once and says so (rule 11). */
export class KeyedQueue {
  readonly #limits: QueueLimits;
  readonly #tails = new Map<string, { tail: Promise<unknown>; waiting: number }>();
  #total = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** @throws RpcError network.busy; whatever the task throws */
  async run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    const lane = this.#tails.get(key) ?? { tail: Promise.resolve(), waiting: 0 };
    if (lane.waiting >= this.#limits.perKey || this.#total >= this.#limits.total) {
      throw busy();
    }
    this.#tails.set(key, lane);
    lane.waiting += 1;
    this.#total += 1;
    const startMs = performance.now();
    const result = lane.tail.then(() => {
      if (performance.now() - startMs > this.#limits.waitMs) throw busy();
      return task();
    });
    lane.tail = result.then(
      () => this.#done(key, lane),
      () => this.#done(key, lane),
    );
    return await result;
  }

  #done(key: string, lane: { waiting: number }): void {
    lane.waiting -= 1;
    this.#total -= 1;
    if (lane.waiting === 0) this.#tails.delete(key);
  }
}

function busy(): RpcError {
  return new RpcError('network.busy', { retryAfterMs: 200 });
}

/**
 * At most `size` tasks at once, each beginning in a turn of the event loop that no other begins in, so that a batch of
 * large reads never blocks it for longer than one of them. The others wait; they are bounded by the elements in flight.
 */
export class Gate {
  #free: number;
  readonly #waiting: (() => void)[] = [];
  /** Of the last that was let in. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(size: number) {
    this.#free = size;
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      this.#turn = this.#turn.then(() => nextTurn());
      await this.#turn;
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
