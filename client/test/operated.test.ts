import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, type Vote } from '../client.ts';
import { WaggleClientError } from '../errors.ts';
import { VirtualTime } from './virtual-time.ts';

const VOTE: Vote = { space: 'main', session: 's', voter: 'm', entries: [{ proposal: 'p', choice: 7 }] };
const BALLOT = 'ab'.repeat(32);

type Reply = object | 'lost' | 'refused';

const final = (outcome: string) => ({
  result: { ballot: BALLOT, shard: 2, status: 'final', outcome, height: 4, finalMs: 9 },
});
const error = (type: string, data: object = {}) => ({
  error: { code: 1, message: type, data: { type, hint: 'h', retryable: false, ...data } },
});

/** Nodes that answer `ballot_submit` by script, one reply after the other. */
function stage(scripts: readonly Reply[][], isRevisable = false) {
  const time = new VirtualTime();
  const asked: { url: string; params: Record<string, unknown>; token: string | null }[] = [];
  const fetch = (async (url: string, init: RequestInit) => {
    const { method, params, id } = JSON.parse(String(init.body));
    const at = Number(url.at(-2));
    if (method === 'session_get') {
      return new Response(JSON.stringify({ jsonrpc: '2.0', id, result: { rule: { revisable: isRevisable } } }));
    }
    asked.push({ url, params, token: new Headers(init.headers).get('authorization') });
    const reply = scripts[at]?.shift() ?? 'refused';
    const cause = { code: reply === 'lost' ? 'ECONNRESET' : 'ECONNREFUSED' };
    if (typeof reply === 'string') throw new TypeError('fetch failed', { cause });
    return new Response(JSON.stringify({ jsonrpc: '2.0', id, ...reply }));
  }) as typeof globalThis.fetch;
  const environment = { fetch, wait: time.wait, nowMs: () => time.nowMs, random: () => 0 };
  const urls = scripts.map((_, at) => ({ url: `http://node/${at}/`, token: `token-${at}` }));
  return { time, asked, client: connect({ urls, environment }) };
}

async function ends(scripts: readonly Reply[][], isRevisable = false) {
  const { time, asked, client } = stage(scripts, isRevisable);
  const settled = await time.run(client.vote(VOTE));
  if (settled.status === 'fulfilled') return { asked, end: settled.value.outcome, value: settled.value };
  const reason: unknown = settled.reason;
  assert.ok(reason instanceof WaggleClientError);
  return { asked, end: reason.type, value: undefined };
}

test('the node signs, by its own token, and its answer is the result', async () => {
  const { asked, value } = await ends([[final('counted')], []]);
  assert.deepEqual(value, { outcome: 'counted', ballot: BALLOT, height: 4, shard: 2, finalMs: 9 });
  assert.equal(asked[0]?.token, 'Bearer token-0');
  assert.equal('signature' in (asked[0]?.params ?? {}), false);
});

test('a busy node is asked again, the operator is found among several, a refusal is final', async () => {
  assert.equal((await ends([[error('network.busy', { retryable: true }), final('counted')]])).end, 'counted');
  const found = await ends([[error('ballot.not-operated')], [final('counted')]]);
  assert.deepEqual([found.end, found.asked.length], ['counted', 2]);
  const refused = await ends([[error('ballot.closed')], [final('counted')]]);
  assert.deepEqual([refused.end, refused.asked.length], ['ballot.closed', 1]);
  assert.equal((await ends([[error('ballot.not-operated')], [error('auth.missing')]])).end, 'ballot.not-operated');
});

test('nobody there is said as that: nothing was sent', async () => {
  assert.equal((await ends([[], []])).end, 'client.unreachable');
});

test('a lost answer is repeated with the same times only where the node recognises repeats', async () => {
  const repeated = await ends([['lost', final('duplicate')]]);
  assert.equal(repeated.end, 'duplicate');
  assert.deepEqual(repeated.asked[0]?.params, repeated.asked[1]?.params);
  const once = await ends([['lost', final('counted')]], true);
  assert.deepEqual([once.end, once.asked.length], ['client.undecided', 1]);
  const strange = await ends([[{ result: { status: 'accepted' } }, final('counted')]]);
  assert.deepEqual([strange.end, strange.asked.length], ['client.undecided', 1]);
});
