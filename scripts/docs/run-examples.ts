import { RpcCounters } from '../../node/rpc/counters.ts';
import { Desk } from '../../node/rpc/desk.ts';
import { Dispatcher } from '../../node/rpc/dispatcher.ts';
import { RPC_RATES } from '../../node/rpc/limits.ts';
import type { Caller, Method } from '../../node/rpc/method.ts';
import { FakeNodeApi } from '../../node/test/harness/fake-node-api.ts';
import { encodeSignedOperation, signOperation } from '../../protocol/governance/operation.ts';
import { paramsProposeBody } from '../../protocol/governance/operations/network-change.ts';
import { toHex } from '../../protocol/hex.ts';
import { EXAMPLES, type Example } from './rpc-examples.ts';

/** A request as it is typed, and its answer as it is shown. */
export interface Shown {
  readonly request: object;
  readonly answer: object;
  /** The whole result, to be held against the schema of the method. */
  readonly result: unknown;
}

/** The clock of a page must stand still. */
const MEASURED: ReadonlyMap<string, unknown> = new Map([['finalMs', 12]]);
const TEXT_MAX = 66;
const LIST_MAX = 3;

/** May do everything, over a WebSocket that sends nowhere. */
const CALLER: Caller = {
  isGone: () => false,
  scope: () => 'admin',
  spend: () => undefined,
  rate: RPC_RATES.authenticated,
  requireRead: () => undefined,
  require: () => undefined,
  subscriber: { subscribe: () => ({ subscription: 'head-1', seq: 2 }), unsubscribe: () => true },
};

/**
 * Run the examples on a node of one without a socket, by the dispatcher that serves the real ones.
 * @throws Error for an example that is refused
 */
export async function runExamples(methods: ReadonlyMap<string, Method>): Promise<Map<string, Shown>> {
  const api = new FakeNodeApi();
  const desk = new Desk(api, { timing: { settleMs: 0, finalMs: 5_000 }, nowMs: () => api.nowMs });
  const dispatcher = new Dispatcher(methods, desk, new RpcCounters());
  const shown = new Map<string, Shown>();
  const known = new Map<string, string>();
  for (const [at, example] of EXAMPLES.entries()) {
    const params = filledIn(example.params, known);
    const request = { jsonrpc: '2.0', id: at + 1, method: example.method, ...(params === undefined ? {} : { params }) };
    const { text } = await dispatcher.answer(new TextEncoder().encode(JSON.stringify(request)), CALLER);
    const answer = JSON.parse(text ?? '{}') as { readonly result?: unknown; readonly error?: object };
    if (answer.error !== undefined) throw new Error(`example ${example.method}: ${JSON.stringify(answer.error)}`);
    remember(known, answer.result, api);
    if (example.isHidden === true) continue;
    const result = shortened(chosen(answer.result, example));
    shown.set(example.method, { request, answer: { jsonrpc: '2.0', id: at + 1, result }, result: answer.result });
  }
  return shown;
}

function remember(known: Map<string, string>, result: unknown, api: FakeNodeApi): void {
  const { ballot } = (result ?? {}) as { readonly ballot?: unknown };
  if (typeof ballot === 'string') known.set('$ballot', ballot);
  known.set('$segment', toHex(api.lastSegment));
  known.set('$operation', moreShards(api));
}

/** What `waggle admin propose --shards 8` makes. */
function moreShards(api: FakeNodeApi): string {
  const { chain, nowMs: timeMs, operatorKey } = api;
  const actor = operatorKey.publicKey;
  const seq = (api.state().seqs.get(toHex(actor)) ?? 0) + 1;
  const facts = { chain, actor, seq, timeMs, notAfterMs: timeMs + 86_400_000, kind: 'params.propose' } as const;
  const signed = signOperation({ ...facts, body: paramsProposeBody({ epoch: 0, shards: 8 }) }, [operatorKey]);
  return toHex(encodeSignedOperation(signed));
}

function filledIn(value: unknown, known: ReadonlyMap<string, string>): unknown {
  if (value === undefined) return undefined;
  return JSON.parse(JSON.stringify(value), (_key, one) => (typeof one === 'string' ? (known.get(one) ?? one) : one));
}

function chosen(result: unknown, { show }: Example): unknown {
  if (show === undefined) return result;
  const fields = result as Readonly<Record<string, unknown>>;
  return { ...Object.fromEntries(show.map((name) => [name, fields[name]])), '…': '…' };
}

/** Long texts and lists cut, what was measured set: a page must be the same every time. */
function shortened(value: unknown, name = ''): unknown {
  if (MEASURED.has(name)) return MEASURED.get(name);
  if (typeof value === 'string')
    return value.length < TEXT_MAX || value.includes(' ') ? value : `${value.slice(0, 24)}…`;
  if (Array.isArray(value)) {
    const kept = value.slice(0, LIST_MAX).map((one) => shortened(one));
    return value.length > LIST_MAX ? [...kept, '…'] : kept;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shortened(one, key)]));
}
