import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RpcError } from '../rpc-error.ts';
import { serveSocket } from '../socket.ts';
import { refuseBare } from './app.ts';
import { isKnown } from './freshness.ts';
import { SOCKET_PATH } from './guard.ts';
import { answerGet } from './mirror.ts';
import { callerIn, factsOf, type Rooms } from './rooms.ts';
import { headersOf, statusOfCall } from './status.ts';

const READS = ['GET', 'HEAD'] as const;
/** Of the whole document, and of all metrics. */
const PAGE_UNITS = 20;
const LONG = 65_536;
const CLOSE_TRY_LATER = 1013;

export function addRoutes(app: FastifyInstance, rooms: Rooms): void {
  const post = (request: FastifyRequest, reply: FastifyReply) => answerPost(request, reply, rooms);
  app.post('/', post);
  app.post('/v1', post);
  app.route({ method: [...READS], url: '/v1/:method', handler: (request, reply) => answerGet(request, reply, rooms) });
  app.post('/v1/:method', (request, reply) => {
    const { method } = request.params as { readonly method: string };
    return rooms.methods.has(method) ? post(request, reply) : reply.callNotFound();
  });
  addSocket(app, rooms);
  addPages(app, rooms);
}

async function answerPost(request: FastifyRequest, reply: FastifyReply, rooms: Rooms): Promise<FastifyReply> {
  const { dispatcher } = rooms;
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    const refused = new RpcError('request.invalid', { detail: 'no content encoding is taken' });
    return reply.code(415).type('application/json').send(dispatcher.refuse(refused).text);
  }
  const body = request.body instanceof Uint8Array ? request.body : new Uint8Array();
  const { text, error } = await dispatcher.answer(body, callerIn(rooms, request));
  if (text === undefined) return reply.code(204).send();
  if (error !== undefined) reply.code(statusOfCall(error)).headers(headersOf(error));
  // A long text would be gone through again for its length, its cap and the wire.
  return reply.type('application/json').send(text.length > LONG ? Buffer.from(text) : text);
}

function addSocket(app: FastifyInstance, rooms: Rooms): void {
  const { counters, dispatcher, limits, sockets } = rooms;
  app.route({
    method: 'GET',
    url: SOCKET_PATH,
    handler: (_request, reply) => {
      const refused = new RpcError('request.invalid', { detail: 'only as WebSocket' });
      return reply
        .code(426)
        .header('upgrade', 'websocket')
        .type('application/json')
        .send(dispatcher.refuse(refused).text);
    },
    wsHandler: (socket, request) => {
      if (app.websocketServer.clients.size > limits.socketsMax) {
        counters.cut('sockets');
        return socket.close(CLOSE_TRY_LATER, 'too many connections');
      }
      sockets.add(socket, request.headers.authorization);
      serveSocket(socket, factsOf(request), rooms, request.raw.socket);
    },
  });
  app.websocketServer.on('wsClientError', (_error, socket) => {
    refuseBare(socket, dispatcher, 400, 'not a WebSocket handshake');
  });
}

function addPages(app: FastifyInstance, rooms: Rooms): void {
  const { desk, counters, openRpc } = rooms;
  const page = (url: string, handler: (request: FastifyRequest, reply: FastifyReply) => unknown) =>
    app.route({ method: [...READS], url, handler: async (request, reply) => handler(request, reply) });
  const ask = (request: FastifyRequest) => {
    const caller = callerIn(rooms, request);
    caller.spend(PAGE_UNITS);
    caller.requireRead();
  };
  page('/openrpc.json', (request, reply) => {
    ask(request);
    const { text, etag } = openRpc();
    reply.headers({ etag, 'cache-control': 'no-cache' });
    if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
    return reply.type('application/json').send(text);
  });
  page('/metrics', async (request, reply) => {
    ask(request);
    const text = await desk.api.metricsText();
    const joint = text === '' || text.endsWith('\n') ? '' : '\n';
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(`${text}${joint}${counters.text()}`);
  });
  page('/livez', (_request, reply) => reply.send({ live: true }));
  page('/readyz', (_request, reply) => {
    const { ready, writable, notReadyReason } = desk.api.status();
    if (ready && writable) return reply.send({ ready: true });
    const reason = writable ? (notReadyReason ?? 'not ready') : 'writes fail: disk or journal';
    return reply.code(503).send({ ready: false, reason });
  });
}
