import type { AddressInfo, Socket } from 'node:net';
import websocket from '@fastify/websocket';
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type ReportInternal, RpcCounters } from './counters.ts';
import { Desk, type DeskOptions } from './desk.ts';
import { type Answer, Dispatcher } from './dispatcher.ts';
import type { ErrorType } from './error-codes.ts';
import { callerOf, HostGuard } from './http-guard.ts';
import { RPC_LIMITS } from './limits.ts';
import { allMethods } from './methods/all.ts';
import type { NodeApi } from './node-api.ts';
import { RpcError } from './rpc-error.ts';
import { serveSocket } from './socket.ts';
import { TokenGate, type TokenVerifier } from './tokens.ts';

export interface RpcOptions extends DeskOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tokens: TokenVerifier;
  /** Host names a client may use, besides loopback. */
  readonly hosts: readonly string[];
  /** Origins of web pages that may call, besides pages served from here. */
  readonly origins: readonly string[];
  /** Told of errors that clients see only as `internal`. */
  readonly onInternalError?: ReportInternal;
}

export interface RpcServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** What every route works with. */
interface Rooms {
  readonly desk: Desk;
  readonly dispatcher: Dispatcher;
  readonly gate: TokenGate;
  readonly counters: RpcCounters;
  readonly openRpc: string;
}

const STATUS: ReadonlyMap<ErrorType, number> = new Map([
  ['request.parse', 400],
  ['request.invalid', 400],
  ['auth.missing', 401],
  ['auth.forbidden', 403],
  ['request.too-large', 413],
  ['request.rate-limited', 429],
  ['network.busy', 429],
  ['internal', 500],
  ['node.not-ready', 503],
  ['storage.read-only', 503],
]);

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

/**
 * Serve JSON-RPC, the OpenRPC document, metrics and health over one port.
 * @throws what listening throws, EADDRINUSE among it
 */
export async function startRpc(api: NodeApi, options: RpcOptions): Promise<RpcServer> {
  const methods = allMethods(api.version);
  const desk = new Desk(api, options);
  const counters = new RpcCounters(options.onInternalError);
  const dispatcher = new Dispatcher(methods, desk, counters);
  const gate = new TokenGate(options.tokens, desk.nowMs);
  const openRpc = JSON.stringify(await methods.get('rpc.discover')?.handle({}, callerOf(gate, NOBODY), desk));
  const app = createApp(dispatcher);
  guard(app, options, dispatcher);
  await app.register(websocket, {
    options: { maxPayload: RPC_LIMITS.bodyBytesMax, perMessageDeflate: false, clientTracking: true },
    errorHandler: (_error, socket) => socket.terminate(),
  });
  addRoutes(app, { desk, dispatcher, gate, counters, openRpc });
  await app.listen({ host: options.host, port: options.port });
  const { port } = app.server.address() as AddressInfo;
  const name = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `http://${name}:${port}`, port, close: () => closeApp(app) };
}

const NOBODY = { authorization: undefined, address: '127.0.0.1' };

function createApp(dispatcher: Dispatcher): FastifyInstance {
  const app = fastify({
    clientErrorHandler: (error, socket) => refuseHttp(error, socket, dispatcher),
    frameworkErrors: (_error, _request, reply) => {
      const refused = new RpcError('request.invalid', { detail: 'not a usable address' });
      void (reply as FastifyReply).code(400).type('application/json').send(dispatcher.refuse(refused).text);
    },
    logger: false,
    bodyLimit: RPC_LIMITS.bodyBytesMax,
    requestTimeout: RPC_LIMITS.bodyTimeoutMs,
    keepAliveTimeout: RPC_LIMITS.keepAliveMs,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 64 },
    http: { headersTimeout: RPC_LIMITS.headersTimeoutMs, connectionsCheckingInterval: 2_000 },
  });
  app.server.maxConnections = RPC_LIMITS.connectionsMax;
  // Bodies stay bytes: the dispatcher caps and parses them, by one rule for all transports.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  return app;
}

/** Bytes that are no HTTP, or too slow or too large to be: refused in the same form, on the bare socket. */
function refuseHttp(error: Error & { code?: string }, socket: Socket, dispatcher: Dispatcher): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const isLarge = error.code === 'HPE_HEADER_OVERFLOW';
  const status = isLate ? '408 Request Timeout' : isLarge ? '431 Request Header Fields Too Large' : '400 Bad Request';
  const body = dispatcher.refuse(new RpcError('request.invalid', { detail: 'not HTTP' })).text ?? '';
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nConnection: close\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`, () => socket.destroy());
}

/** What is refused before any route sees it, and every failure of the framework as a JSON-RPC error. */
function guard(app: FastifyInstance, { host, hosts, origins }: RpcOptions, dispatcher: Dispatcher): void {
  const names = WILDCARDS.has(host) ? hosts : [...hosts, host.includes(':') ? `[${host}]` : host];
  const hostGuard = new HostGuard(names, origins);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store');
    hostGuard.check(request.headers);
  });
  app.addHook('onSend', async (_request, reply) => {
    const timer = setTimeout(() => reply.raw.destroy(), RPC_LIMITS.sendTimeoutMs);
    for (const end of ['finish', 'close'] as const) reply.raw.once(end, () => clearTimeout(timer));
  });
  // A refused upgrade is no request of the HTTP server any more, so nobody else would close its socket.
  app.addHook('onResponse', async (request) => {
    if (request.headers.upgrade !== undefined) request.raw.socket.end();
  });
  const sendRefusal = (reply: FastifyReply, error: RpcError, status: number) => {
    if (status >= 400 && status !== 404) reply.header('connection', 'close');
    return reply.code(status).type('application/json').send(dispatcher.refuse(error).text);
  };
  app.setErrorHandler((error: FastifyError | RpcError, _request, reply) => {
    const refused = error instanceof RpcError ? error : frameworkError(error);
    const status = error instanceof RpcError ? STATUS.get(error.type) : error.statusCode;
    return sendRefusal(reply, refused, status ?? 500);
  });
  app.setNotFoundHandler((_request, reply) => {
    const hint = 'POST / or /v1, WebSocket /v1/ws, GET /openrpc.json';
    return sendRefusal(reply, new RpcError('request.invalid', { detail: 'nothing here', hint }), 404);
  });
}

/** Fastify's own refusals by their status; its words stay inside. */
function frameworkError({ statusCode }: FastifyError): RpcError {
  if (statusCode === 413) return new RpcError('request.too-large');
  if (statusCode === 415)
    return new RpcError('request.invalid', { detail: 'the content type must be application/json' });
  return new RpcError(statusCode !== undefined && statusCode < 500 ? 'request.invalid' : 'internal');
}

function addRoutes(app: FastifyInstance, rooms: Rooms): void {
  const { desk, gate, counters } = rooms;
  const post = (request: FastifyRequest, reply: FastifyReply) => answerPost(request, reply, rooms);
  app.post('/', post);
  app.post('/v1', post);
  app.get('/openrpc.json', (request, reply) => {
    callerOf(gate, factsOf(request)).requireRead();
    return reply.type('application/json').send(rooms.openRpc);
  });
  app.get('/metrics', async (request, reply) => {
    callerOf(gate, factsOf(request)).requireRead();
    const text = await desk.api.metricsText();
    const joint = text === '' || text.endsWith('\n') ? '' : '\n';
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(`${text}${joint}${counters.text()}`);
  });
  app.get('/livez', (_request, reply) => reply.send({ live: true }));
  app.get('/readyz', (_request, reply) => {
    const { ready, writable, notReadyReason } = desk.api.status();
    if (ready && writable) return reply.send({ ready: true });
    const reason = writable ? (notReadyReason ?? 'not ready') : 'writes fail: disk or journal';
    return reply.code(503).send({ ready: false, reason });
  });
  app.get('/v1/ws', { websocket: true }, (socket, request) => {
    if (app.websocketServer.clients.size > RPC_LIMITS.socketsMax) return socket.close(1013, 'too many connections');
    serveSocket(socket, factsOf(request), rooms);
  });
}

function factsOf(request: FastifyRequest) {
  return { authorization: request.headers.authorization, address: request.socket.remoteAddress ?? '' };
}

async function answerPost(request: FastifyRequest, reply: FastifyReply, { dispatcher, gate }: Rooms) {
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    const refused = new RpcError('request.invalid', { detail: 'no content encoding is taken' });
    return reply.code(415).type('application/json').send(dispatcher.refuse(refused).text);
  }
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const answer: Answer = await dispatcher.answer(body, callerOf(gate, factsOf(request)));
  if (answer.text === undefined) return reply.code(204).send();
  const status = answer.error === undefined ? 200 : (STATUS.get(answer.error.type) ?? 200);
  return reply.code(status).type('application/json').send(answer.text);
}

async function closeApp(app: FastifyInstance): Promise<void> {
  for (const socket of app.websocketServer.clients) socket.terminate();
  await app.close();
}
