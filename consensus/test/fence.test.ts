import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaderOf } from '../../protocol/roster.ts';
import { liveEntries } from '../replica.ts';
import type { Message } from '../types.ts';
import { block, certificate, child, cutOf, proposal, ROSTER, Solo, segment } from './harness/solo.ts';

const SELF = leaderOf(ROSTER, 4);
const OTHERS = [0, 1, 2, 3].filter((index) => index !== SELF);
const NONCE = new Uint8Array(16).fill(7);

function past(view: number, nonce = NONCE): Message {
  return { kind: 'past', nonce, view };
}

function forgetful(): Solo {
  const node = new Solo(SELF, [], undefined, { nonce: NONCE, amnesia: true });
  assert.equal(node.sentOf('fetch-past').length, OTHERS.length);
  return node;
}

/** Views up to `view` − 1 are nullified, so that this is where everybody is. */
function enter(node: Solo, view: number): void {
  for (let below = 1; below < view; below++) {
    node.receive(OTHERS[0] ?? 0, {
      kind: 'certificate',
      certificate: certificate('nullify', below, undefined, OTHERS),
    });
  }
}

test('F-01 silent in every view until a quorum of the others said and proved where they are, and one more', () => {
  const node = forgetful();
  enter(node, 3);
  const [a = 0, b = 0, c = 0] = OTHERS;
  node.receive(a, past(3));
  node.receive(b, past(2));
  node.receive(leaderOf(ROSTER, 3), proposal(block(3, cutOf(segment(a)))));
  node.wait(1_000);
  assert.deepEqual([node.votes(), node.replica.fence?.view], [[], undefined]);
  node.receive(c, past(3));
  assert.equal(node.replica.fence?.view, 4);
  enter(node, 5);
  node.receive(a, { kind: 'segment', segment: segment(a) });
  node.receive(leaderOf(ROSTER, 5), proposal(block(5, cutOf(segment(a)))));
  assert.deepEqual(node.votes(), ['notarize:5']);
});

test('F-01 an answer without proof, to another question, or a second one of a peer does not count', () => {
  const node = forgetful();
  const [a = 0, b = 0, c = 0] = OTHERS;
  node.receive(a, past(900), past(1));
  node.receive(b, past(1));
  node.receive(c, past(1, new Uint8Array(16)));
  node.wait(1_000);
  assert.equal(node.replica.fence?.view, undefined);
  assert.equal(
    node.sentOf('fetch-certificates').some(({ from }) => from === 899),
    true,
  );
  node.receive(c, past(1));
  assert.equal(node.replica.fence?.view, undefined);
});

test('F-01 a fence stands over restarts, pending or not, and nothing is sealed under the lost incarnation', () => {
  const node = forgetful();
  const pending = new Solo(SELF, node.journal, node.nowMs, { nonce: NONCE });
  assert.equal(pending.sentOf('fetch-past').length, OTHERS.length);
  for (const other of OTHERS) pending.receive(other, past(1));
  assert.equal(pending.replica.fence?.view, 2);
  const settled = new Solo(SELF, liveEntries(pending.replica), pending.nowMs, { nonce: NONCE });
  assert.deepEqual([settled.replica.fence?.view, settled.sentOf('fetch-past').length], [2, 0]);
  const item = { kind: 9, bytes: Uint8Array.of(1) };
  const { deliver } = settled.step({ kind: 'submit', shard: 1, item, id: new Uint8Array(32) });
  assert.deepEqual(
    deliver.map(({ kind }) => kind),
    ['busy'],
  );
});

test('F-01 who is fenced tells nobody where it was', () => {
  const node = forgetful();
  assert.deepEqual(node.answers({ kind: 'fetch-past', nonce: NONCE }), []);
  const other = new Solo(OTHERS[0] ?? 0);
  assert.deepEqual(other.answers({ kind: 'fetch-past', nonce: NONCE }), [past(1)]);
});

test('F-01 who forgot once tells how far it may have voted before, so that the next who forgets stays behind that', () => {
  const node = new Solo(SELF, [{ kind: 'fence', view: 7 }]);
  assert.deepEqual(node.answers({ kind: 'fetch-past', nonce: NONCE }), [past(7)]);
});

test('F-02 a certificate with an own signature that the journal does not have stops this node', () => {
  const node = new Solo(SELF);
  const own = certificate('nullify', 1, undefined, [SELF, ...OTHERS.slice(1)].sort());
  node.receive(OTHERS[0] ?? 0, { kind: 'certificate', certificate: own });
  assert.deepEqual(node.told('violation'), ['a signature of this node that its journal does not have']);
  node.wait(2_000);
  assert.deepEqual(node.votes(), []);
  const behind = forgetful();
  behind.receive(OTHERS[0] ?? 0, { kind: 'certificate', certificate: own });
  assert.deepEqual(behind.told('violation'), []);
});

test('F-02 below a finalization whose blocks are on their way an own signature is no surprise: compaction gave it up', () => {
  const data = segment(OTHERS[0] ?? 0);
  const first = block(1, cutOf(data));
  const second = child(first, 2, []);
  const finalization = certificate('finalize', 2, second.hash, OTHERS);
  const node = new Solo(SELF, [{ kind: 'certificate', certificate: finalization }]);
  const own = certificate('finalize', 1, first.hash, [SELF, ...OTHERS.slice(1)].sort());
  node.receive(OTHERS[0] ?? 0, { kind: 'certificate', certificate: own });
  assert.deepEqual(node.told('violation'), []);
});
