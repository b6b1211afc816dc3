import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Restart } from '../../protocol/evidence.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { liveEntries } from '../replica.ts';
import { block, certificate, cutOf, ROSTER, restart, Solo, segment } from './harness/solo.ts';

/* F-03 against one place sealed twice: by a life of the disk that does not know what an earlier one sealed. */

const SELF = leaderOf(ROSTER, 4);
const OTHERS = [0, 1, 2, 3].filter((index) => index !== SELF);
const [A = 0] = OTHERS;

function finalize(node: Solo, hashed: HashedBlock): void {
  const { view } = hashed.block;
  node.receive(A, { kind: 'final', blocks: [hashed], certificate: certificate('finalize', view, hashed.hash, OTHERS) });
  assert.equal(node.replica.finalHeight, hashed.block.height);
}

/** What becomes of an item: `busy`, or the height of the segment it went into. */
function submit(node: Solo): string {
  const item = { kind: 9, bytes: Uint8Array.of(1) };
  const { deliver } = node.step({ kind: 'submit', shard: 1, item, id: ZERO_HASH });
  node.wait(100);
  return deliver.map(({ kind }) => kind).join() || `sealed ${node.replica.authors.tip(1).height}`;
}

function askedBy(node: Solo): Restart[] {
  return node.sentOf('evidence').flatMap(({ evidence }) => (evidence.kind === 'restart' ? [evidence] : []));
}

/** A node that lost what it signed, with its fence set. */
function forgetful(mark: number, journal: Solo['journal'] = [], isLost = true): Solo {
  const nonce = new Uint8Array(16).fill(mark);
  const node = new Solo(SELF, journal, undefined, { nonce, amnesia: isLost });
  for (const other of OTHERS) node.receive(other, { kind: 'past', nonce, view: 1 });
  return node;
}

test('F-03 an own restart that a peer brings is of a life this disk forgot, also after a boot from the journal', () => {
  const old = restart(SELF, 1);
  const node = new Solo(SELF, [], undefined, { nonce: new Uint8Array(16).fill(1), amnesia: true });
  node.receive(A, { kind: 'evidence', evidence: old });
  const again = forgetful(2, node.journal, false);
  finalize(again, block(3, [], { evidence: [old.bytes] }));
  assert.equal(submit(again), 'busy');
  assert.equal(askedBy(again).at(-1)?.incarnation, 2);
});

test('F-03 an own restart of a journal that was rolled back grants nothing to who starts behind the fence again', () => {
  const node = forgetful(1);
  const [own] = askedBy(node);
  assert.ok(own !== undefined);
  const backup = [...node.journal];
  finalize(node, block(3, [], { evidence: [own.bytes] }));
  assert.equal(submit(node), 'sealed 1');

  const rejoined = forgetful(2, backup);
  finalize(rejoined, block(3, [], { evidence: [own.bytes] }));
  assert.equal(submit(rejoined), 'busy');
  assert.equal(askedBy(rejoined).at(-1)?.incarnation, 2);
  // Nor at the starts after that, from the whole journal or from a compacted one, also of while nobody had answered.
  const waiting = new Solo(SELF, backup, undefined, { nonce: new Uint8Array(16).fill(2), amnesia: true });
  for (const journal of [rejoined.journal, liveEntries(rejoined.replica), liveEntries(waiting.replica)]) {
    const later = forgetful(3, journal, false);
    finalize(later, block(3, [], { evidence: [own.bytes] }));
    assert.equal(submit(later), 'busy');
  }
});

test('F-02 a disk that was rolled back is seen by what goes on above its own chains, before a place is sealed twice', () => {
  const [first, second] = [segment(SELF), segment(SELF, 2, segment(SELF).id)];
  const heard = (node: Solo): void => void node.receive(A, { kind: 'segment', segment: second });
  const ordered = (node: Solo): void => finalize(node, block(3, cutOf(first)));
  for (const happens of [heard, ordered]) {
    const node = new Solo(SELF);
    happens(node);
    assert.equal(submit(node), 'sealed 0');
    assert.deepEqual(node.told('violation'), ['a signature of this node that its journal does not have']);
    // Behind the fence it is what was to be expected.
    const fenced = forgetful(1);
    happens(fenced);
    assert.deepEqual([submit(fenced), fenced.told('violation')], ['busy', []]);
  }
  const known = new Solo(SELF, [{ kind: 'segment', segment: first }]);
  ordered(known);
  assert.deepEqual([submit(known), known.told('violation')], ['sealed 2', []]);
});
