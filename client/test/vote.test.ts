import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verify } from '../../protocol/crypto/verify.ts';
import { encodeSignedBallot } from '../../protocol/governance/ballot.ts';
import { fromHex } from '../../protocol/hex.ts';
import { connect } from '../client.ts';
import { WaggleClientError } from '../errors.ts';
import { voterKey } from '../keys.ts';
import { CHAIN, FakeLedger } from './fake-ledger.ts';
import { FakeNetwork, type FakeNode, type Fault } from './fake-network.ts';
import { VirtualTime } from './virtual-time.ts';

const KEY = voterKey(new Uint8Array(32).fill(9));
const VOTE = {
  space: 'main',
  session: 's',
  voter: 'v',
  key: KEY,
  previous: null,
  entries: [{ proposal: 'p', choice: 7 }],
};

function fault(kind: Fault['kind'], taken = false, lateMs = 0): Fault {
  return { kind, taken, lateMs };
}

function stage(nodes: readonly Partial<FakeNode>[], isRevisable = false) {
  const time = new VirtualTime();
  const ledger = new FakeLedger(isRevisable, time.nowMs);
  const fakes = nodes.map((node, at) => ({ lagMs: 0, skewMs: 0, faults: [], ...node, url: `http://node${at}/` }));
  const network = new FakeNetwork(time, ledger, fakes);
  const bodies: string[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    const body = String(init?.body);
    if (body.includes('ballot_submit')) bodies.push(body);
    return network.fetch(input, init);
  };
  const environment = { fetch, nowMs: () => time.nowMs, wait: time.wait, random: () => 0 };
  const client = connect({ urls: fakes.map(({ url }) => url), chain: CHAIN, environment });
  return { time, ledger, network, bodies, client };
}

type Stage = ReturnType<typeof stage>;

async function result({ time, client }: Stage, vote: Parameters<Stage['client']['vote']>[0] = VOTE) {
  const settled = await time.run(client.vote(vote));
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}

async function refusal(scene: Stage, vote: Parameters<Stage['client']['vote']>[0] = VOTE): Promise<WaggleClientError> {
  const settled = await scene.time.run(scene.client.vote(vote));
  assert.equal(settled.status, 'rejected');
  const error: unknown = settled.status === 'rejected' ? settled.reason : undefined;
  assert.ok(error instanceof WaggleClientError);
  return error;
}

test('a vote counts at the first node, with its height and id', async () => {
  const scene = stage([{}, {}]);
  const { outcome, height, ballot } = await result(scene);
  assert.deepEqual(
    { outcome, height, sent: scene.network.submitted },
    { outcome: 'counted', height: 2, sent: ['http://node0/'] },
  );
  assert.equal(scene.ledger.blocks[1]?.items[0]?.ballot.id, ballot);
});

test('every resend has the same bytes, and goes elsewhere first', async () => {
  const lost = fault('connection', true, 20_000);
  const scene = stage([{ faults: [lost, lost] }, { faults: [fault('html')] }, { faults: [fault('not-ready')] }]);
  const { outcome } = await result(scene);
  assert.equal(outcome, 'counted');
  assert.equal(new Set(scene.bodies).size, 1);
  assert.ok(scene.bodies.length >= 4);
  await scene.time.drain(60_000);
  assert.equal(scene.ledger.heads(scene.ledger.blocks).length, 1);
});

test('a node of another network proves nothing of a ballot, however late its blocks are', async () => {
  const down = Array.from({ length: 1_000 }, () => fault('connection'));
  const scene = stage([{ faults: [fault('connection', true, 20), ...down] }, { isForeign: true }]);
  const error = await refusal(scene);
  assert.equal(error.code, 'WAGGLE_CLIENT_UNDECIDED', 'it counted where nobody can be asked');
  assert.equal(scene.ledger.heads(scene.ledger.blocks).length, 1);
});

test('a node that hangs is left for another, and the late answer changes nothing', async () => {
  const scene = stage([{ faults: [fault('hang', true, 30_000)] }, {}]);
  const startMs = scene.time.nowMs;
  assert.equal((await result(scene)).outcome, 'counted');
  assert.ok(scene.time.nowMs - startMs < 6_000);
  await scene.time.drain(60_000);
  assert.deepEqual(
    scene.ledger.blocks.flatMap(({ items }) => items.map(({ outcome }) => outcome)),
    ['counted', 'duplicate'],
  );
});

test('a busy node is left alone for as long as it asks', async () => {
  const scene = stage([{ faults: [fault('busy'), fault('busy')] }]);
  const startMs = scene.time.nowMs;
  assert.equal((await result(scene)).outcome, 'counted');
  assert.ok(scene.time.nowMs - startMs >= 600, String(scene.time.nowMs - startMs));
});

test('a clock that says "expired" is no proof: the block is', async () => {
  // Node 0 dies with the ballot in its journal and orders it when it is back; node 1 believes that its time is over.
  const down = Array.from({ length: 200 }, () => fault('connection'));
  const scene = stage([{ faults: [fault('connection', true, 50_000), ...down] }, { skewMs: 70_000 }]);
  const { outcome, height } = await result(scene);
  assert.deepEqual({ outcome, height }, { outcome: 'counted', height: 2 });
});

test('expired is said once a block later than notAfter is there, and not before', async () => {
  const down = Array.from({ length: 500 }, () => fault('connection'));
  const scene = stage([{ faults: down }, { lagMs: 1_000_000, skewMs: 70_000 }]);
  const first = await refusal(scene, { ...VOTE, timeoutMs: 90_000 });
  assert.equal(first.type, 'client.undecided');
  assert.ok(first.signed !== undefined);
  scene.ledger.execute([], scene.time.nowMs);
  for (const node of scene.network.nodes) node.faults.length = 0;
  const again = await scene.time.run(scene.client.resume(first.signed));
  assert.equal(again.status, 'rejected');
  if (again.status === 'rejected') assert.equal((again.reason as WaggleClientError).type, 'ballot.expired');
});

test('refused for good is said at once; what a node may not know yet needs two', async () => {
  const closed = stage([{}, {}]);
  closed.ledger.closedAtMs = 0;
  assert.equal((await refusal(closed)).type, 'ballot.closed');
  assert.equal(closed.network.submitted.length, 1);
  const behind = stage([{ faults: [fault('behind')] }, {}]);
  assert.equal((await result(behind)).outcome, 'counted');
  const unknown = stage([{ faults: [fault('behind')] }, { faults: [fault('behind')] }, {}]);
  const { type, hint, number } = await refusal(unknown);
  assert.deepEqual({ type, hint, number }, { type: 'session.unknown', hint: '', number: 2003 });
});

test('the same answers by another ballot are a duplicate that names it', async () => {
  const scene = stage([{}]);
  const first = await result(scene);
  const second = await result(scene, { ...VOTE, timeMs: scene.time.nowMs + 1 });
  const { outcome, ballot, height } = second;
  assert.deepEqual({ outcome, ballot, height }, { outcome: 'duplicate', ballot: first.ballot, height: first.height });
  assert.equal(
    (await refusal(scene, { ...VOTE, entries: [{ proposal: 'p', choice: 1 }] })).type,
    'ballot.already-voted',
  );
});

test('nobody there: undecided by the deadline, with bytes that can be gone on with; closing does the same', async () => {
  const down = Array.from({ length: 2_000 }, () => fault('connection'));
  const scene = stage([{ faults: down }]);
  const error = await refusal(scene, { ...VOTE, timeoutMs: 5_000 });
  assert.equal(error.code, 'WAGGLE_CLIENT_UNDECIDED');
  scene.network.nodes[0]?.faults.splice(0);
  const settled = await scene.time.run(scene.client.resume(error.signed ?? new Uint8Array()));
  assert.equal(settled.status === 'fulfilled' && settled.value.outcome, 'counted');
  const hung = stage([{ faults: [fault('hang')] }]);
  hung.time.at(100, () => hung.client.close());
  assert.equal((await refusal(hung)).type, 'client.undecided');
  await assert.rejects(hung.client.vote(VOTE), { code: 'WAGGLE_CLIENT_CLOSED' });
});

test('a ballot is built offline: signed over its id, sorted, and refused where it can never work', async () => {
  const scene = stage([{}]);
  const entries = [
    { proposal: 'b', choice: 'approve' as const },
    { proposal: 'a', choice: 'abstain' as const, comment: 'made up' },
  ];
  const signed = await scene.client.sign({ ...VOTE, entries });
  assert.deepEqual(
    signed.ballot.entries.map(({ proposal }) => proposal),
    ['a', 'b'],
  );
  assert.deepEqual(signed.ballot.chain, fromHex(CHAIN));
  assert.ok(verify(KEY.publicKey, signed.id, signed.signature ?? new Uint8Array()));
  assert.ok(encodeSignedBallot(signed).length > 64);
  const bad = [
    { ...VOTE, voter: 'No Id' },
    { ...VOTE, entries: [] },
    { ...VOTE, entries: [{ proposal: 'p', choice: 11 }] },
    { ...VOTE, entries: [...VOTE.entries, ...VOTE.entries] },
    { ...VOTE, entries: [{ proposal: 'p', choice: 7, comment: '\u202eevil' }] },
    { ...VOTE, previous: 'abc' },
  ];
  for (const vote of bad) await assert.rejects(scene.client.vote(vote), { code: 'WAGGLE_CLIENT_INPUT' });
  await assert.rejects(scene.client.resume(Uint8Array.of(1, 2)), { code: 'WAGGLE_CLIENT_INPUT' });
  assert.throws(() => connect({ urls: [] }), { code: 'WAGGLE_CLIENT_INPUT' });
  assert.throws(() => connect({ urls: ['ftp://a'] }), { code: 'WAGGLE_CLIENT_INPUT' });
  assert.throws(() => voterKey(new Uint8Array(31)), { code: 'WAGGLE_CLIENT_INPUT' });
  assert.equal(scene.network.submitted.length, 0);
});

test('a key shows its secret nowhere', () => {
  const key = voterKey(new Uint8Array(32).fill(0xab));
  const shown = [String(key), JSON.stringify(key), JSON.stringify({ key })].join();
  assert.equal(/ab{4}|171,171/.test(shown), false);
  assert.match(shown, /\[secret\]/);
});
