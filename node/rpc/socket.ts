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

interface SocketRooms {
  readonly feeds: FeedRoom;
  readonly dispatcher: Dispatcher;
  readonly gate: TokenGate;
  /** Answers that wait for slow readers, of all connections. */
  readonly unsent: UnsentBytes;
}

/** Serve one WebSocket: the same dispatcher as over HTTP, and what it subscribed to. */
export function serveSocket(
  socket: WebSocket,
  facts: Omit<CallerFacts, 'subscriber'>,
  { feeds: room, dispatcher, gate, unsent }: SocketRooms,
): void {
  const feeds = new Feeds(room, (frame) => sendFrame(socket, frame));
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
