import { hash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';
import { type ReportInternal, RpcCounters } from './counters.ts';
import { Desk, type DeskOptions } from './desk.ts';
import { Dispatcher } from './dispatcher.ts';
import { Alerts } from './feeds/alerts.ts';
import { FeedRoom } from './feeds/feeds.ts';
import { createApp } from './http/app.ts';
import { addGuard } from './http/guard.ts';
import type { Page, Rooms } from './http/rooms.ts';
import { addRoutes } from './http/routes.ts';
import { SocketWatch } from './http/socket-watch.ts';
import { UnsentBytes } from './http/unsent.ts';
import { HostGuard } from './http-guard.ts';
import { type DoorLimits, doorLimits, type Rates, RPC_LIMITS } from './limits.ts';
import { allMethods } from './methods/all.ts';
import type { NodeApi } from './node-api.ts';
import { openRpcDocument } from './openrpc.ts';
import { TokenGate, type TokenVerifier } from './tokens.ts';

export interface RpcOptions extends DeskOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Asked for every call, so that a token taken back is dead at once. */
  readonly tokens: TokenVerifier;
  /** Host names a client may use, besides loopback. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may call, besides pages served from here. */
  readonly origins: readonly string[];
  /** Told of errors that clients see only as `internal`. */
  readonly onInternalError?: ReportInternal;
  /** What callers may spend. */
  readonly rates?: Rates;
  /** Waits and caps of the transport. */
  readonly limits?: Partial<DoorLimits>;
  /** Milliseconds that never go back. */
  readonly monotonicMs?: () => number;
}

export interface RpcServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/**
 * Serve JSON-RPC, reads by URL, the OpenRPC document, metrics and health over one port.
 * @throws what listening throws, EADDRINUSE among it
 */
export async function startRpc(api: NodeApi, options: RpcOptions): Promise<RpcServer> {
  const rooms = createRooms(api, options);
  const app = createApp(rooms.dispatcher, rooms.limits);
  const { host, hosts, origins } = options;
  const name = host.includes(':') ? `[${host}]` : host;
  addGuard(app, new HostGuard(WILDCARDS.has(host) ? hosts : [...hosts, name], origins), rooms);
  await app.register(websocket, {
    options: { maxPayload: RPC_LIMITS.bodyBytesMax, perMessageDeflate: false, clientTracking: true },
    errorHandler: (_error, socket) => socket.terminate(),
  });
  addRoutes(app, rooms);
  app.server.on('drop', () => rooms.counters.cut('connections'));
  await app.listen({ host, port: options.port });
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://${name}:${port}`, port, close: () => close(app, rooms) };
}

function createRooms(api: NodeApi, options: RpcOptions): Rooms {
  const methods = allMethods(api.version);
  const desk = new Desk(api, options);
  const counters = new RpcCounters(options.onInternalError);
  const limits = doorLimits(options.limits);
  const gate = new TokenGate(options.tokens, desk.nowMs, options.rates, options.monotonicMs);
  return {
    methods,
    desk,
    counters,
    limits,
    gate,
    dispatcher: new Dispatcher(methods, desk, counters),
    sockets: new SocketWatch(gate, counters, limits),
    unsent: new UnsentBytes(limits.unsentBytesMax),
    feeds: new FeedRoom(desk, new Alerts(api, desk.nowMs)),
    openRpc: once(() => pageOf(openRpcDocument([...methods.values()], api.version, options.rates))),
  };
}

/** Few ask for the document, and it takes longer to make than all else of this room. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

function pageOf(document: object): Page {
  const text = JSON.stringify(document);
  return { text, etag: `"${hash('sha256', text, 'base64url').slice(0, 22)}"` };
}

async function close(app: FastifyInstance, { sockets, feeds }: Rooms): Promise<void> {
  sockets.close();
  feeds.close();
  for (const socket of app.websocketServer.clients) socket.terminate();
  await app.close();
}
