import { backoffMs } from './backoff.ts';
import { type Environment, linkedAbort } from './environment.ts';
import { isRecord, WaggleClientError } from './errors.ts';
import type { Nodes } from './nodes.ts';
import type { Target } from './post.ts';
import { type Frame, openFeed } from './socket-feed.ts';

export type SubscriptionFilter = Readonly<Record<string, unknown>>;

/** `seq` is where a subscription can go on from: a block's height. */
export type SubscriptionEvent =
  | { readonly seq: number; readonly result: unknown }
  /** These were lost to this reader: it was too slow, or away for too long. */
  | { readonly seq: number; readonly lagged: { readonly from: number; readonly to: number } };

export type OnEvent = (event: SubscriptionEvent) => void;

export interface Subscription {
  /** Resolves when it is closed; rejects when no node could ever serve it. @throws WaggleClientError WAGGLE_CLIENT_REFUSED */
  readonly ended: Promise<void>;
  close(): void;
}

export interface SubscriptionOptions {
  readonly topic: string;
  readonly filter: SubscriptionFilter | undefined;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/**
 * What was seen last. Several events may bear one `seq`, in the same order on every node, so a new connection asks for that
 * `seq` again and skips as many as came before.
 */
interface Place {
  seq: number | undefined;
  seen: number;
}

export function openSubscription(env: Environment, nodes: Nodes, options: SubscriptionOptions): Subscription {
  const closing = linkedAbort(options.signal);
  const reader = new Reader(env, nodes, options, closing.signal);
  const ended = reader.run().finally(() => closing.release());
  // Whoever does not look at it is not brought down by it.
  ended.catch(() => undefined);
  return { ended, close: () => closing.abort() };
}

class Reader {
  readonly #env: Environment;
  readonly #nodes: Nodes;
  readonly #options: SubscriptionOptions;
  readonly #signal: AbortSignal;
  readonly #place: Place = { seq: undefined, seen: 0 };
  #skip = 0;

  constructor(env: Environment, nodes: Nodes, options: SubscriptionOptions, signal: AbortSignal) {
    this.#env = env;
    this.#nodes = nodes;
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    for (let attempt = 1; !this.#signal.aborted; attempt++) {
      const [target] = this.#nodes.ranked();
      if (target === undefined) return;
      if (await this.#follow(target)) attempt = 1;
      if (this.#signal.aborted) return;
      this.#nodes.failed(target);
      await this.#env.wait(backoffMs(attempt, this.#env.random()), this.#signal);
    }
  }

  /** @returns whether it was served before the connection ended */
  async #follow(target: Target): Promise<boolean> {
    const { topic, filter } = this.#options;
    const { seq, seen } = this.#place;
    this.#skip = seen;
    const params = {
      topic,
      ...(filter === undefined ? {} : { filter }),
      ...(seq === undefined ? {} : { fromSeq: Math.max(1, seen === 0 ? seq + 1 : seq) }),
    };
    let served = false;
    try {
      for await (const frame of openFeed(this.#env, target.url, params, this.#signal)) {
        if (frame.kind === 'subscribed') {
          served = true;
          this.#nodes.worked(target);
          // Nothing was seen yet: this is where the first event would follow.
          if (this.#place.seq === undefined) this.#place.seq = frame.seq;
        } else this.#take(frame);
      }
    } catch (error) {
      if (!(error instanceof WaggleClientError)) throw error;
      if (error.code === 'WAGGLE_CLIENT_REFUSED' && !error.retryable) throw error;
    }
    return served;
  }

  #take({ seq, params }: Extract<Frame, { kind: 'event' }>): void {
    const { onEvent } = this.#options;
    const { lagged } = params;
    if (isRecord(lagged) && typeof lagged.from === 'number' && typeof lagged.to === 'number') {
      this.#skip = 0;
      this.#place.seq = lagged.to;
      this.#place.seen = 0;
      onEvent({ seq, lagged: { from: lagged.from, to: lagged.to } });
      return;
    }
    if (seq === this.#place.seq && this.#skip > 0) {
      this.#skip -= 1;
      return;
    }
    this.#skip = 0;
    this.#place.seen = seq === this.#place.seq ? this.#place.seen + 1 : 1;
    this.#place.seq = seq;
    onEvent({ seq, result: params.result });
  }
}
