import type { Duplex } from 'node:stream';
import type { WebSocket } from '@fastify/websocket';
import type { Dispatcher } from './dispatcher.ts';
import { type FeedRoom, Feeds } from './feeds/feeds.ts';
import type { UnsentBytes } from './http/unsent.ts';
import { type CallerFacts, callerOf } from './http-guard.ts';
import { RPC_LIMITS } from './limits.ts';
import { RpcError } from './rpc-error.ts';
import type { TokenGate } from './tokens.ts';

const CLOSE_TOO_SLOW = 1008;
const CLOSE_UNSUPPORTED = 1003;
/** As many as may be under way are far below what a connection may have unsent. */
const GATHERED_LENGTH_MAX = 4_096;

interface SocketRooms {
  readonly feeds: FeedRoom;
  readonly dispatcher: Dispatcher;
  readonly gate: TokenGate;
  /** Answers that wait for slow readers, of all connections. */
  readonly unsent: UnsentBytes;
}

/** Serve one WebSocket over its wire: the same dispatcher as over HTTP, and what it subscribed to. */
export function serveSocket(
  socket: WebSocket,
  facts: Omit<CallerFacts, 'subscriber'>,
  { feeds: room, dispatcher, gate, unsent }: SocketRooms,
  wire: Pick<Duplex, 'cork' | 'uncork'>,
): void {
  const feeds = new Feeds(room, (frame) => sendFrame(socket, frame));
  const gather = gatherer(wire);
  let inFlight = 0;
  const reply = (text: string | undefined) => {
    if (text === undefined || socket.readyState !== socket.OPEN) return;
    const isSlow = socket.bufferedAmount > RPC_LIMITS.socketBufferedBytesMax;
    const release = isSlow ? undefined : unsent.take(Buffer.byteLength(text));
    if (release === undefined) socket.close(CLOSE_TOO_SLOW, 'reads too slowly');
    else {
      gather(text.length);
      socket.send(text, release);
    }
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

/**
 * Small answers leave in one write when nothing is left to do in this breath: a block makes many ballots of one
 * connection final at once, and each write costs more than the answer. A large one waits for nobody: what is gathered
 * counts as unsent, and must not make a quick reader look slow.
 */
function gatherer(wire: Pick<Duplex, 'cork' | 'uncork'>): (length: number) => void {
  let isCorked = false;
  const release = () => {
    if (isCorked) wire.uncork();
    isCorked = false;
  };
  return (length) => {
    if (length > GATHERED_LENGTH_MAX) release();
    else if (!isCorked) {
      isCorked = true;
      wire.cork();
      process.nextTick(release);
    }
  };
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
