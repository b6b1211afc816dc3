import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { toHex } from '../../protocol/hex.ts';
import { allMethods } from '../rpc/methods/all.ts';
import type { NodeApi } from '../rpc/node-api.ts';
import { Cluster, DEADLINE_MS } from './harness/cluster.ts';
import { eventually } from './harness/deadline.ts';
import { pair } from './harness/fake-node-api.ts';
import { ADMIN, ballotParams, openSession, sessionParams, startRig } from './harness/rpc-client.ts';
import { rowsOf } from './harness/state-rows.ts';
import { casesOf, checkAnswer, type FuzzCase } from './rpc-fuzz-checks.ts';
import type { Pool } from './rpc-fuzz-values.ts';

/*
 * Params made from the schema of every method, right, nearly right and hostile: no answer is an internal error, a
 * refused call changes nothing, a taken one answers in its own shape, and nothing of the inside is ever read in a
 * refusal. `FUZZ_SEED=N FUZZ_TIMES=10 node --test node/test/rpc-fuzz.test.ts` makes
 * other calls, and more.
 */

const SEED = Number(process.env.FUZZ_SEED ?? 20_260_301);
/** How often as many calls. */
const TIMES = Number(process.env.FUZZ_TIMES ?? 1);
const METHODS = allMethods('0.0.0');

interface Target {
  readonly api: NodeApi;
  /** Text to the door and the answer's, with a token of scope admin. */
  post(body: string): Promise<string>;
}

async function fuzz(cases: readonly FuzzCase[], { api, post }: Target): Promise<Map<string, number>> {
  const refusals = new Map<string, number>();
  for (const [at, { method, params }] of cases.entries()) {
    const known = METHODS.get(method);
    assert.ok(known !== undefined);
    const before = await rowsOf(api);
    const body = JSON.stringify({ jsonrpc: '2.0', id: at, method, params });
    try {
      const text = await post(body);
      const type = checkAnswer(text, known);
      refusals.set(type, (refusals.get(type) ?? 0) + 1);
      // What was only accepted may still be on its way into the ledger.
      await new Promise((resolve) => void setImmediate(resolve));
      if (type !== '') assert.equal(await rowsOf(api), before, 'a refused call changed the ledger');
    } catch (error) {
      throw new Error(`seed ${SEED}, call ${at}: ${body.slice(0, 2_000)}`, { cause: error });
    }
  }
  return refusals;
}

test('no params make a door fail, leak, or change what it refused to change', async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const rig = await startRig(t, { timing: { finalMs: 2_000, settleMs: 0 } });
  await openSession(rig);
  const { ballot } = await rig.result<{ ballot: string }>('ballot_submit', ballotParams('m0', [7, 8]));
  const pool: Pool = {
    ids: {
      space: ['main'],
      session: ['s1', 's2', 's3'],
      voter: ['m0', 'm1', 'm2', 'v0', 'far'],
      proposal: ['p1', 'p2', 'p3'],
      model: ['m0', 'v0'],
      operator: ['node1', 'node2'],
      name: ['guest', 'node2'],
      id: ['p1', 'p2', 'm0', 'm7'],
    },
    hexes: [ballot, toHex(rig.api.lastSegment), toHex(rig.api.head().hash), toHex(pair(77).publicKey)],
  };
  const post = async (body: string) => (await rig.post(body, { authorization: `Bearer ${ADMIN}` })).text;
  const refusals = await fuzz(casesOf([...METHODS.values()], pool, SEED, 60 * TIMES), { api: rig.api, post });
  assert.deepEqual(rig.internal, []);
  assert.ok(refusals.size > 20, `only ${[...refusals.keys()].join()}`);
  assert.ok((refusals.get('') ?? 0) > 100, 'too few valid calls');
});

test('nor with a node behind it', async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const cluster = await Cluster.create(1, 4);
  t.after(() => cluster.remove());
  const node = await cluster.start(0);
  await eventually(() => node.api.status().ready, DEADLINE_MS, 'ready');
  const token = (await readFile(join(cluster.homes[0] ?? '', 'tokens', 'admin.token'), 'utf8')).trim();
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const post = async (body: string) => await (await fetch(node.rpcUrl, { method: 'POST', headers, body })).text();
  const call = async (method: string, params: object) =>
    JSON.parse(await post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })));
  const electorate = ['m0', 'm1'].map((voter) => ({ voter }));
  await call('session_open', sessionParams({ electorate }));
  const { result } = await call('ballot_submit', ballotParams('m0', [7, 8]));
  const pool: Pool = {
    ids: {
      space: ['main'],
      session: ['s1', 's2'],
      voter: ['m0', 'm1', 'm2', 'm3'],
      proposal: ['p1', 'p2'],
      model: ['m0', 'm1'],
      operator: ['v0'],
      name: ['guest', 'v0'],
      id: ['p1', 'p2', 'm0', 'm7'],
    },
    hexes: [result.ballot, toHex(node.chain), toHex(node.api.head().hash), toHex(pair(77).publicKey)],
  };
  // A ledger that moves on by itself could not show who moved it: every call waits for what it asked for.
  const cases = casesOf([...METHODS.values()], pool, SEED + 1_000, 8 * TIMES).map(({ method, params }) => ({
    method,
    params: JSON.parse(JSON.stringify(params), (_key, value) => (value === 'accepted' ? 'final' : value)),
  }));
  // A cursor that another list handed out, which only a real ledger can tell.
  const foreign = { space: 'main', session: 's1', limit: 1, cursor: Buffer.from('main/s1').toString('base64url') };
  const refusals = await fuzz([{ method: 'ballot_list', params: foreign }, ...cases], { api: node.api, post });
  assert.ok(refusals.size > 10, `only ${[...refusals.keys()].join()}`);
});

test('what must not be said is found', () => {
  const method = METHODS.get('chain_head');
  assert.ok(method !== undefined);
  const answer = (message: string, type = 'params.invalid') =>
    JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      error: { code: 1, message, data: { type, hint: 'hint', retryable: false } },
    });
  assert.equal(checkAnswer(answer('invalid params: expected a whole number 1…10'), method), 'params.invalid');
  for (const text of [
    'Invalid input: expected string, received number',
    'Too big: expected number to be <=10',
    'open /var/lib/waggle/journal',
    'WAGGLE_JOURNAL_SYNC',
    'at submit (ballot-desk:12:34)',
    'see ballot-desk.ts',
    'TypeError',
    'x is [object Object]',
  ]) {
    assert.throws(() => checkAnswer(answer(text), method), text);
  }
  assert.throws(() => checkAnswer(answer('m', 'internal'), method));
  assert.throws(() => checkAnswer(answer('m', 'ballot.closed'), method), 'an error the method does not declare');
  assert.throws(() => checkAnswer(JSON.stringify({ result: { height: 'one' } }), method), 'a result of another shape');
});
