import { eventFrame, type SendFrame } from './feed.ts';

export interface CountedEvent {
  readonly seq: number;
}

/** Events of the node itself, numbered from 1 since its start; the newest of them are kept. */
export interface CountedSource<Event extends CountedEvent> {
  /** Of the newest; 0 before the first. */
  readonly seq: number;
  /** Those after `seq`, oldest first, and how many before them are not kept any more. */
  after(seq: number): { readonly lost: number; readonly events: readonly Event[] };
}

export interface CountedFeedOptions<Event extends CountedEvent> {
  readonly source: CountedSource<Event>;
  readonly subscription: string;
  /** The last one its reader has. */
  readonly seq: number;
  readonly send: SendFrame;
  readonly render: (event: Event) => object;
}

/** One subscription to what is no fact of the ledger: `alert` or `agent`. */
export class CountedFeed<Event extends CountedEvent = CountedEvent> {
  readonly #options: CountedFeedOptions<Event>;
  #seq: number;
  #isPumping = false;
  #isClosed = false;

  constructor(options: CountedFeedOptions<Event>) {
    this.#options = options;
    this.#seq = options.seq;
  }

  close(): void {
    this.#isClosed = true;
  }

  wake(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    this.#pump().then(
      () => {
        this.#isPumping = false;
        if (this.#options.source.seq > this.#seq) this.wake();
      },
      () => this.close(),
    );
  }

  async #pump(): Promise<void> {
    const { source, subscription, send, render } = this.#options;
    while (!this.#isClosed && source.seq > this.#seq) {
      const { lost, events } = source.after(this.#seq);
      if (lost > 0) {
        const [from, to] = [this.#seq + 1, this.#seq + lost];
        this.#seq = to;
        await send(eventFrame(subscription, to, { lagged: { from, to } }));
        continue;
      }
      const [next] = events;
      if (next === undefined) return;
      this.#seq = next.seq;
      await send(eventFrame(subscription, next.seq, { result: render(next) }));
    }
  }
}
