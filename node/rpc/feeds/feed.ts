import type { HeadFacts, NodeApi } from '../node-api.ts';

/** Sends one frame and resolves when the connection has taken it: the back-pressure of a reader. */
export type SendFrame = (frame: object) => Promise<void>;

/** What a topic says of a height; undefined when it has nothing to say. */
export type ReadHeight = (height: number, head: HeadFacts) => Promise<object | undefined>;

export interface FeedOptions {
  readonly api: Pick<NodeApi, 'head'>;
  readonly subscription: string;
  /** The first height that may be told. */
  readonly next: number;
  readonly send: SendFrame;
  readonly read: ReadHeight;
  /** Heights a reader may be behind before it is told `lagged`. */
  readonly lagMax: number;
  /** The topic is a state: of the heights between only the newest matters, and leaving out the others is no loss. */
  readonly isState?: boolean;
}

/**
 * One subscription to what blocks do; `seq` is the height of the block, so it means the same at every node and after every
 * restart. The ledger is the buffer: a feed remembers the next height only and reads as fast as its reader takes frames,
 * so nothing grows; who is too far behind is told what it missed, never left to guess.
 */
export class Feed {
  readonly #options: FeedOptions;
  #next: number;
  #isPumping = false;
  #isClosed = false;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#next = options.next;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** A block was executed, or there may be older ones to tell of. */
  wake(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    this.#pump().then(
      () => this.#rest(),
      () => this.close(),
    );
  }

  /** A block may have come between the last look and the end of the pump. */
  #rest(): void {
    this.#isPumping = false;
    if (!this.#isClosed && this.#next <= this.#options.api.head().height) this.wake();
  }

  async #pump(): Promise<void> {
    const { api, read, lagMax, isState } = this.#options;
    for (let head = api.head(); !this.#isClosed && this.#next <= head.height; head = api.head()) {
      const behind = head.height - this.#next;
      if (behind >= lagMax && isState !== true) {
        await this.#skip(head.height);
        continue;
      }
      // A state far behind is told as it is now; close by, each height is looked at for whether it touched it.
      const height = isState === true && behind >= lagMax ? head.height : this.#next;
      const result = await read(height, head);
      this.#next = height + 1;
      if (result !== undefined && !this.#isClosed) await this.#send(height, { result });
    }
  }

  /** What cannot be sent any more, by its first and last seq. */
  async #skip(height: number): Promise<void> {
    const from = this.#next;
    const to = Math.max(from, height - this.#options.lagMax);
    this.#next = to + 1;
    await this.#send(to, { lagged: { from, to } });
  }

  async #send(seq: number, payload: object): Promise<void> {
    await this.#options.send(eventFrame(this.#options.subscription, seq, payload));
  }
}

export function eventFrame(subscription: string, seq: number, payload: object): object {
  return { jsonrpc: '2.0', method: 'sub_event', params: { subscription, seq, ...payload } };
}
