import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Dispatcher } from '../dispatcher.ts';
import { type DoorLimits, RPC_LIMITS } from '../limits.ts';
import { RpcError } from '../rpc-error.ts';

/** How often connections are looked at that are too slow: no later than this after their time. */
const SLOW_CHECK_MS = 2_000;
const REQUEST_LATE = 'ERR_HTTP_REQUEST_TIMEOUT';
const HEADERS_LARGE = 'HPE_HEADER_OVERFLOW';

/** The HTTP server with its limits, its own words nowhere: every refusal is a JSON-RPC error. */
export function createApp(dispatcher: Dispatcher, limits: DoorLimits): FastifyInstance {
  const app = fastify({
    clientErrorHandler: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
      const status = error.code === REQUEST_LATE ? 408 : error.code === HEADERS_LARGE ? 431 : 400;
      refuseBare(socket, dispatcher, status, 'not HTTP, or too slow');
    },
    frameworkErrors: (_error, _request, reply) => {
      const refused = new RpcError('request.invalid', { detail: 'not a usable address' });
      void (reply as FastifyReply).code(400).type('application/json').send(dispatcher.refuse(refused).text);
    },
    logger: false,
    bodyLimit: RPC_LIMITS.bodyBytesMax,
    requestTimeout: limits.bodyTimeoutMs,
    keepAliveTimeout: limits.keepAliveMs,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 64 },
    http: {
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: Math.min(SLOW_CHECK_MS, limits.headersTimeoutMs),
      // The guard says so, in the form of all refusals.
      requireHostHeader: false,
      // Another protocol is offered, not demanded (RFC 9110, 7.8): such a request is a plain one.
      shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === 'websocket',
    },
  });
  app.server.maxConnections = limits.connectionsMax;
  // Bodies stay bytes: the dispatcher caps and parses them, by one rule for all transports.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  return app;
}

/** Bytes that are no HTTP, or too slow or too large to be: refused in the same form, on the bare socket. */
export function refuseBare(socket: Duplex, dispatcher: Dispatcher, status: number, detail: string): void {
  const body = dispatcher.refuse(new RpcError('request.invalid', { detail })).text ?? '';
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Content-Type: application/json',
    'Connection: close',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
