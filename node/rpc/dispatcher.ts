import type { z } from 'zod';
import type { RpcCounters } from './counters.ts';
import type { Desk } from './desk.ts';
import { RPC_LIMITS } from './limits.ts';
import type { Caller, Method } from './method.ts';
import { type Parsed, parseJson } from './parse.ts';
import { Gate } from './queues.ts';
import { errorObject, RpcError, toRpcError } from './rpc-error.ts';

/** What goes back: nothing for notifications; the error apart when one single call failed. */
export interface Answer {
  readonly text: string | undefined;
  readonly error?: RpcError;
}

type Id = string | number | null;

/** Bytes that the answers of one request may still take. */
interface Budget {
  left: number;
}

/** JSON-RPC 2.0 to the letter, over any transport: bytes in, a text out (https://www.jsonrpc.org/specification). */
export class Dispatcher {
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #desk: Desk;
  readonly #counters: RpcCounters;
  readonly #heavy = new Gate(RPC_LIMITS.heavyReadsMax);
  #inFlight = 0;

  constructor(methods: ReadonlyMap<string, Method>, desk: Desk, counters: RpcCounters) {
    this.#methods = methods;
    this.#desk = desk;
    this.#counters = counters;
  }

  /** Never rejects: what is thrown becomes an error object, without internal text. */
  async answer(body: Uint8Array, caller: Caller): Promise<Answer> {
    const budget = { left: RPC_LIMITS.answerBytesMax };
    let parsed: Parsed;
    try {
      parsed = parseJson(body);
      if (Array.isArray(parsed.value)) checkBatch(parsed.value);
    } catch (error) {
      return this.refuse(toRpcError(error));
    }
    const { value, idSources } = parsed;
    if (!Array.isArray(value)) return await this.#one(value, idSources, caller, budget);
    const answers = await Promise.all(value.map((item) => this.#one(item, idSources, caller, budget)));
    const texts = answers.flatMap(({ text }) => text ?? []);
    return { text: texts.length === 0 ? undefined : `[${texts.join(',')}]` };
  }

  /** The answer to what is no request at all: id null. */
  refuse(error: RpcError): Answer {
    this.#counters.count(undefined, error.type);
    return { text: errorText(error, null), error };
  }

  async #one(value: unknown, idSources: Parsed['idSources'], caller: Caller, budget: Budget): Promise<Answer> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.refuse(new RpcError('request.invalid'));
    }
    const request = value as Readonly<Record<string, unknown>>;
    const id = readId(request, idSources);
    if (id === 'invalid') return this.refuse(new RpcError('request.invalid', { path: 'id' }));
    const { method, params } = request;
    const isCall = request.jsonrpc === '2.0' && typeof method === 'string' && isParams(request, params);
    if (!isCall) {
      const error = new RpcError('request.invalid');
      this.#counters.count(undefined, error.type);
      return { text: errorText(error, id?.value ?? null), error };
    }
    return await this.#answerCall(method, params, id, caller, budget);
  }

  async #answerCall(
    name: string,
    params: unknown,
    id: { readonly value: Id } | undefined,
    caller: Caller,
    budget: Budget,
  ): Promise<Answer> {
    const known = this.#methods.get(name);
    try {
      const result = await this.#call(known, params, caller);
      const json = JSON.stringify(result ?? null);
      this.#counters.count(known?.name, undefined);
      if (id === undefined) return { text: undefined };
      budget.left -= Buffer.byteLength(json);
      if (budget.left < 0) throw new RpcError('response.too-large');
      return { text: `{"jsonrpc":"2.0","result":${json},"id":${JSON.stringify(id.value)}}` };
    } catch (thrown) {
      const error = toRpcError(thrown);
      this.#counters.count(known?.name, error.type, error === thrown ? undefined : thrown);
      return id === undefined ? { text: undefined } : { text: errorText(error, id.value), error };
    }
  }

  async #call(method: Method | undefined, params: unknown, caller: Caller): Promise<unknown> {
    if (method === undefined) throw new RpcError('method.unknown');
    if (this.#inFlight >= RPC_LIMITS.inFlightMax) throw new RpcError('request.rate-limited', { retryAfterMs: 200 });
    this.#inFlight += 1;
    try {
      if (method.scope === 'operator' || method.scope === 'admin') caller.require(method.scope);
      else caller.requireRead();
      const given = readParams(method, params);
      const run = async () => await method.handle(given, caller, this.#desk);
      return await (method.heavy ? this.#heavy.run(run) : run());
    } finally {
      this.#inFlight -= 1;
    }
  }
}

function checkBatch(batch: readonly unknown[]): void {
  if (batch.length === 0) throw new RpcError('request.invalid', { detail: 'an empty batch' });
  if (batch.length > RPC_LIMITS.batchMax) {
    throw new RpcError('request.invalid', { detail: `more than ${RPC_LIMITS.batchMax} calls in a batch` });
  }
}

function isParams(request: object, params: unknown): boolean {
  return !Object.hasOwn(request, 'params') || (typeof params === 'object' && params !== null);
}

/** Absent for a notification. A number must come back with the digits it had (interface.md, JSON-RPC 2.0). */
function readId(
  request: Readonly<Record<string, unknown>>,
  idSources: Parsed['idSources'],
): { readonly value: Id } | 'invalid' | undefined {
  if (!Object.hasOwn(request, 'id')) return undefined;
  const value = request.id;
  if (value === null) return { value };
  if (typeof value === 'string') return Buffer.byteLength(value) <= RPC_LIMITS.idBytesMax ? { value } : 'invalid';
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return 'invalid';
  const source = idSources.get(request);
  return source === undefined || source === String(value) ? { value } : 'invalid';
}

/** By name or by position; by position null stands for a param that is left out. */
function readParams(method: Method, params: unknown): unknown {
  const named = Array.isArray(params) ? byPosition(method, params) : (params ?? {});
  const unknown = Object.keys(named).find((key) => !Object.hasOwn(method.params.shape, key));
  if (unknown !== undefined) throw new RpcError('params.invalid', { detail: 'no such param', path: unknown });
  const parsed = method.params.safeParse(named);
  if (parsed.success) return parsed.data;
  throw faultOf(method, parsed.error.issues[0]);
}

function byPosition(method: Method, params: readonly unknown[]): object {
  const names = Object.keys(method.params.shape);
  if (params.length > names.length) {
    throw new RpcError('params.invalid', { detail: 'too many', path: `[${names.length}]` });
  }
  const entries = params.map((value, at) => [names[at] ?? '', value] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

function faultOf(method: Method, issue: z.core.$ZodIssue | undefined): RpcError {
  if (issue === undefined) return new RpcError('params.invalid');
  const { message } = issue;
  const inner = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...inner];
  return new RpcError(method.faultType?.(path) ?? 'params.invalid', { detail: message, path: pathText(path) });
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}

function errorText(error: RpcError, id: Id): string {
  return JSON.stringify({ jsonrpc: '2.0', error: errorObject(error), id });
}
