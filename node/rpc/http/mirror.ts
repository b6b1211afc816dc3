import type { FastifyReply, FastifyRequest } from 'fastify';
import { COST_MIN } from '../costs.ts';
import { meantName } from '../fault-text.ts';
import { RPC_LIMITS } from '../limits.ts';
import { isRead, type Method } from '../method.ts';
import { RpcError, toRpcError } from '../rpc-error.ts';
import { type JsonSchema, jsonSchemaOf } from '../schema-words.ts';
import { type Freshness, freshnessAfter, freshnessBefore, isKnown } from './freshness.ts';
import { PROBLEM_TYPE, problemOf } from './problem.ts';
import { paramsOf } from './query.ts';
import { callerIn, type Rooms } from './rooms.ts';
import { headersOf, statusOfRead } from './status.ts';

/** Reads may be asked for by a URL too, for browsers, caches and curl: `GET /v1/session_get?space=core&session=0001`. */
export async function answerGet(request: FastifyRequest, reply: FastifyReply, rooms: Rooms): Promise<FastifyReply> {
  const { method: name } = request.params as { readonly method: string };
  const method = rooms.methods.get(name);
  if (method === undefined) return sendProblem(reply, unknownMethod(name, rooms));
  // A write has no GET: the answer says how it is called.
  if (!isRead(method)) {
    reply.callNotFound();
    return reply;
  }
  try {
    return await answerRead(method, request, reply, rooms);
  } catch (error) {
    return sendProblem(reply, toRpcError(error));
  }
}

function unknownMethod(name: string, { methods, counters }: Rooms): RpcError {
  const error = new RpcError('method.unknown', meantName(name, [...methods.keys()]));
  counters.count(undefined, error.type);
  return error;
}

async function answerRead(method: Method, request: FastifyRequest, reply: FastifyReply, rooms: Rooms) {
  const { desk, dispatcher, counters } = rooms;
  const caller = callerIn(rooms, request);
  const known = request.headers['if-none-match'];
  const before = freshnessBefore(method.name, desk);
  if (before !== undefined && isKnown(known, before.etag)) {
    caller.spend(COST_MIN);
    caller.requireRead();
    counters.count(method.name, undefined);
    return sendUnchanged(reply, before);
  }
  const params = paramsOf(request.raw.url ?? '', schemaOf(method));
  const outcome = await dispatcher.calls.run(method, params, caller);
  if ('error' in outcome) return sendProblem(reply, outcome.error);
  const { json } = outcome;
  if (Buffer.byteLength(json) > RPC_LIMITS.answerBytesMax) throw new RpcError('response.too-large');
  const freshness = freshnessAfter(method.name, params, json, desk, before);
  if (isKnown(known, freshness.etag)) return sendUnchanged(reply, freshness);
  return tagged(reply, freshness).type('application/json').send(json);
}

const SCHEMAS = new WeakMap<Method, JsonSchema>();

function schemaOf(method: Method): JsonSchema {
  const schema = SCHEMAS.get(method) ?? jsonSchemaOf(method.params, 'input');
  SCHEMAS.set(method, schema);
  return schema;
}

function tagged(reply: FastifyReply, { etag, cacheControl }: Freshness): FastifyReply {
  return reply.header('etag', etag).header('cache-control', cacheControl);
}

function sendUnchanged(reply: FastifyReply, freshness: Freshness): FastifyReply {
  return tagged(reply, freshness).code(304).send();
}

/** An error of a GET, as RFC 9457 has it. */
export function sendProblem(reply: FastifyReply, error: RpcError, status = statusOfRead(error)): FastifyReply {
  return reply
    .code(status)
    .headers(headersOf(error))
    .type(PROBLEM_TYPE)
    .send(JSON.stringify(problemOf(error, status)));
}
