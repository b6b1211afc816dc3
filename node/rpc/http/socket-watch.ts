import type { WebSocket } from '@fastify/websocket';
import type { RpcCounters } from '../counters.ts';
import { bearerOf } from '../http-guard.ts';
import type { DoorLimits } from '../limits.ts';
import type { TokenGate } from '../tokens.ts';

const CLOSE_POLICY = 1008;

interface Watched {
  /** It carried a token of this node when it opened. */
  readonly token: string | undefined;
  hasAnswered: boolean;
}

/**
 * Connections that are gone without a word, and those whose token was taken back. The calls of the latter are refused at
 * once; what they subscribed to ends here.
 */
export class SocketWatch {
  readonly #gate: TokenGate;
  readonly #counters: RpcCounters;
  readonly #watched = new Map<WebSocket, Watched>();
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(gate: TokenGate, counters: RpcCounters, { pingMs, tokenCheckMs }: DoorLimits) {
    this.#gate = gate;
    this.#counters = counters;
    this.#timers = [setInterval(() => this.#ping(), pingMs), setInterval(() => this.#checkTokens(), tokenCheckMs)];
    for (const timer of this.#timers) timer.unref();
  }

  get size(): number {
    return this.#watched.size;
  }

  add(socket: WebSocket, authorization: string | undefined): void {
    const token = bearerOf(authorization);
    const isKnown = token !== undefined && this.#gate.knows(token);
    const watched: Watched = { token: isKnown ? token : undefined, hasAnswered: true };
    this.#watched.set(socket, watched);
    socket.on('pong', () => {
      watched.hasAnswered = true;
    });
    socket.on('close', () => this.#watched.delete(socket));
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #ping(): void {
    for (const [socket, watched] of this.#watched) {
      if (!watched.hasAnswered) {
        this.#counters.cut('no-pong');
        socket.terminate();
      } else {
        watched.hasAnswered = false;
        socket.ping(undefined, false, () => undefined);
      }
    }
  }

  #checkTokens(): void {
    for (const [socket, { token }] of this.#watched) {
      if (token !== undefined && !this.#gate.knows(token))
        socket.close(CLOSE_POLICY, 'the token is not valid any more');
    }
  }
}
