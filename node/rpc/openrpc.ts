import { z } from 'zod';
import { ERRORS } from './error-codes.ts';
import { RPC_LIMITS } from './limits.ts';
import type { Method } from './method.ts';

/** The OpenRPC document, from the very schemas that validate (https://spec.open-rpc.org). Made once at start. */
export function openRpcDocument(methods: readonly Method[], version: string): object {
  return {
    openrpc: '1.3.2',
    info: {
      title: 'Waggle',
      version,
      description: 'JSON-RPC 2.0 over POST / and /v1 (application/json) and WebSocket /v1/ws.',
    },
    methods: methods.map(describeMethod),
    components: {
      errors: Object.fromEntries(Object.entries(ERRORS).map(([type, error]) => [type, { ...error, type }])),
    },
    'x-limits': limits(),
    'x-scopes': {
      none: 'no token on loopback; any token from elsewhere',
      caller: 'operator, unless the params carry a signature',
      operator: 'a bearer token of scope operator or admin',
      admin: 'a bearer token of scope admin',
    },
  };
}

function describeMethod({ name, summary, scope, params, result, heavy }: Method): object {
  const fields = schemaOf(params, 'input');
  const required = new Set(fields.required);
  return {
    name,
    summary,
    paramStructure: 'either',
    params: Object.entries(fields.properties ?? {}).map(([field, schema]) => ({
      name: field,
      required: required.has(field),
      schema,
    })),
    result: { name: 'result', schema: schemaOf(result, 'output') },
    'x-scope': scope ?? 'none',
    'x-limits': {
      ...(heavy ? { concurrentMax: RPC_LIMITS.heavyReadsMax } : {}),
      ...(Object.hasOwn(params.shape, 'cursor') ? { limitMax: RPC_LIMITS.pageMax } : {}),
    },
  };
}

interface JsonSchema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest as JsonSchema;
}

function limits(): object {
  const { bodyBytesMax, batchMax, depthMax, elementsMax, idBytesMax, answerBytesMax, pageMax } = RPC_LIMITS;
  const { headersTimeoutMs, bodyTimeoutMs } = RPC_LIMITS;
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
  };
}
