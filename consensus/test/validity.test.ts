import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Block, HashedBlock } from '../../protocol/chain/block.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { isTimely, judgeBlock } from '../simplex/validity.ts';
import { block, certificate, child, cutOf, proposal, ROSTER, Solo, segment } from './harness/solo.ts';

const LEADER = leaderOf(ROSTER, 1);
/** Leads none of the first three views. */
const SELF = leaderOf(ROSTER, 4);

/** A node in view 3: view 1 has a notarized block, view 2 is nullified. */
function inViewThree() {
  const node = new Solo(SELF);
  const data = segment(LEADER);
  const first = block(1, cutOf(data));
  node.receive(LEADER, { kind: 'segment', segment: data }, proposal(first));
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 1, first.hash) });
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('nullify', 2, undefined) });
  const more = segment(LEADER, 2, data.id);
  node.receive(LEADER, { kind: 'segment', segment: more });
  return { node, first, data, more };
}

test('S-11 each fault of a block has its name, and the block without it is valid', () => {
  const { node, first, data, more } = inViewThree();
  const cut = cutOf(more);
  const unlinked = segment(LEADER, 2, ZERO_HASH, 9);
  node.receive(LEADER, { kind: 'segment', segment: unlinked });
  const make = (changed: Partial<Block>): HashedBlock => child(first, 3, cut, changed);
  const reason = (changed: Partial<Block>): string => {
    const verdict = judgeBlock(node.replica, make(changed));
    return verdict.kind === 'invalid' ? verdict.reason : verdict.kind;
  };
  const other = (leaderOf(ROSTER, 3) + 1) % 4;
  const cases: [string, Partial<Block>][] = [
    ['valid', {}],
    ['chain or epoch', { chain: ZERO_HASH }],
    ['chain or epoch', { epoch: 1 }],
    ['proposer', { proposer: other }],
    ['flags', { flags: 4 }],
    ['seal flag', { flags: 2 }],
    ['evidence', { evidence: [Uint8Array.of(1)] }],
    ['parent view', { parentView: 3 }],
    ['parent is not the final block', { parentView: 0 }],
    ['parent is not the notarized block', { parentHash: ZERO_HASH }],
    ['height', { height: 3 }],
    ['time not after the parent', { timeMs: first.block.timeMs }],
    ['empty without the flush flag', { cut: [] }],
    ['empty without the flush flag', { flags: 1 }],
    ['valid', { cut: [], flags: 1 }],
    ['not advancing', { cut: cutOf(data) }],
    ['not linked', { cut: cutOf(unlinked) }],
    ['unknown chain', { cut: cut.map((entry) => ({ ...entry, shard: 7 })) }],
    ['incarnation', { cut: cut.map((entry) => ({ ...entry, incarnation: 1 })) }],
    ['window', { cut: cut.map((entry) => ({ ...entry, height: 99 })) }],
  ];
  for (const [wanted, changed] of cases) {
    const got = reason(changed);
    assert.equal(got, wanted, JSON.stringify(Object.keys(changed)));
  }
});

test('W-03 an empty block is notarized only to carry a non-empty one to finality', () => {
  for (const isFinal of [false, true]) {
    const { node, first } = inViewThree();
    if (isFinal) node.receive(LEADER, { kind: 'certificate', certificate: certificate('finalize', 1, first.hash) });
    node.receive(leaderOf(ROSTER, 3), proposal(child(first, 3, [], { flags: 1 })));
    node.wait(50);
    assert.equal(node.votes().includes('notarize:3'), !isFinal);
  }
});

test('W-03 a flush notarized while its parent became final is finalized all the same, and built on', () => {
  const { node, first } = inViewThree();
  const flush = child(first, 3, [], { flags: 1 });
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('finalize', 1, first.hash) });
  node.receive(leaderOf(ROSTER, 3), proposal(flush));
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 3, flush.hash) });
  assert.ok(node.votes().includes('finalize:3'));
  assert.deepEqual(node.told('evidence'), []);
});

test('S-12 a missing nullification, notarization or body is fetched, never called invalid', () => {
  const { first, more } = inViewThree();
  const proposed = child(first, 3, cutOf(more));
  const node = new Solo(SELF);
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('nullify', 2, undefined) });
  assert.deepEqual(judgeBlock(node.replica, proposed), {
    kind: 'missing',
    requests: [{ kind: 'fetch-certificates', from: 1, to: 2 }],
  });
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 1, first.hash) });
  assert.deepEqual(judgeBlock(node.replica, proposed), {
    kind: 'missing',
    requests: [{ kind: 'fetch-block', hash: first.hash }],
  });
  assert.deepEqual(node.told('evidence'), []);
});

test('block time is a reason to wait: 500 ms ahead, 2 s or two timers behind', () => {
  const at = block(1, []);
  const { timeMs } = at.block;
  assert.ok(isTimely(at, timeMs - 500, 100));
  assert.ok(!isTimely(at, timeMs - 501, 100));
  assert.ok(isTimely(at, timeMs + 2_000, 100));
  assert.ok(!isTimely(at, timeMs + 2_001, 100));
  assert.ok(isTimely(at, timeMs + 3_000, 1_500));
});
