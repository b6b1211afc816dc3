import { setImmediate as nextTurn } from 'node:timers/promises';
import { RpcError } from './rpc-error.ts';

export interface QueueLimits {
  readonly perKey: number;
  readonly total: number;
  /** Who waited longer for its turn is refused: nothing of it was taken, and its client may be gone. */
  readonly waitMs: number;
}

/** Who waits for its turn. */
interface Waiting {
  readonly sinceMs: number;
  readonly begin: (leave: () => void) => void;
  readonly refuse: (error: RpcError) => void;
}

/** One task of a key at a time, in the order they came; a full queue refuses at once and says so (rule 11). */
export class KeyedQueue {
  readonly #limits: QueueLimits;
  /** Keys at work, and who waits behind; a key that nobody waits for has no list. */
  readonly #lanes = new Map<string, Waiting[] | undefined>();
  #total = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  /** Tasks at work or waiting. */
  get size(): number {
    return this.#total;
  }

  /**
   * Begin at once where nobody of the key is at work, else when its turn has come; the next begins when this one leaves,
   * which it must, once. Refused with network.busy when the queue is full, or its turn came too late.
   */
  enter(key: string, begin: (leave: () => void) => void, refuse: (error: RpcError) => void): void {
    const isFree = !this.#lanes.has(key);
    const behind = this.#lanes.get(key);
    const { perKey, total } = this.#limits;
    const ofKey = isFree ? 0 : 1 + (behind?.length ?? 0);
    if (ofKey >= perKey || this.#total >= total) {
      refuse(busy());
      return;
    }
    this.#total += 1;
    if (isFree) {
      this.#lanes.set(key, undefined);
      begin(() => this.#leave(key));
    } else {
      const waiting = { sinceMs: performance.now(), begin, refuse };
      if (behind === undefined) this.#lanes.set(key, [waiting]);
      else behind.push(waiting);
    }
  }

  /** As `enter`, for a task that is a promise. @throws RpcError network.busy; whatever the task throws */
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.enter(key, (leave) => void task().finally(leave).then(resolve, reject), reject);
    return promise;
  }

  #leave(key: string): void {
    this.#total -= 1;
    const behind = this.#lanes.get(key);
    for (let next = behind?.shift(); next !== undefined; next = behind?.shift()) {
      if (performance.now() - next.sinceMs <= this.#limits.waitMs) {
        next.begin(() => this.#leave(key));
        return;
      }
      this.#total -= 1;
      next.refuse(busy());
    }
    this.#lanes.delete(key);
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
