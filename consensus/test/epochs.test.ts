import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOCK_FLAGS, type HashedBlock, reconfigOf } from '../../protocol/chain/block.ts';
import { approvedChange, epochOf } from '../../protocol/governance/epochs.ts';
import { paramsProposeBody } from '../../protocol/governance/operations/network-change.ts';
import { toHex } from '../../protocol/hex.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { begin, certificateIn, change, end, execute, flush, operation, sealing } from './harness/epochs.ts';
import {
  block,
  CHAIN,
  certificate,
  child,
  cutOf,
  proposal,
  ROSTER,
  restart,
  Solo,
  segment,
  vote,
} from './harness/solo.ts';

/** Leads none of the first three views. */
const SELF = leaderOf(ROSTER, 4);
const OTHERS = [0, 1, 2, 3].filter((at) => at !== SELF);
const [A = 0] = OTHERS;
const [L2, L3] = [leaderOf(ROSTER, 2), leaderOf(ROSTER, 3)];
const RESHARD = operation('params.propose', paramsProposeBody({ epoch: 0, shards: 4 })).item;

/** What a proposal comes to: a vote, nothing, or the reason why it is invalid. */
function verdict(node: Solo, hashed: HashedBlock): string {
  const before = node.votes().length;
  node.receive(hashed.block.proposer, proposal(hashed));
  const told = node.told('evidence').findLast((what) => what.startsWith('invalid block: '));
  return told?.slice('invalid block: '.length) ?? node.votes().slice(before).join();
}

/** In view 2 with block 1 executed, which approved a change. */
function approved(): { node: Solo; first: HashedBlock } {
  const node = new Solo(SELF);
  return { node, first: execute(node, [RESHARD]) };
}

test('N-01 an end of the epoch is missing while the block that approved it is not executed here, then valid', () => {
  const { node: reference, first } = approved();
  const second = child(first, 2, cutOf(segment(A)));
  const seal = sealing(reference, second, 3);
  const node = new Solo(SELF);
  node.receive(A, { kind: 'final', blocks: [first], certificate: certificate('finalize', 1, first.hash) });
  node.receive(A, { kind: 'segment', segment: segment(A) });
  node.receive(L2, proposal(second));
  node.receive(A, { kind: 'certificate', certificate: certificate('notarize', 2, second.hash) });
  assert.deepEqual([node.replica.executed.height, node.replica.finalHeight], [0, 1]);
  node.wait(50);
  assert.equal(verdict(node, seal), '');
  node.receive(A, { kind: 'segment', segment: execution() });
  assert.ok(node.votes().includes('notarize:3'));
});

/** The segment of `execute`. */
function execution() {
  const node = new Solo(SELF);
  execute(node, [RESHARD]);
  const found = node.journal.find((entry) => entry.kind === 'segment');
  assert.ok(found?.kind === 'segment');
  return found.segment;
}

test('N-01 the approved end is notarized, and each thing wrong with one is invalid for ever', () => {
  const { node: reference, first } = approved();
  const open = approvedChange(reference.replica.state);
  assert.ok(open !== undefined);
  const { next, approvedHeight: height } = open;
  const other = { ...next, params: { ...next.params, shards: 3 } };
  const good = reconfigOf(height, next);
  const cases: [string, Partial<HashedBlock['block']>][] = [
    ['notarize:2', {}],
    ['notarize:2', { cut: cutOf(segment(A)) }],
    ['reconfiguration', { reconfig: reconfigOf(height, other) }],
    ['reconfiguration', { reconfig: reconfigOf(0, next) }],
    ['reconfiguration of its own future', { reconfig: reconfigOf(2, next) }],
    ['reconfiguration of its own future', { reconfig: reconfigOf(Number.MAX_SAFE_INTEGER, next) }],
    ['seal flag', { flags: 0, reconfig: good }],
    ['seal flag', { flags: BLOCK_FLAGS.seal, reconfig: undefined, cut: cutOf(segment(A)) } as object],
    ['empty without the flush flag', { flags: BLOCK_FLAGS.seal, reconfig: undefined } as object],
    ['empty without the flush flag', { flags: BLOCK_FLAGS.seal | BLOCK_FLAGS.flush }],
    ['flags', { flags: BLOCK_FLAGS.seal | 4 }],
  ];
  for (const [expected, changed] of cases) {
    const { node } = approved();
    node.receive(A, { kind: 'segment', segment: segment(A) });
    node.wait(20);
    assert.equal(verdict(node, sealing(node, first, 2, changed)), expected, JSON.stringify(Object.keys(changed)));
  }
});

test('N-01 above the end of an epoch only an empty block is valid', () => {
  const cases: [string, (node: Solo, seal: HashedBlock) => HashedBlock][] = [
    ['notarize:3', (_, seal) => flush(seal, 3)],
    ['content after the end of the epoch', (_, seal) => child(seal, 3, cutOf(segment(A)))],
    ['content after the end of the epoch', (_, seal) => child(seal, 3, [], { evidence: [restart(A, 1).bytes] })],
    ['content after the end of the epoch', (node, seal) => sealing(node, seal, 3)],
    ['seal flag', (_, seal) => flush(seal, 3, { flags: BLOCK_FLAGS.flush | BLOCK_FLAGS.seal })],
  ];
  for (const [expected, blockOf] of cases) {
    const { node, first } = approved();
    node.receive(A, { kind: 'segment', segment: segment(A) });
    const seal = sealing(node, first);
    node.receive(L2, proposal(seal));
    node.receive(A, { kind: 'certificate', certificate: certificate('notarize', 2, seal.hash) });
    node.wait(50);
    assert.equal(verdict(node, blockOf(node, seal)), expected);
  }
});

test('N-01 a leader ends the epoch as soon as it is approved, with what there is to order, and then only flushes', () => {
  const node = new Solo(L2);
  const first = execute(node, [RESHARD]);
  node.wait(50);
  const [proposed] = node.sentOf('propose');
  assert.deepEqual(
    [proposed?.block.block.flags, proposed?.block.block.reconfig?.height, proposed?.block.block.height],
    [BLOCK_FLAGS.seal, 1, 2],
  );
  const later = new Solo(L3);
  execute(later, [RESHARD]);
  const seal = sealing(later, first);
  later.receive(A === L3 ? SELF : A, { kind: 'segment', segment: segment(A === L3 ? SELF : A) });
  later.receive(L2, proposal(seal));
  const signers = [0, 1, 2, 3].filter((at) => at !== L3);
  later.receive(L2, { kind: 'certificate', certificate: certificate('notarize', 2, seal.hash, signers) });
  later.wait(700);
  const [above] = later.sentOf('propose');
  assert.deepEqual([above?.block.block.flags, above?.block.block.cut.length], [BLOCK_FLAGS.flush, 0]);
  assert.deepEqual(above?.block.block.parentHash, seal.hash);
});

test('N-02 an end that a descendant finalizes: the ledger ends with it, the tail is its proof, and its heights are used again', () => {
  const { node, first } = approved();
  const seal = sealing(node, first);
  const tail = [flush(seal, 3), flush(flush(seal, 3), 4, { proposer: SELF })];
  end(node, [seal, ...tail]);
  const { replica } = node;
  assert.deepEqual([replica.finalHeight, replica.finalView, replica.executed.height], [2, 2, 2]);
  const executed = node.delivered.flatMap((one) => (one.kind === 'executed' ? one.executed : []));
  assert.deepEqual(
    executed.map(({ block: { hash } }) => toHex(hash)),
    [first, seal].map(({ hash }) => toHex(hash)),
  );
  const proof = executed.at(-1)?.seal;
  assert.deepEqual([proof?.tail.map(({ block: { view } }) => view), proof?.certificate.view], [[3, 4], 4]);
  assert.deepEqual(executed.at(-1)?.anchor, {
    ...{ epoch: 1, height: 2, view: 0, hash: seal.hash, timeMs: seal.block.timeMs, cut: [], standings: [] },
    history: replica.executed.history,
  });
  begin(node);
  assert.deepEqual([node.replica.view, node.replica.finalHeight], [1, 2]);
});

test('N-02 once the end is final nothing is signed any more, whatever comes in', () => {
  const { node, first } = approved();
  const seal = sealing(node, first);
  end(node, [seal]);
  const signed = node.journal.length;
  const above = flush(seal, 3);
  node.receive(L3, proposal(above), { kind: 'vote', vote: vote('notarize', 3, above.hash, A) });
  node.receive(A, { kind: 'certificate', certificate: certificate('notarize', 3, above.hash) });
  node.receive(A, { kind: 'segment', segment: segment(A) });
  node.step({ kind: 'submit', shard: 1, item: { kind: 9, bytes: Uint8Array.of(1) }, id: new Uint8Array(32) });
  for (const signer of OTHERS) node.receive(signer, { kind: 'vote', vote: vote('nullify', 3, undefined, signer) });
  node.wait(5_000);
  const mine = node.journal.slice(signed).filter(({ kind }) => ['notarize', 'nullify', 'finalize'].includes(kind));
  assert.deepEqual(mine, []);
  assert.deepEqual(node.told('violation'), []);
  const own = node.journal.filter((entry) => entry.kind === 'segment' && entry.segment.header.author === SELF);
  assert.deepEqual(own, []);
  begin(node);
  const { shards } = node.replica.config;
  assert.deepEqual([shards, node.replica.leftovers.size], [4, 1]);
});

test('N-03 an epoch begins with fresh views, votes and chains, and the parameters of its own', () => {
  const node = new Solo(SELF);
  const { seal } = change(node, [RESHARD]);
  const { replica } = node;
  assert.deepEqual([replica.config.roster.epoch, replica.config.shards, replica.config.self], [1, 4, SELF]);
  assert.deepEqual([replica.view, replica.finalView, replica.finalHeight], [1, 0, 2]);
  assert.ok(replica.views.ascending().every(({ own, certificates }) => own.size + certificates.size === 0));
  assert.deepEqual([replica.unsynced.length, replica.peers.length, replica.unresolved.size], [0, 4, 0]);
  assert.deepEqual(replica.tree.final.hash, seal.hash);
  assert.ok(replica.chains.all().every((chain) => chain.final.height === 0 && chain.size === 0));
  assert.equal(epochOf(replica.state).sealedHeight, 2);
});

test('N-03 messages of the epoch before are refused one and all, and nobody is muted for them', () => {
  const node = new Solo(SELF);
  const { first, seal } = change(node, [RESHARD]);
  const journal = node.journal.length;
  const old = child(first, 1, cutOf(segment(A)));
  const before = node.told('refused').length;
  for (const from of OTHERS) {
    node.receive(
      from,
      proposal(old),
      { kind: 'vote', vote: vote('notarize', 1, old.hash, from) },
      { kind: 'vote', vote: vote('nullify', 1, undefined, from) },
      { kind: 'certificate', certificate: certificate('nullify', 1, undefined) },
      { kind: 'final', blocks: [flush(seal, 3)], certificate: certificate('finalize', 3, flush(seal, 3).hash) },
      { kind: 'block', block: old },
      { kind: 'segment', segment: segment(A) },
      { kind: 'evidence', evidence: restart(from, 1) },
      { kind: 'past', nonce: new Uint8Array(16), view: 9 },
      { kind: 'status', epoch: 0, view: 9, finalView: 8, finalHeight: 9, tips: [], checkpoint: undefined },
    );
  }
  assert.ok(node.told('refused').length > before + 20);
  assert.ok(node.told('refused').every((reason) => !reason.includes('signature') && reason !== 'muted'));
  assert.ok(node.replica.peers.every(({ mutedUntilMs }) => mutedUntilMs === 0));
  assert.deepEqual([node.journal.slice(journal), node.told('evidence'), node.told('violation')], [[], [], []]);
  assert.equal(
    node.replica.views.ascending().every(({ certificates }) => certificates.size === 0),
    true,
  );
});

test('N-03 the first block of an epoch stands on the one that ended the last, and is final by the new roster alone', () => {
  const node = new Solo(SELF);
  const { seal } = change(node, [RESHARD]);
  const { roster } = node.replica.config;
  const leader = leaderOf(roster, 1);
  const data = segment(A);
  const facts = { epoch: 1, height: 3, parentHash: seal.hash, timeMs: seal.block.timeMs + 1, proposer: leader };
  const next = block(1, [], {
    ...facts,
    flags: BLOCK_FLAGS.seal,
    reconfig: reconfigOf(1, { ...epochOf(node.replica.state), epoch: 2 }),
  });
  assert.equal(data.header.epoch, 0);
  const bad = { kind: 'final', blocks: [next], certificate: certificate('finalize', 1, next.hash) } as const;
  node.receive(A, bad);
  assert.equal(node.replica.finalHeight, 2);
  const forged = { ...certificate('finalize', 1, next.hash), epoch: 1 };
  node.receive(A, { ...bad, certificate: forged });
  assert.equal(node.told('refused').at(-1), 'certificate signatures');
  const good = certificateIn(roster, 'finalize', 1, next.hash, OTHERS);
  node.receive(OTHERS[1] ?? 0, { ...bad, certificate: good });
  assert.equal(node.replica.finalHeight, 3);
  assert.deepEqual(node.replica.config.chain, CHAIN);
});

test('N-05 no vote for the end of an epoch whose next version is not spoken here, and one where it is', () => {
  const newer = operation('params.propose', paramsProposeBody({ epoch: 0, version: 2 })).item;
  for (const [spoken, votes] of [
    [1, ''],
    [2, 'notarize:2'],
  ] as const) {
    const node = new Solo(SELF);
    Object.assign(node.replica, { config: { ...node.replica.config, spoken } });
    const first = execute(node, [newer]);
    assert.equal(approvedChange(node.replica.state)?.next.params.version, 2);
    assert.equal(verdict(node, sealing(node, first)), votes);
    assert.deepEqual(node.told('evidence'), []);
  }
});
