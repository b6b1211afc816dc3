import { RPC_LIMITS } from './limits.ts';
import { renderHead } from './methods/chain.ts';
import type { HeadFacts, NodeApi } from './node-api.ts';

/** Sends one frame and resolves when the connection has taken it: the back-pressure of a reader. */
export type SendFrame = (frame: object) => Promise<void>;

/**
 * One subscription to `head`. The ledger is its buffer: it remembers the next height only and reads blocks as fast as
 * the reader takes them, so nothing grows; who is too far behind is told what it missed, never left to guess.
 */
export class HeadFeed {
  readonly #api: NodeApi;
  readonly #subscription: string;
  readonly #send: SendFrame;
  #next: number;
  #isPumping = false;
  #isClosed = false;

  constructor(api: NodeApi, subscription: string, next: number, send: SendFrame) {
    this.#api = api;
    this.#subscription = subscription;
    this.#next = next;
    this.#send = send;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** A block was executed, or there may be older ones to send. */
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
    if (!this.#isClosed && this.#next <= this.#api.head().height) this.wake();
  }

  async #pump(): Promise<void> {
    for (let head = this.#api.head(); !this.#isClosed && this.#next <= head.height; head = this.#api.head()) {
      const behind = head.height - this.#next;
      const found = behind >= RPC_LIMITS.lagMax ? undefined : await this.#read(head);
      if (found === undefined) await this.#skip(head.height);
      else {
        this.#next = found.height + 1;
        await this.#send(this.#frame(found.height, { result: renderHead(found) }));
      }
    }
  }

  async #read(head: HeadFacts): Promise<HeadFacts | undefined> {
    return this.#next === head.height ? head : await this.#api.block({ height: this.#next });
  }

  /** What cannot be sent any more, by its first and last seq. */
  async #skip(height: number): Promise<void> {
    const from = this.#next;
    const to = Math.max(from, height - RPC_LIMITS.lagMax);
    this.#next = to + 1;
    await this.#send(this.#frame(to, { lagged: { from, to } }));
  }

  #frame(seq: number, payload: object): object {
    return { jsonrpc: '2.0', method: 'sub_event', params: { subscription: this.#subscription, seq, ...payload } };
  }
}
