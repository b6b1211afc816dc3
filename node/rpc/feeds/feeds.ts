import type { Desk } from '../desk.ts';
import { RPC_LIMITS } from '../limits.ts';
import type { Subscribed, SubscribeRequest, Subscriber } from '../method.ts';
import { renderDecision } from '../methods/agent.ts';
import { RpcError } from '../rpc-error.ts';
import { type Alerts, renderAlert } from './alerts.ts';
import { BlockEventsSource } from './block-events.ts';
import { type CountedEvent, CountedFeed, type CountedSource } from './counted-feed.ts';
import { Feed, type SendFrame } from './feed.ts';
import { readerOf } from './topics.ts';

/** How often a node looks whether it has something to say of itself. */
const ALERT_EVERY_MS = 1_000;

interface AnyFeed {
  wake(): void;
  close(): void;
}

interface Counted<Event extends CountedEvent> {
  readonly subscription: string;
  /** `epoch` names the start of the node in which `seq` counts. */
  readonly source: CountedSource<Event> & { readonly epoch: string };
  readonly render: (event: Event) => object;
}

/** What all connections share: events are read once, alerts are the node's. */
export class FeedRoom {
  readonly desk: Desk;
  readonly events: BlockEventsSource;
  readonly alerts: Alerts;
  readonly #timer: NodeJS.Timeout;

  constructor(desk: Desk, alerts: Alerts) {
    this.desk = desk;
    this.events = new BlockEventsSource(desk.api);
    this.alerts = alerts;
    this.#timer = setInterval(() => alerts.look(), ALERT_EVERY_MS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** The subscriptions of one connection. A feed starts after the answer that names it is on its way. */
export class Feeds implements Subscriber {
  readonly #room: FeedRoom;
  readonly #send: SendFrame;
  readonly #feeds = new Map<string, AnyFeed>();
  readonly #stops: readonly (() => void)[];
  #waiting: AnyFeed[] = [];
  #count = 0;

  constructor(room: FeedRoom, send: SendFrame) {
    this.#room = room;
    this.#send = send;
    const { api } = room.desk;
    const wakeCounted = () => this.#wake(CountedFeed);
    this.#stops = [
      api.onHead(() => this.#wake(Feed)),
      room.alerts.listen(wakeCounted),
      api.agent().decisions.listen(wakeCounted),
    ];
  }

  /** @throws RpcError request.rate-limited, params.invalid */
  subscribe({ topic, filter, fromSeq, epoch }: SubscribeRequest): Subscribed {
    if (this.#feeds.size >= RPC_LIMITS.subscriptionsMax) {
      throw new RpcError('request.rate-limited', { detail: `at most ${RPC_LIMITS.subscriptionsMax} subscriptions` });
    }
    this.#count += 1;
    const subscription = `${topic}-${this.#count}`;
    const { desk, events, alerts } = this.#room;
    if (topic === 'alert') {
      alerts.look();
      return this.#subscribeCounted({ subscription, source: alerts, render: renderAlert }, fromSeq, epoch);
    }
    if (topic === 'agent') {
      const source = desk.api.agent().decisions;
      return this.#subscribeCounted({ subscription, source, render: renderDecision }, fromSeq, epoch);
    }
    const next = nextSeq(fromSeq, desk.api.head().height);
    const read = readerOf(topic, filter, desk, events);
    const isState = topic === 'tally';
    const options = { api: desk.api, subscription, next, send: this.#send, read, lagMax: RPC_LIMITS.lagMax, isState };
    this.#add(subscription, new Feed(options));
    return { subscription, seq: next - 1 };
  }

  #subscribeCounted<Event extends CountedEvent>(
    { subscription, source, render }: Counted<Event>,
    fromSeq: number | undefined,
    epoch: string | undefined,
  ): Subscribed {
    // Another start of the node: nothing of it is here, so the reader begins with all there is.
    const isHere = epoch === undefined || epoch === source.epoch;
    const seq = isHere ? nextSeq(fromSeq, source.seq) - 1 : 0;
    this.#add(subscription, new CountedFeed({ source, subscription, seq, send: this.#send, render }));
    return { subscription, seq, epoch: source.epoch };
  }

  #add(subscription: string, feed: AnyFeed): void {
    this.#feeds.set(subscription, feed);
    this.#waiting.push(feed);
  }

  unsubscribe(subscription: string): boolean {
    this.#feeds.get(subscription)?.close();
    return this.#feeds.delete(subscription);
  }

  start(): void {
    const started = this.#waiting;
    this.#waiting = [];
    for (const feed of started) feed.wake();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }

  #wake(kind: typeof Feed | typeof CountedFeed): void {
    for (const feed of this.#feeds.values()) if (feed instanceof kind && !this.#waiting.includes(feed)) feed.wake();
  }
}

/** The first seq to tell. @throws RpcError params.invalid: one that is not there yet cannot have been seen */
function nextSeq(fromSeq: number | undefined, last: number): number {
  if (fromSeq === undefined) return last + 1;
  if (fromSeq <= last + 1) return fromSeq;
  throw new RpcError('params.invalid', { path: 'fromSeq', detail: `the newest is ${last}` });
}
