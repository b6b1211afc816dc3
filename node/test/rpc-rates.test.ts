import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { costOf, unitsOf } from '../rpc/costs.ts';
import { networkOf } from '../rpc/http-guard.ts';
import { type Rate, RPC_LIMITS, RPC_RATES } from '../rpc/limits.ts';
import { allMethods } from '../rpc/methods/all.ts';
import { RateGate } from '../rpc/rate-gate.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import { ADMIN, OPERATOR, openSocket, type Rig, type RpcAnswer, startRig } from './harness/rpc-client.ts';

const METHODS = allMethods('0');
const RATE: Rate = { perS: 10, burst: 5 };
const TIGHT = { anonymous: RATE, authenticated: { perS: 100, burst: 20 } };

function isSpent(gate: RateGate, caller: string, units: number, rate = RATE): number | 'ok' {
  try {
    gate.spend(caller, rate, units);
    return 'ok';
  } catch (error) {
    assert.ok(error instanceof RpcError);
    assert.equal(error.type, 'request.rate-limited');
    return error.detail.retryAfterMs ?? 0;
  }
}

test('a burst, then so many a second, and the wait that is told is the wait that is needed', () => {
  let nowMs = 0;
  const gate = new RateGate(() => nowMs);
  for (let at = 0; at < 5; at++) assert.equal(isSpent(gate, 'a', 1), 'ok');
  assert.equal(isSpent(gate, 'a', 1), 100);
  assert.equal(isSpent(gate, 'b', 5), 'ok', 'another caller has its own');
  nowMs = 50;
  assert.equal(isSpent(gate, 'a', 1), 50);
  nowMs = 100;
  assert.equal(isSpent(gate, 'a', 1), 'ok');
  nowMs = 100_000;
  assert.equal(isSpent(gate, 'a', 5), 'ok', 'no more than a burst is kept');
  assert.equal(isSpent(gate, 'a', 1), 100);
});

test('what costs more than a burst takes a full one, and a debt', () => {
  let nowMs = 0;
  const gate = new RateGate(() => nowMs);
  assert.equal(isSpent(gate, 'a', 15), 'ok');
  assert.equal(isSpent(gate, 'a', 1), 1_100);
  nowMs = 1_100;
  assert.equal(isSpent(gate, 'a', 1), 'ok');
});

test('nobody gets more than the burst and the rate, whatever is asked when', () => {
  const step = fc.record({ waitMs: fc.nat({ max: 500 }), units: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let nowMs = 0;
      let spent = 0;
      const gate = new RateGate(() => nowMs);
      for (const { waitMs, units } of steps) {
        nowMs += waitMs;
        if (isSpent(gate, 'a', units) === 'ok') spent += units;
        assert.ok(spent <= RATE.burst + (nowMs * RATE.perS) / 1_000 + 1e-6);
      }
    }),
  );
});

test('callers that are remembered are bounded, and who is at its limit is not the first to be forgotten', () => {
  let nowMs = 0;
  const gate = new RateGate(() => nowMs);
  for (let at = 0; at < RPC_LIMITS.callersMax; at++) isSpent(gate, `old ${at}`, 1);
  nowMs = 10_000;
  assert.equal(isSpent(gate, 'busy', 5), 'ok');
  for (let at = 0; at < RPC_LIMITS.callersMax - 2; at++) isSpent(gate, `new ${at}`, 1);
  assert.ok(gate.size <= RPC_LIMITS.callersMax);
  assert.notEqual(isSpent(gate, 'busy', 1), 'ok');
});

test('an address of IPv6 stands for its network', () => {
  assert.equal(networkOf('10.0.0.1'), '10.0.0.1');
  assert.equal(networkOf('::ffff:10.0.0.1'), '10.0.0.1');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), networkOf('2001:db8:1:2::9'));
  assert.notEqual(networkOf('2001:db8:1:2::9'), networkOf('2001:db8:1:3::9'));
  assert.equal(networkOf('::1'), '0:0:0:0');
  assert.equal(networkOf('fe80::1%eth0'), networkOf('fe80::2'));
});

test('reads are cheap, lists cost by their limit, writes the most', () => {
  const cost = (name: string, params: object = {}) => {
    const method = METHODS.get(name);
    assert.ok(method !== undefined);
    return unitsOf(method, params);
  };
  assert.equal(cost('chain_head'), 1);
  assert.ok(cost('session_get') > cost('chain_head'));
  assert.equal(cost('session_list'), cost('session_list', { limit: RPC_LIMITS.pageDefault }));
  assert.ok(cost('session_list', { limit: 1_000 }) > 5 * cost('session_list', { limit: 100 }));
  for (const limit of [1e9, -1, '1', null, Number.NaN]) {
    assert.equal(cost('session_list', { limit }), cost('session_list', { limit: 1_000 }), String(limit));
  }
  assert.ok(cost('session_open') > cost('ballot_submit'));
  for (const method of METHODS.values()) assert.ok(costOf(method).base >= 1, method.name);
});

test('the defaults let the load of a whole network pass', () => {
  const method = METHODS.get('ballot_submit');
  assert.ok(method !== undefined);
  const ballot = costOf(method).base;
  assert.ok(RPC_RATES.authenticated.perS / ballot >= 40_000);
  // 1,000 voters behind one address look at the session, vote, and look at the count.
  const session = METHODS.get('session_get');
  assert.ok(session !== undefined);
  assert.ok(RPC_RATES.anonymous.burst >= 1_000 * (ballot + 2 * costOf(session).base));
});

const heads = (count: number) =>
  JSON.stringify(Array.from({ length: count }, (_, id) => ({ jsonrpc: '2.0', id, method: 'chain_head' })));

async function outcomes(rig: Rig, count: number, token?: string): Promise<(number | 'ok')[]> {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const { json, status } = await rig.post(heads(count), headers);
  assert.equal(status, 200);
  return (json as RpcAnswer[]).map(({ error }) => error?.code ?? 'ok');
}

test('of a batch only the elements beyond the limit are refused', async (t) => {
  let nowMs = 0;
  const rig = await startRig(t, { rates: TIGHT, monotonicMs: () => nowMs });
  const { json } = await rig.post(heads(8));
  const answers = json as RpcAnswer[];
  assert.deepEqual(
    answers.map(({ id, error }) => [id, error?.code ?? 'ok']),
    [0, 1, 2, 3, 4, 5, 6, 7].map((id) => [id, id < 5 ? 'ok' : -32005]),
  );
  const { data } = answers[5]?.error ?? {};
  assert.deepEqual([data?.type, data?.retryable, data?.retryAfterMs], ['request.rate-limited', true, 100]);
  nowMs = 200;
  assert.deepEqual(await outcomes(rig, 3), ['ok', 'ok', -32005]);
});

test('a token has its own limit, which others with another token or none do not touch', async (t) => {
  const rig = await startRig(t, { rates: TIGHT, monotonicMs: () => 0 });
  assert.equal((await outcomes(rig, 10)).filter((one) => one === 'ok').length, 5);
  assert.equal((await outcomes(rig, 10, 'unknown')).filter((one) => one === 'ok').length, 0, 'as without one');
  assert.equal((await outcomes(rig, 30, OPERATOR)).filter((one) => one === 'ok').length, 20);
  assert.equal((await outcomes(rig, 30, ADMIN)).filter((one) => one === 'ok').length, 20);
});

test('calls that fail cost too, by whatever door they come', async (t) => {
  const rig = await startRig(t, { rates: TIGHT, monotonicMs: () => 0 });
  await rig.call('nope', undefined, '');
  await rig.call('chain_getChains', { shard: -1 }, '');
  const socket = await openSocket(t, rig);
  socket.send('{"jsonrpc":"2.0","id":1,"method":"chain_head"}');
  assert.ok((await socket.next()).result);
  assert.equal((await fetch(`${rig.url}/v1/chain_head`)).status, 200);
  const etag = (await fetch(`${rig.url}/v1/chain_head`)).headers.get('etag') ?? '';
  const known = await fetch(`${rig.url}/v1/chain_head`, { headers: { 'if-none-match': etag } });
  assert.equal(known.status, 429);
  assert.equal(known.headers.get('retry-after'), '1');
  assert.equal(((await known.json()) as { retryAfterMs?: number }).retryAfterMs, 100);
  const single = await rig.post('{"jsonrpc":"2.0","id":1,"method":"chain_head"}');
  assert.deepEqual([single.status, single.headers.get('retry-after')], [429, '1']);
  socket.send('{"jsonrpc":"2.0","id":2,"method":"nope"}');
  assert.equal((await socket.next()).error?.code, -32005);
});

test('a write beyond the limit changes nothing', async (t) => {
  const rig = await startRig(t, { rates: TIGHT, monotonicMs: () => 0 });
  await rig.result('space_create', { id: 'lab', title: 'Lab' }, ADMIN);
  assert.equal((await rig.refused('space_create', { id: 'lab2', title: 'Lab' }, ADMIN)).code, -32005);
  assert.equal(rig.api.submitted.length, 1);
});
