import type { WebSocket } from '@fastify/websocket';
import type { Desk } from './desk.ts';
import type { Dispatcher } from './dispatcher.ts';
import { HeadFeed } from './head-feed.ts';
import type { UnsentBytes } from './http/unsent.ts';
import { type CallerFacts, callerOf } from './http-guard.ts';
import { RPC_LIMITS } from './limits.ts';
import type { Subscriber } from './method.ts';
import { RpcError } from './rpc-error.ts';
import type { TokenGate } from './tokens.ts';

const CLOSE_TOO_SLOW = 1008;
const CLOSE_UNSUPPORTED = 1003;

interface SocketRooms {
  readonly desk: Desk;
  readonly dispatcher: Dispatcher;
  readonly gate: TokenGate;
  /** Answers that wait for slow readers, of all connections. */
  readonly unsent: UnsentBytes;
}

/** Serve one WebSocket: the same dispatcher as over HTTP, and what it subscribed to. */
export function serveSocket(
  socket: WebSocket,
  facts: Omit<CallerFacts, 'subscriber'>,
  { desk, dispatcher, gate, unsent }: SocketRooms,
): void {
  const feeds = new Feeds(desk, (frame) => sendFrame(socket, frame));
  let inFlight = 0;
  const reply = (text: string | undefined) => {
    if (text === undefined || socket.readyState !== socket.OPEN) return;
    const isSlow = socket.bufferedAmount > RPC_LIMITS.socketBufferedBytesMax;
    const release = isSlow ? undefined : unsent.take(Buffer.byteLength(text));
    if (release === undefined) socket.close(CLOSE_TOO_SLOW, 'reads too slowly');
    else socket.send(text, release);
  };
  socket.on('error', () => socket.terminate());
  socket.on('close', () => feeds.close());
  socket.on('message', (data, isBinary) => {
    if (isBinary || !(data instanceof Buffer)) return socket.close(CLOSE_UNSUPPORTED, 'text only');
    if (inFlight >= RPC_LIMITS.socketCallsMax) {
      return reply(dispatcher.refuse(new RpcError('request.rate-limited', { retryAfterMs: 200 })).text);
    }
    inFlight += 1;
    const caller = callerOf(gate, { ...facts, subscriber: feeds });
    void dispatcher.answer(data, caller).then(({ text }) => {
      inFlight -= 1;
      reply(text);
      feeds.start();
    });
  });
}

/** Resolves when the frame went out; a reader that takes nothing for too long is cut off. */
function sendFrame(socket: WebSocket, frame: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => socket.terminate(), RPC_LIMITS.sendTimeoutMs);
  socket.send(JSON.stringify(frame), (error) => {
    clearTimeout(timer);
    if (error === undefined || error === null) resolve();
    else reject(error);
  });
  return promise;
}

/** The subscriptions of one connection. A feed starts after the answer that names it is on its way. */
class Feeds implements Subscriber {
  readonly #desk: Desk;
  readonly #send: (frame: object) => Promise<void>;
  readonly #feeds = new Map<string, HeadFeed>();
  readonly #stop: () => void;
  #waiting: HeadFeed[] = [];
  #count = 0;

  constructor(desk: Desk, send: (frame: object) => Promise<void>) {
    this.#desk = desk;
    this.#send = send;
    this.#stop = desk.api.onHead(() => {
      for (const feed of this.#feeds.values()) if (!this.#waiting.includes(feed)) feed.wake();
    });
  }

  subscribe(topic: 'head', fromSeq: number | undefined) {
    if (this.#feeds.size >= RPC_LIMITS.subscriptionsMax) {
      throw new RpcError('request.rate-limited', { detail: `at most ${RPC_LIMITS.subscriptionsMax} subscriptions` });
    }
    const { height } = this.#desk.api.head();
    const next = fromSeq ?? height + 1;
    this.#count += 1;
    const subscription = `${topic}-${this.#count}`;
    const feed = new HeadFeed(this.#desk.api, subscription, next, this.#send);
    this.#feeds.set(subscription, feed);
    this.#waiting.push(feed);
    return { subscription, seq: next - 1 };
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
    this.#stop();
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }
}
