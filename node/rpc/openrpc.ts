import { z } from 'zod';
import { costOf } from './costs.ts';
import { ERRORS } from './error-codes.ts';
import { type Rate, type Rates, RPC_LIMITS, RPC_RATES } from './limits.ts';
import { type Caller, isForSockets, isRead, type Method, Rendered } from './method.ts';
import { COMMON_ERRORS, errorsOf } from './method-errors.ts';
import { EXAMPLES } from './openrpc-examples.ts';
import { includesScope } from './tokens.ts';

/** The OpenRPC document, from the very schemas that validate (https://spec.open-rpc.org). */
export function openRpcDocument(methods: readonly Method[], version: string, rates: Rates = RPC_RATES): object {
  return documentOf(methods.map(describeMethod), version, {
    'x-rates': { anonymous: units(rates.anonymous), token: units(rates.authenticated) },
  });
}

interface Entry {
  readonly method: Method;
  readonly full: Described;
  /** For who has no token. */
  readonly signed: Described;
}

/** The part of the document that a caller can use, and what it may spend. Every method is described once, when asked. */
export class Discovery {
  readonly #methods: readonly Method[];
  readonly #version: string;
  readonly #made = new Map<string, Rendered>();
  #entries: readonly Entry[] | undefined;

  constructor(methods: readonly Method[], version: string) {
    this.#methods = methods;
    this.#version = version;
  }

  /** Of the few kinds of callers there are, each document is made once. */
  for(caller: Caller): Rendered {
    const facts = {
      scope: caller.scope() ?? 'none',
      transport: caller.subscriber === undefined ? 'http' : 'websocket',
      rate: units(caller.rate),
    };
    const key = JSON.stringify(facts);
    const made = this.#made.get(key) ?? new Rendered(JSON.stringify(this.#document(caller, facts)));
    this.#made.set(key, made);
    return made;
  }

  #document(caller: Caller, facts: object): object {
    this.#entries ??= this.#methods.map(entryOf);
    const mayAct = includesScope(caller.scope(), 'operator');
    const shown = this.#entries.filter(({ method }) => isOpen(method, caller));
    const described = shown.map(({ method, full, signed }) => (method.scope === 'caller' && !mayAct ? signed : full));
    return documentOf(described, this.#version, { 'x-caller': facts });
  }
}

function entryOf(method: Method): Entry {
  const full = describeMethod(method);
  return { method, full, signed: withSignature(full) };
}

function isOpen(method: Method, caller: Caller): boolean {
  if (isForSockets(method)) return caller.subscriber !== undefined;
  const { scope } = method;
  return scope === undefined || scope === 'caller' || includesScope(caller.scope(), scope);
}

interface Param {
  readonly name: string;
  readonly required: boolean;
}

interface Described {
  readonly params: readonly Param[];
}

/** Without a token the signature is what lets a ballot in. */
function withSignature(described: Described): Described {
  const params = described.params.map((param) => (param.name === 'signature' ? { ...param, required: true } : param));
  return { ...described, params };
}

function documentOf(methods: readonly object[], version: string, extensions: object): object {
  return {
    openrpc: '1.3.2',
    info: {
      title: 'Waggle',
      version,
      description:
        'JSON-RPC 2.0 over POST / and /v1 (application/json) and WebSocket /v1/ws; reads also as GET /v1/<method>?<name>=<value>.',
      license: { name: 'MIT' },
    },
    servers: [{ name: 'this node', url: '/v1' }],
    methods,
    components: {
      errors: Object.fromEntries(
        Object.entries(ERRORS).map(([type, { code, meaning, hint, retryable }]) => [
          type,
          { code, message: meaning, data: { type, hint, retryable } },
        ]),
      ),
    },
    'x-limits': limits(),
    'x-scopes': {
      none: 'no token on loopback; any token from elsewhere',
      caller: 'operator, unless the params carry a signature',
      operator: 'a bearer token of scope operator or admin',
      admin: 'a bearer token of scope admin',
    },
    ...extensions,
  };
}

function describeMethod(method: Method): Described {
  const { name, summary, scope, params, result, heavy } = method;
  const fields = schemaOf(params, 'input');
  const required = new Set(fields.required);
  const described = {
    name,
    summary,
    paramStructure: 'either',
    params: Object.entries(fields.properties ?? {}).map(([field, schema]) => ({
      name: field,
      required: required.has(field),
      schema,
    })),
    result: { name: 'result', schema: schemaOf(result, 'output') },
    errors: [...errorsOf(method), ...COMMON_ERRORS].map((type) => ({ $ref: `#/components/errors/${type}` })),
    examples: examplesOf(name),
    'x-scope': scope ?? 'none',
    'x-cost': costOf(method),
    'x-transports': isForSockets(method) ? ['websocket'] : ['http', 'websocket', ...(isRead(method) ? ['get'] : [])],
    'x-limits': {
      ...(heavy ? { concurrentMax: RPC_LIMITS.heavyReadsMax } : {}),
      ...(Object.hasOwn(params.shape, 'cursor') ? { limitMax: RPC_LIMITS.pageMax } : {}),
    },
  };
  return described;
}

function examplesOf(method: string): object[] {
  const params = EXAMPLES.get(method);
  if (params === undefined) return [];
  return [{ name: method, params: Object.entries(params).map(([name, value]) => ({ name, value })) }];
}

interface JsonSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** OpenRPC is written against draft 7 of JSON Schema. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-7' });
  return rest as JsonSchema;
}

function units({ perS, burst }: Rate): object {
  return { unitsPerS: perS, unitsBurst: burst };
}

function limits(): object {
  const { bodyBytesMax, batchMax, depthMax, elementsMax, idBytesMax, answerBytesMax, pageMax } = RPC_LIMITS;
  const { headersTimeoutMs, bodyTimeoutMs, connectionsMax, socketsMax, subscriptionsMax } = RPC_LIMITS;
  return {
    bodyBytesMax,
    batchMax,
    depthMax,
    elementsMax,
    idBytesMax,
    answerBytesMax,
    pageMax,
    headersTimeoutMs,
    bodyTimeoutMs,
    connectionsMax,
    socketsMax,
    subscriptionsMax,
  };
}
