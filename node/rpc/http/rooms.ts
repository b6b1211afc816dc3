import type { FastifyRequest } from 'fastify';
import type { RpcCounters } from '../counters.ts';
import type { Desk } from '../desk.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { FeedRoom } from '../feeds/feeds.ts';
import { callerOf } from '../http-guard.ts';
import type { DoorLimits } from '../limits.ts';
import type { Caller, Method } from '../method.ts';
import type { TokenGate } from '../tokens.ts';
import type { SocketWatch } from './socket-watch.ts';
import type { UnsentBytes } from './unsent.ts';

/** A text and what it is known by. */
export interface Page {
  readonly text: string;
  readonly etag: string;
}

/** What every route works with. */
export interface Rooms {
  readonly methods: ReadonlyMap<string, Method>;
  readonly desk: Desk;
  readonly dispatcher: Dispatcher;
  readonly gate: TokenGate;
  readonly counters: RpcCounters;
  readonly limits: DoorLimits;
  readonly sockets: SocketWatch;
  readonly unsent: UnsentBytes;
  readonly feeds: FeedRoom;
  /** The whole document as JSON. */
  readonly openRpc: () => Page;
}

export function factsOf({ headers, socket }: FastifyRequest) {
  const isGone = () => socket.destroyed;
  return { authorization: headers.authorization, address: socket.remoteAddress ?? '', isGone };
}

export function callerIn({ gate }: Rooms, request: FastifyRequest): Caller {
  return callerOf(gate, factsOf(request));
}
