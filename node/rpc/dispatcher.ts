import { Batches } from './batches.ts';
import { Calls, type Outcome } from './calls.ts';
import { COST_MIN } from './costs.ts';
import type { RpcCounters } from './counters.ts';
import type { Desk } from './desk.ts';
import { meantName } from './fault-text.ts';
import { RPC_LIMITS } from './limits.ts';
import type { Caller, Method } from './method.ts';
import { type Parsed, parseJson } from './parse.ts';
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
  /** The same calls under other envelopes count and wait together with these. */
  readonly calls: Calls;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #counters: RpcCounters;
  readonly #batches = new Batches();

  constructor(methods: ReadonlyMap<string, Method>, desk: Desk, counters: RpcCounters) {
    this.calls = new Calls(desk, counters);
    this.#methods = methods;
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
    const call = (one: unknown, done: (answer: Answer) => void) => this.#one(one, idSources, caller, budget, done);
    if (!Array.isArray(value)) return await new Promise<Answer>((done) => call(value, done));
    if (!this.#batches.hasRoom(body.length)) {
      return this.refuse(new RpcError('network.busy', { detail: 'too many batches wait', retryAfterMs: 200 }));
    }
    const texts = await this.#batches.run(value, (one, done) => call(one, ({ text }) => done(text)), body.length);
    const given = texts.filter((text) => text !== undefined);
    return { text: given.length === 0 ? undefined : `[${given.join(',')}]` };
  }

  /** The answer to what is no request at all: id null. */
  refuse(error: RpcError): Answer {
    this.#counters.count(undefined, error.type);
    return { text: errorText(error, null), error };
  }

  #one(
    value: unknown,
    idSources: Parsed['idSources'],
    caller: Caller,
    budget: Budget,
    done: (answer: Answer) => void,
  ): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      done(this.refuse(new RpcError('request.invalid')));
      return;
    }
    const request = value as Readonly<Record<string, unknown>>;
    const id = readId(request, idSources);
    const { method: name, params } = request;
    if (id === 'invalid') done(this.refuse(new RpcError('request.invalid', { path: 'id' })));
    else if (request.jsonrpc !== '2.0' || typeof name !== 'string' || !isParams(request, params)) {
      const error = new RpcError('request.invalid');
      this.#counters.count(undefined, error.type);
      done({ text: errorText(error, id?.value ?? null), error });
    } else {
      const method = this.#methods.get(name);
      const answer = (outcome: Outcome) => done(this.#answerOf(name, id, outcome, budget));
      if (method === undefined) answer(this.#unknown(name, caller));
      else this.calls.start(method, params, caller, answer);
    }
  }

  #answerOf(name: string, id: { readonly value: Id } | undefined, outcome: Outcome, budget: Budget): Answer {
    if (id === undefined) return { text: undefined };
    if ('error' in outcome) return { text: errorText(outcome.error, id.value), error: outcome.error };
    budget.left -= Buffer.byteLength(outcome.json);
    if (budget.left >= 0)
      return { text: `{"jsonrpc":"2.0","result":${outcome.json},"id":${JSON.stringify(id.value)}}` };
    const error = new RpcError('response.too-large');
    this.#counters.count(name, error.type);
    return { text: errorText(error, id.value), error };
  }

  #unknown(name: string, caller: Caller): { readonly error: RpcError } {
    let error = new RpcError('method.unknown', meantName(name, [...this.#methods.keys()]));
    try {
      caller.spend(COST_MIN);
    } catch (thrown) {
      error = toRpcError(thrown);
    }
    this.#counters.count(undefined, error.type);
    return { error };
  }
}

function checkBatch(batch: readonly unknown[]): void {
  if (batch.length === 0) throw new RpcError('request.invalid', { detail: 'an empty batch' });
  if (batch.length > RPC_LIMITS.batchMax) {
    throw new RpcError('request.invalid', { detail: `more than ${RPC_LIMITS.batchMax} calls in a batch` });
  }
}

function isParams(request: object, params: unknown): params is object | undefined {
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

function errorText(error: RpcError, id: Id): string {
  return JSON.stringify({ jsonrpc: '2.0', error: errorObject(error), id });
}
