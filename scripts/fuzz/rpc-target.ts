import assert from 'node:assert/strict';
import type { Random } from '../../consensus/sim/random.ts';
import { RpcCounters } from '../../node/rpc/counters.ts';
import { Desk } from '../../node/rpc/desk.ts';
import { Dispatcher } from '../../node/rpc/dispatcher.ts';
import { RPC_LIMITS } from '../../node/rpc/limits.ts';
import type { Caller } from '../../node/rpc/method.ts';
import { allMethods } from '../../node/rpc/methods/all.ts';
import { FakeNodeApi } from '../../node/test/harness/fake-node-api.ts';
import { ballotParams, sessionParams } from '../../node/test/harness/rpc-client.ts';
import { mutate, noise } from './mutate.ts';
import { TAKEN } from './tally.ts';
import type { Target } from './target.ts';

/** A caller who may do everything and never waits. */
const ADMIN: Caller = {
  scope: () => 'admin',
  isGone: () => false,
  rate: { perS: 1, burst: 1 },
  spend: () => undefined,
  requireRead: () => undefined,
  require: () => undefined,
};

const call = (method: string, params: unknown, id: unknown = 1): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params });

const BODIES: readonly string[] = [
  call('ballot_submit', ballotParams('m0', [7, 8])),
  call('session_open', sessionParams()),
  call('session_get', { space: 'main', session: 's1' }, 'text id'),
  call('ballot_list', { space: 'main', session: 's1', limit: 2 }),
  call('tally_get', { space: 'main', session: 's1', waitMs: 0 }),
  call('model_list', {}),
  call('chain_head', [], 2 ** 53 - 1),
  call('node_status', undefined, null),
  '{"jsonrpc":"2.0","method":"chain_head"}',
  `[${call('chain_head', {})},${call('model_get', { model: 'm0' })},{"id":1e400},1,[],{"jsonrpc":"2.0","id":-0}]`,
  '{"jsonrpc":"2.0","id":9007199254740993,"method":"chain_head","params":{"__proto__":1,"a":"\\ud800"}}',
  `${'['.repeat(80)}${']'.repeat(80)}`,
];

/** Bodies of requests, as bytes: every one gets a JSON-RPC answer, none an internal error. */
export function rpcTarget(): Target {
  const bodies = BODIES.map((text) => new TextEncoder().encode(text));
  const internal: unknown[] = [];
  const counters = new RpcCounters((_method, cause) => internal.push(cause));
  const desk = new Desk(new FakeNodeApi(), { timing: { finalMs: 1_000, settleMs: 0 } });
  const dispatcher = new Dispatcher(allMethods('0.0.0'), desk, counters);
  return {
    name: 'RPC bodies',
    largestMax: RPC_LIMITS.bodyBytesMax,
    make(random) {
      if (random.chance(0.05)) return noise(random, 60);
      if (random.chance(0.3)) return mutate(random, random.pick(bodies), random.pick(bodies));
      return new TextEncoder().encode(exchange(random, random.pick(BODIES)));
    },
    async take(bytes) {
      if (bytes.length > RPC_LIMITS.bodyBytesMax) return 'size';
      const { text, error } = await dispatcher.answer(bytes, ADMIN);
      assert.deepEqual(internal, []);
      if (text !== undefined) assert.ok(isAnswer(JSON.parse(text)), `no answer: ${text.slice(0, 200)}`);
      return error?.type ?? TAKEN;
    },
  };
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:e\d+)?|true|false|null/g;
const HOSTILE: readonly string[] = [
  ...['null', 'true', '""', '[]', '{}', '-0', '0', '-1', '1.5', '1e400', '9007199254740992', '18446744073709551616'],
  ...[
    '"__proto__"',
    '"constructor"',
    '"\\ud800"',
    '"e\\u0301"',
    '"\\u202e"',
    '"../../x"',
    '"main"',
    '"s1"',
    '"m0"',
    '"p1"',
  ],
  `"${'x'.repeat(5_000)}"`,
  `[${'0,'.repeat(300)}0]`,
  '{"a":{"a":{"a":{"a":1}}}}',
];

/** The text with some of its names and values put in place of others: still JSON, mostly no longer a call. */
function exchange(random: Random, text: string): string {
  const tokens = [...text.matchAll(TOKEN)];
  if (tokens.length === 0) return text;
  const chosen = new Set(Array.from({ length: random.between(1, 3) }, () => random.pick(tokens).index));
  return text.replaceAll(TOKEN, (token, at: number) => (chosen.has(at) ? random.pick(HOSTILE) : token));
}

function isAnswer(value: unknown): boolean {
  const all = Array.isArray(value) ? value : [value];
  return (
    all.length > 0 && all.every((one) => one.jsonrpc === '2.0' && 'id' in one && 'result' in one !== 'error' in one)
  );
}
