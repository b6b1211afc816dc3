import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import { signedHeaderOf } from '../../protocol/chain/segment.ts';
import { type Evidence, pairSegments, pairVotes } from '../../protocol/evidence.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { pickEvidence } from '../evidence.ts';
import { liveEntries } from '../replica.ts';
import type { Message } from '../types.ts';
import { block, certificate, child, cutOf, proposal, ROSTER, restart, Solo, segment, vote } from './harness/solo.ts';

const SELF = leaderOf(ROSTER, 4);
const OTHERS = [0, 1, 2, 3].filter((index) => index !== SELF);
const [VILLAIN = 0, A = 0, B = 0] = OTHERS;

const forkA = segment(VILLAIN, 1, ZERO_HASH, 1);
const forkB = segment(VILLAIN, 1, ZERO_HASH, 2);
const FORK = pairSegments(signedHeaderOf(forkA), signedHeaderOf(forkB));
const good = segment(A);

function finalize(node: Solo, hashed: HashedBlock): void {
  const { view } = hashed.block;
  node.receive(A, { kind: 'final', blocks: [hashed], certificate: certificate('finalize', view, hashed.hash, OTHERS) });
  assert.equal(node.replica.finalHeight, hashed.block.height);
}

/** A node whose final block of view 1 carries this evidence and the first segment of a good author. */
function after(evidence: readonly Evidence[], journal: Solo['journal'] = []): { node: Solo; first: HashedBlock } {
  const node = new Solo(SELF, journal);
  const first = block(1, cutOf(good), { evidence: evidence.map(({ bytes }) => bytes) });
  node.receive(A, { kind: 'segment', segment: good });
  finalize(node, first);
  return { node, first };
}

function invalidity(node: Solo, hashed: HashedBlock): string {
  const before = node.votes().length;
  node.receive(hashed.block.proposer, proposal(hashed));
  const told = node.told('evidence').findLast((what) => what.startsWith('invalid block: '));
  return told?.slice('invalid block: '.length) ?? node.votes().slice(before).join();
}

function evidenceOf(messages: readonly Message[]): Evidence[] {
  return messages.flatMap((message) => (message.kind === 'evidence' ? message.evidence : []));
}

test('E-02 two segments of one place, and two votes of one view, become evidence that is kept and told once', () => {
  const faults: [string, (node: Solo) => void][] = [
    [
      'segments',
      (node) => void node.receive(B, ...[forkA, forkB].map((one): Message => ({ kind: 'segment', segment: one }))),
    ],
    [
      'votes',
      (node) => {
        for (const at of [1, 2]) node.vote('notarize', 1, new Uint8Array(32).fill(at), VILLAIN);
      },
    ],
    [
      'votes',
      (node) => {
        node.vote('nullify', 1, undefined, VILLAIN);
        node.vote('finalize', 1, ZERO_HASH, VILLAIN);
      },
    ],
  ];
  for (const [kind, commit] of faults) {
    const node = new Solo(SELF);
    commit(node);
    commit(node);
    assert.deepEqual(
      evidenceOf(node.sent).map((one) => [one.kind, one.author]),
      [[kind, VILLAIN]],
    );
    assert.equal(node.journal.filter((entry) => entry.kind === 'evidence').length, 1);
    const again = new Solo(SELF, liveEntries(node.replica));
    assert.equal(again.replica.evidence.size, 1);
  }
});

test('E-02 evidence of a peer is verified before it is kept, and one proof an author is enough', () => {
  const node = new Solo(SELF);
  const signature = new Uint8Array(64);
  const forged = pairSegments({ ...signedHeaderOf(forkA), signature }, signedHeaderOf(forkB));
  node.receive(A, { kind: 'evidence', evidence: forged });
  node.receive(B, {
    kind: 'evidence',
    evidence: pairVotes(vote('notarize', 1, ZERO_HASH, A), vote('nullify', 1, undefined, A)),
  });
  assert.deepEqual(node.told('refused'), ['evidence signature', 'evidence signature']);
  assert.equal(node.replica.evidence.size, 0);
  node.wait(40_000);
  for (let at = 0; at < 100; at++) {
    const third = segment(VILLAIN, 1, ZERO_HASH, 3 + at);
    node.receive(B, { kind: 'evidence', evidence: pairSegments(signedHeaderOf(forkA), signedHeaderOf(third)) });
  }
  assert.equal(node.replica.evidence.size, 1);
});

test('E-02 who leads puts it into its block, work or no work', () => {
  const node = new Solo(SELF);
  for (let below = 1; below < 4; below++)
    node.receive(A, { kind: 'certificate', certificate: certificate('nullify', below, undefined, OTHERS) });
  node.receive(B, { kind: 'evidence', evidence: FORK });
  node.wait(50);
  const proposed = node.sentOf('propose')[0]?.block.block;
  assert.deepEqual([proposed?.evidence, proposed?.flags, proposed?.cut], [[FORK.bytes], 0, []]);
});

test('E-02 a restart that comes first does not keep the proof out of the block', () => {
  const node = new Solo(SELF);
  for (const evidence of [restart(VILLAIN, 1), FORK]) node.receive(B, { kind: 'evidence', evidence });
  assert.deepEqual(
    pickEvidence(node.replica, new Map(), 0).map(({ kind }) => kind),
    ['segments'],
  );
  node.replica.evidence.delete(`${VILLAIN}/fault`);
  assert.deepEqual(
    pickEvidence(node.replica, new Map(), 0).map(({ kind }) => kind),
    ['restart'],
  );
});

test('E-03 what waits to be sealed when its author is muted is answered: busy', () => {
  const node = new Solo(SELF);
  const item = { kind: 9, bytes: Uint8Array.of(1) };
  node.step({ kind: 'submit', shard: 1, item, id: ZERO_HASH });
  const proof = pairVotes(vote('finalize', 1, ZERO_HASH, SELF), vote('nullify', 1, undefined, SELF));
  finalize(node, block(1, [], { evidence: [proof.bytes] }));
  assert.deepEqual([node.delivered.filter(({ kind }) => kind === 'busy').length, node.replica.pool.waiting(1)], [1, 0]);
});

test('E-01 a block carries only evidence that holds, above what its parent settled, authors ascending', () => {
  const votesOf = (author: number): Evidence =>
    pairVotes(vote('finalize', 1, ZERO_HASH, author), vote('nullify', 1, undefined, author));
  const sorted = [0, 1].map(votesOf);
  const flipped = FORK.bytes.map((byte, at) => (at === FORK.bytes.length - 1 ? byte ^ 1 : byte));
  const cases: [string, readonly (Evidence | Uint8Array)[]][] = [
    ['notarize:1', [FORK]],
    ['notarize:1', sorted],
    ['notarize:1', [restart(A, 1)]],
    ['evidence', [...sorted].reverse()],
    ['evidence', [FORK, FORK]],
    ['evidence', [Uint8Array.of(9)]],
    ['evidence', [Uint8Array.of(1, ...FORK.bytes.subarray(1))]],
    ['evidence', [restart(A, 2)]],
    ['evidence', [restart(A, 1, A, 1)]],
    ['evidence that proves nothing', [restart(A, 1, B)]],
    ['evidence that proves nothing', [flipped]],
    ['evidence that proves nothing', [pairSegments(signedHeaderOf(forkA), signedHeaderOf(forkA))]],
    ['evidence that proves nothing', [pairSegments(signedHeaderOf(forkA), signedHeaderOf(good))]],
    ['evidence that proves nothing', [pairVotes(vote('notarize', 1, ZERO_HASH, 0), vote('nullify', 1, undefined, 0))]],
    ['evidence that proves nothing', [pairVotes(vote('finalize', 1, ZERO_HASH, 0), vote('nullify', 2, undefined, 0))]],
    ['evidence that proves nothing', [pairVotes(vote('finalize', 1, ZERO_HASH, 0), vote('nullify', 1, undefined, 2))]],
  ];
  for (const [wanted, list] of cases) {
    const evidence = list.map((one) => (one instanceof Uint8Array ? one : one.bytes));
    const got = invalidity(new Solo(SELF), block(1, [], { evidence }));
    assert.equal(got, wanted, list.map((one) => (one instanceof Uint8Array ? 'bytes' : one.kind)).join());
  }
});

test('E-03 nothing of a muted author is taken, cut or voted for, also after a restart of the node', () => {
  const { node, first } = after([FORK]);
  assert.deepEqual(
    node.delivered.flatMap((one) => (one.kind === 'standing' ? [[one.standing.author, one.standing.muted]] : [])),
    [[VILLAIN, true]],
  );
  node.receive(B, { kind: 'segment', segment: forkA });
  assert.deepEqual(node.told('refused'), ['segment of a muted author']);
  assert.equal(invalidity(node, child(first, 2, cutOf(forkA))), 'muted');
  assert.equal(node.replica.executed.standings[0]?.muted, true);
  const again = after([], node.journal);
  assert.equal(again.node.replica.chains.of(1, VILLAIN).muted, true);
  // Settled is settled: the same proof is no news, and no block may carry it twice.
  node.receive(A, { kind: 'evidence', evidence: FORK });
  assert.equal(node.replica.evidence.size, 0);
});

test('F-03 a restart cuts the chains at their final tips; only the new incarnation goes on, once after evidence', () => {
  const { node, first } = after([restart(A, 1)]);
  const stale = segment(A, 2, good.id, 5);
  const fresh = segment(A, 2, good.id, 6, 1);
  node.receive(B, { kind: 'segment', segment: stale }, { kind: 'segment', segment: fresh });
  assert.deepEqual(node.told('refused'), ['segment of an incarnation that ended']);
  assert.equal(toHex(node.replica.chains.of(1, A).linked.tip), toHex(fresh.id));
  assert.equal(invalidity(node, child(first, 2, cutOf(fresh))), 'notarize:2');
  const wrong = cutOf(fresh).map((entry) => ({ ...entry, incarnation: 0 }));
  assert.equal(invalidity(after([restart(A, 1)]).node, child(first, 2, wrong)), 'incarnation');

  const muted = after([FORK]);
  finalize(muted.node, child(muted.first, 2, [], { evidence: [restart(VILLAIN, 1).bytes] }));
  const standing = muted.node.replica.tree.final.standings.get(VILLAIN);
  assert.deepEqual([standing?.muted, standing?.pardoned, standing?.incarnation], [false, true, 1]);
  // Votes of before the restart are settled with it.
  const old = pairVotes(vote('finalize', 1, ZERO_HASH, VILLAIN), vote('nullify', 1, undefined, VILLAIN));
  muted.node.receive(B, { kind: 'evidence', evidence: old });
  assert.equal(muted.node.replica.evidence.size, 0);
});

test('F-03 who lost its journal restarts its chains once the fence is set, and by its own word of this life alone', () => {
  const nonce = new Uint8Array(16).fill(7);
  const node = new Solo(SELF, [], undefined, { nonce, amnesia: true });
  for (const other of OTHERS) node.receive(other, { kind: 'past', nonce, view: 1 });
  const [own] = evidenceOf(node.sent);
  assert.deepEqual([own?.kind, own?.author, evidenceOf(node.sent).length], ['restart', SELF, 1]);
  assert.ok(own !== undefined);

  const foreign = new Solo(SELF, node.journal, node.nowMs, { nonce: new Uint8Array(16).fill(8) });
  const settle = (one: Solo, evidence: Evidence): void => finalize(one, block(3, [], { evidence: [evidence.bytes] }));
  const submit = (one: Solo): string => {
    const { deliver } = one.step({
      kind: 'submit',
      shard: 1,
      item: { kind: 9, bytes: Uint8Array.of(1) },
      id: ZERO_HASH,
    });
    one.wait(100);
    return deliver.map(({ kind }) => kind).join() || `sealed ${one.replica.authors.tip(1).height}`;
  };
  assert.equal(submit(node), 'busy');
  settle(node, own);
  assert.equal(submit(node), 'sealed 1');
  assert.equal(node.replica.authors.incarnation, 1);
  // A restart of a life it forgot grants nothing: it asks for the next incarnation.
  settle(foreign, restart(SELF, 1));
  assert.equal(submit(foreign), 'busy');
  const next = evidenceOf(foreign.sent).findLast((one) => one.kind === 'restart');
  assert.equal(next?.kind === 'restart' ? next.incarnation : undefined, 2);
  // And what was granted holds over a restart of the node.
  const again = new Solo(SELF, liveEntries(node.replica), node.nowMs, { nonce });
  assert.equal(again.replica.authors.tip(1).height, 1);
});

test('E-02 a vote that contradicts what its signer put into a certificate is evidence, whichever comes first', () => {
  const shown = new Uint8Array(32).fill(1);
  const other = new Uint8Array(32).fill(2);
  const notarization = certificate('notarize', 1, other, OTHERS);
  for (const order of ['vote first', 'certificate first']) {
    const node = new Solo(SELF);
    const say = [
      () => node.vote('notarize', 1, shown, VILLAIN),
      () => void node.receive(A, { kind: 'certificate', certificate: notarization }),
    ];
    for (const one of order === 'vote first' ? say : say.reverse()) one();
    assert.deepEqual(
      evidenceOf(node.sent).map(({ kind, author }) => [kind, author]),
      [['votes', VILLAIN]],
      order,
    );
  }
  const honest = new Solo(SELF);
  honest.vote('notarize', 1, other, VILLAIN);
  honest.receive(A, { kind: 'certificate', certificate: certificate('nullify', 1, undefined, OTHERS) });
  assert.deepEqual(evidenceOf(honest.sent), [], 'notarize with nullify is none');
});
