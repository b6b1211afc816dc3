import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Deadlines } from '../deadlines.ts';
import type { Dispatcher } from '../dispatcher.ts';
import type { HostGuard } from '../http-guard.ts';
import { isRead, type Method } from '../method.ts';
import { RpcError } from '../rpc-error.ts';
import { sendProblem } from './mirror.ts';
import type { Rooms } from './rooms.ts';
import { headersOf, statusOfCall } from './status.ts';

export const SOCKET_PATH = '/v1/ws';
const MIRROR_PATH = '/v1/';
const PREFLIGHT_S = 600;

/** What is refused before any route sees it, and every failure of the framework as a JSON-RPC error. */
export function addGuard(app: FastifyInstance, hostGuard: HostGuard, rooms: Rooms): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', vary: 'Origin, Authorization' });
    hostGuard.check(request.headers, request.raw.url);
    allowOrigin(request, reply);
    if (request.headers.upgrade?.toLowerCase() === 'websocket' && pathOf(request) !== SOCKET_PATH) {
      throw new RpcError('request.invalid', { detail: 'no WebSocket here', hint: `WebSocket is at ${SOCKET_PATH}` });
    }
    done();
  });
  capUnsent(app, rooms);
  // A refused upgrade is no request of the HTTP server any more, so nobody else would close its socket.
  app.addHook('onResponse', (request, _reply, done) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') request.raw.socket.end();
    done();
  });
  app.setErrorHandler((error: FastifyError | RpcError, request, reply) => {
    const refused = error instanceof RpcError ? error : frameworkError(error);
    if (isMirrored(request)) return sendProblem(reply, refused);
    const status = error instanceof RpcError ? statusOfCall(error) : error.statusCode;
    return sendRefusal(reply, rooms.dispatcher, refused, status ?? 500);
  });
  app.setNotFoundHandler((request, reply) => answerNowhere(request, reply, rooms));
}

/** What waits for slow readers is bounded in time and, all together, in bytes. */
function capUnsent(app: FastifyInstance, { counters, dispatcher, limits, unsent }: Rooms): void {
  const deadlines = new Deadlines(limits.sendTimeoutMs);
  app.addHook('onSend', (_request, reply, payload, done) => {
    // Its client left before the answer: `close` was said already and is not said again.
    if (reply.raw.closed) {
      done(null, payload);
      return;
    }
    const release = unsent.take(sizeBytesOf(payload));
    const deadline = deadlines.start(() => {
      counters.cut('slow-reader');
      reply.raw.destroy();
      // On some releases of Node an answer that stood behind another one of a connection that ended is never closed.
      release?.();
    });
    // After the last byte went out, too.
    reply.raw.once('close', () => {
      deadlines.callOff(deadline);
      release?.();
    });
    if (release !== undefined) {
      done(null, payload);
      return;
    }
    const busy = new RpcError('network.busy', {
      detail: 'too many answers wait for slow readers',
      retryAfterMs: 1_000,
    });
    reply.code(429).headers(headersOf(busy)).removeHeader('content-length');
    done(null, dispatcher.refuse(busy).text);
  });
}

function sizeBytesOf(payload: unknown): number {
  if (typeof payload === 'string') return Buffer.byteLength(payload);
  return payload instanceof Uint8Array ? payload.length : 0;
}

/** The guard let this origin pass, so its page may read the answer; no other may. */
function allowOrigin({ headers }: FastifyRequest, reply: FastifyReply): void {
  if (headers.origin === undefined) return;
  reply.header('access-control-allow-origin', headers.origin);
  reply.header('access-control-expose-headers', 'etag, retry-after');
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?')[0] ?? '';
}

function isMirrored(request: FastifyRequest): boolean {
  const path = pathOf(request);
  return (
    (request.method === 'GET' || request.method === 'HEAD') && path.startsWith(MIRROR_PATH) && path !== SOCKET_PATH
  );
}

function sendRefusal(reply: FastifyReply, dispatcher: Dispatcher, error: RpcError, status: number): FastifyReply {
  if (status >= 400 && status !== 404) reply.header('connection', 'close');
  return reply.code(status).headers(headersOf(error)).type('application/json').send(dispatcher.refuse(error).text);
}

/** A path that is not here, or not for this method. */
function answerNowhere(request: FastifyRequest, reply: FastifyReply, { dispatcher, methods }: Rooms): FastifyReply {
  const allowed = allowedAt(pathOf(request), methods);
  if (allowed === undefined) {
    const hint = `POST / or /v1, WebSocket ${SOCKET_PATH}, GET /v1/<method of a read>, GET /openrpc.json`;
    return sendRefusal(reply, dispatcher, new RpcError('request.invalid', { detail: 'nothing here', hint }), 404);
  }
  reply.header('allow', allowed.join(', '));
  if (request.method === 'OPTIONS') return answerOptions(reply, allowed);
  const hint = allowed.includes('POST') ? 'POST a JSON-RPC request' : 'GET it';
  const error = new RpcError('request.invalid', { detail: `${request.method} is not for this path`, hint });
  return isMirrored(request) ? sendProblem(reply, error, 405) : sendRefusal(reply, dispatcher, error, 405);
}

function answerOptions(reply: FastifyReply, allowed: readonly string[]): FastifyReply {
  if (reply.hasHeader('access-control-allow-origin')) {
    reply.header('access-control-allow-methods', allowed.join(', '));
    reply.header('access-control-allow-headers', 'authorization, content-type, if-none-match');
    reply.header('access-control-max-age', String(PREFLIGHT_S));
  }
  return reply.code(204).send();
}

const READ_METHODS = ['GET', 'HEAD'];
const PATHS: ReadonlyMap<string, readonly string[]> = new Map([
  ['/', ['POST']],
  ['/v1', ['POST']],
  [SOCKET_PATH, ['GET']],
  ...['/openrpc.json', '/metrics', '/livez', '/readyz'].map((path) => [path, READ_METHODS] as const),
]);

function allowedAt(path: string, methods: ReadonlyMap<string, Method>): readonly string[] | undefined {
  const known = PATHS.get(path);
  if (known !== undefined || !path.startsWith(MIRROR_PATH)) return known;
  const method = methods.get(path.slice(MIRROR_PATH.length));
  if (method === undefined) return undefined;
  return isRead(method) ? [...READ_METHODS, 'POST'] : ['POST'];
}

/** Fastify's own refusals by their status; its words stay inside. */
function frameworkError({ statusCode }: FastifyError): RpcError {
  if (statusCode === 413) return new RpcError('request.too-large');
  if (statusCode === 415)
    return new RpcError('request.invalid', { detail: 'the content type must be application/json' });
  return new RpcError(statusCode !== undefined && statusCode < 500 ? 'request.invalid' : 'internal');
}
