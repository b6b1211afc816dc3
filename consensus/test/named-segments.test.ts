import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Segment, sealSegment } from '../../protocol/chain/segment.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { type Hash, ZERO_HASH } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { judgeCut } from '../chains/cut.ts';
import { VoteChain } from '../chains/vote-chain.ts';
import { VoteChains } from '../chains/vote-chains.ts';
import { liveEntries } from '../replica.ts';
import { block, CHAIN, certificate, cutOf, proposal, ROSTER, Solo } from './harness/solo.ts';

const START = { cut: new Map(), standings: new Map() };

/* What blocks name is taken beyond the windows, and has an end all the same (C-04, C-06). */

const LEADER = leaderOf(ROSTER, 1);
const SELF = leaderOf(ROSTER, 4);
const KEY = keyPairFromSeed(new Uint8Array(32).fill(LEADER + 1));
/** Some of what a block may add: twelve of them are over its caps. */
const BYTES = 400_000;

function run(length: number, mark: number, bytes = BYTES, first: Hash = ZERO_HASH, from = 1): Segment[] {
  const segments: Segment[] = [];
  for (let height = from; height < from + length; height++) {
    const parent = segments.at(-1)?.id ?? first;
    const place = { chain: CHAIN, epoch: 0, incarnation: 0, shard: 1, author: LEADER, height, parent, timeMs: 1 };
    segments.push(sealSegment(place, [{ kind: 9, bytes: new Uint8Array(bytes).fill(mark) }], KEY.sign));
  }
  return segments;
}

const tipOf = (segments: readonly Segment[]): Segment => segments.at(-1) as Segment;

test('S-11 a cut is over the caps by the part that is held, whatever is missing below it', () => {
  const chains = new VoteChains(2, 4);
  const fork = run(16, 1);
  const verdicts = fork.toReversed().map((one) => {
    chains.of(1, LEADER).want(one.id);
    chains.of(1, LEADER).add(one);
    return judgeCut(chains, START, cutOf(tipOf(fork))).kind;
  });
  assert.equal(verdicts[0], 'missing');
  assert.equal(verdicts[14], 'invalid');
});

test('C-04 forks named by block after block, whose lowest segment never comes, do not pile up', () => {
  const node = new Solo(SELF);
  const chain = node.replica.chains.of(1, LEADER);
  const heldMax = 2 * LIMITS.segmentBytesMax + LIMITS.blockAddBytesMax + LIMITS.segmentBytesMax;
  for (let at = 0; at < 3; at++) {
    const fork = run(16, at);
    const { view } = node.replica;
    const named = block(view, cutOf(tipOf(fork)), { proposer: leaderOf(ROSTER, view) });
    node.wait(20);
    node.receive(leaderOf(ROSTER, view), proposal(named));
    for (const one of fork.slice(1).toReversed()) node.receive(LEADER, { kind: 'segment', segment: one });
    assert.ok(chain.pendingBytes <= heldMax, `${at}: ${chain.pendingBytes}`);
    node.vote('nullify', view, undefined, 0, 1, 2, 3);
    assert.equal(node.replica.view, view + 1);
    assert.ok(chain.pendingBytes <= 2 * LIMITS.segmentBytesMax + 1_000, `${at}: ${chain.pendingBytes}`);
  }
  const journalBytes = node.journal.reduce((sum, one) => sum + ('segment' in one ? one.segment.bytes.length : 0), 0);
  assert.ok(journalBytes < 3 * heldMax, String(journalBytes));
  const again = new Solo(SELF, node.journal, node.nowMs);
  again.vote('nullify', again.replica.view, undefined, 0, 1, 2, 3);
  assert.ok(again.replica.chains.of(1, LEADER).pendingBytes <= 2 * LIMITS.segmentBytesMax + 1_000);
});

test('C-06 what an own notarize names stays when views pass, beyond the windows too', () => {
  const node = new Solo(SELF);
  const fork = run(9, 1);
  const other = run(9, 2);
  for (const one of [...other, ...fork]) node.receive(LEADER, { kind: 'segment', segment: one });
  const third = run(9, 3);
  node.receive(LEADER, proposal(block(1, cutOf(tipOf(third)))));
  for (const one of third.toReversed()) node.receive(LEADER, { kind: 'segment', segment: one });
  assert.deepEqual(node.votes(), ['notarize:1']);
  for (const view of [1, 2, 3]) node.vote('nullify', view, undefined, 0, 1, 2, 3);
  const live = new Solo(SELF, liveEntries(node.replica), node.nowMs);
  live.vote('nullify', live.replica.view, undefined, 0, 1, 2, 3);
  for (const replica of [node.replica, live.replica]) {
    for (const one of third) assert.ok(replica.chains.of(1, LEADER).get(one.id) !== undefined);
  }
});

test('C-06 what a certificate names stays while its last segment is on its way, and is taken when it comes', () => {
  const node = new Solo(SELF);
  const crowd = run(20, 1);
  for (const one of crowd) node.receive(LEADER, { kind: 'segment', segment: one });
  const fork = run(10, 2);
  const named = block(1, cutOf(tipOf(fork)));
  node.receive(LEADER, proposal(named), { kind: 'certificate', certificate: certificate('notarize', 1, named.hash) });
  for (const one of fork.slice(1).toReversed()) node.receive(LEADER, { kind: 'segment', segment: one });
  node.vote('nullify', 2, undefined, 0, 1, 2, 3);
  const chain = node.replica.chains.of(1, LEADER);
  for (const one of fork.slice(1)) assert.ok(chain.get(one.id) !== undefined, String(one.header.height));
  node.receive(LEADER, { kind: 'segment', segment: fork[0] as Segment });
  assert.deepEqual(
    node.votes().filter((vote) => vote === 'finalize:1'),
    ['finalize:1'],
  );
});

test('C-06 what is promised of a fork goes once a final cut takes another one', () => {
  const chain = new VoteChain(1, LEADER);
  const [one, two] = [run(5, 1, 10), run(5, 2, 10)];
  for (const segment of [...one, ...two]) chain.add(segment);
  chain.promise({ height: 5, tip: tipOf(two).id });
  chain.finalize({ height: 1, tip: (one[0] as Segment).id });
  assert.deepEqual(
    chain.held().map(({ id }) => id),
    one.map(({ id }) => id),
  );
});

test('C-04 a refused segment pushes out nothing, and what a block names gives way to nobody', () => {
  const chain = new VoteChain(1, LEADER);
  const high = run(3, 1, 600_000, ZERO_HASH, 30);
  for (const one of high.toReversed()) chain.add(one);
  const held = chain.held().length;
  const [big] = run(1, 2, LIMITS.segmentBytesMax - 10, ZERO_HASH, 31);
  assert.equal(chain.add(big as Segment), 'over');
  assert.equal(chain.held().length, held);
  const named = new VoteChain(1, LEADER);
  for (const one of high.toReversed()) {
    named.want(one.id);
    named.add(one);
  }
  for (const one of run(20, 3, 900_000)) named.add(one);
  for (const one of run(8, 4, 300_000, ZERO_HASH, 20)) named.add(one);
  for (const one of high) assert.ok(named.get(one.id) !== undefined);
});
