import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaderOf } from '../../protocol/roster.ts';
import { block, certificate, child, cutOf, proposal, ROSTER, Solo, segment, vote } from './harness/solo.ts';

const LEADER = leaderOf(ROSTER, 1);
/** Leads none of the first three views. */
const SELF = leaderOf(ROSTER, 4);
const OTHERS = [0, 1, 2, 3].filter((at) => at !== SELF);

/** A follower of view 1 that holds the data of a block proposed there. */
function withProposal() {
  const node = new Solo(SELF);
  const data = segment(LEADER);
  node.receive(LEADER, { kind: 'segment', segment: data });
  const proposed = block(1, cutOf(data));
  node.receive(LEADER, proposal(proposed));
  return { node, data, proposed };
}

test('S-02 a leader with work proposes once, also when asked again', () => {
  const node = new Solo(LEADER);
  node.receive(SELF, { kind: 'segment', segment: segment(SELF) });
  node.wait(100);
  assert.equal(node.sentOf('propose').length, 1);
  assert.deepEqual(node.votes(), ['propose:1']);
});

test('S-03 the first valid proposal is notarized, a second one of the view is evidence', () => {
  const { node } = withProposal();
  assert.deepEqual(node.votes(), ['notarize:1']);
  node.receive(LEADER, proposal(block(1, cutOf(segment(LEADER, 1, undefined, 7)))));
  assert.deepEqual(node.votes(), ['notarize:1']);
  assert.deepEqual(node.told('evidence'), ['two proposals', 'two notarize votes']);
});

test('S-03 S-12 a proposal whose data is not here is fetched from the leader, then notarized', () => {
  const node = new Solo(SELF);
  const data = segment(LEADER);
  node.receive(LEADER, proposal(block(1, cutOf(data))));
  assert.deepEqual(node.votes(), []);
  assert.equal(node.sentOf('fetch-segments')[0]?.author, LEADER);
  node.receive(LEADER, { kind: 'segment', segment: data });
  assert.deepEqual(node.votes(), ['notarize:1']);
});

test('S-04 W-02 a dormant view is silent for ever; with work it is nullified when its time is over', () => {
  const node = new Solo(SELF);
  node.wait(5_000);
  assert.deepEqual(node.votes(), []);
  assert.equal(node.journal.length, 0);
  node.receive(LEADER, { kind: 'segment', segment: segment(LEADER) });
  node.wait(200);
  assert.deepEqual(node.votes(), []);
  node.wait(200);
  assert.deepEqual(node.votes(), ['nullify:1']);
});

test('S-04 the leader’s own nullify ends the wait', () => {
  const node = new Solo(SELF);
  node.vote('nullify', 1, undefined, LEADER);
  assert.deepEqual(node.votes(), ['nullify:1']);
});

test('S-04 S-05 after an own finalize a view is never nullified', () => {
  const { node, proposed } = withProposal();
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 1, proposed.hash) });
  node.vote('nullify', 1, undefined, LEADER);
  node.wait(5_000);
  const votes = node.votes();
  assert.ok(votes.includes('finalize:1'));
  assert.ok(!votes.includes('nullify:1'));
});

test('S-05 after an own nullify a late notarization is not finalized here, but the next view may build on it', () => {
  const { node, proposed } = withProposal();
  node.wait(500);
  assert.ok(node.votes().includes('nullify:1'));
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 1, proposed.hash) });
  assert.ok(!node.votes().includes('finalize:1'));
  assert.equal(node.replica.view, 2);
  const next = leaderOf(ROSTER, 2);
  const more = segment(next, 1);
  node.receive(next, { kind: 'segment', segment: more }, proposal(child(proposed, 2, cutOf(more))));
  node.wait(100);
  assert.ok(node.votes().includes('notarize:2'));
});

test('S-06 D-01 a certificate is persisted before the vote that follows from it', () => {
  const { node, proposed } = withProposal();
  node.vote('notarize', 1, proposed.hash, ...OTHERS.filter((at) => at !== LEADER));
  const kinds = node.journal.map((entry) => entry.kind);
  assert.deepEqual(kinds, ['segment', 'notarize', 'certificate', 'finalize']);
});

test('D-02 an own vote counts only once it is synced', () => {
  const { node, proposed } = withProposal();
  const [, second] = OTHERS.filter((at) => at !== LEADER);
  const fresh = new Solo(SELF);
  fresh.syncs = false;
  const data = segment(LEADER);
  fresh.receive(LEADER, { kind: 'segment', segment: data }, proposal(proposed));
  fresh.vote('notarize', 1, proposed.hash, second ?? 0);
  assert.equal(fresh.replica.view, 1);
  fresh.step({ kind: 'synced' });
  assert.equal(fresh.replica.view, 2);
  assert.equal(node.replica.view, 1);
});

test('S-07 a finalization finalizes and executes the ancestors too', () => {
  const { node, data, proposed } = withProposal();
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 1, proposed.hash) });
  const second = segment(LEADER, 2, data.id);
  const next = child(proposed, 2, cutOf(second));
  node.receive(LEADER, { kind: 'segment', segment: second });
  node.receive(leaderOf(ROSTER, 2), proposal(next));
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('finalize', 2, next.hash) });
  assert.equal(node.replica.finalHeight, 2);
  assert.equal(node.replica.executed.height, 2);
  const executed = node.delivered
    .filter((one) => one.kind === 'executed')
    .map(({ executed }) => executed.certificate?.view);
  assert.deepEqual(executed, [undefined, 2]);
});

test('S-08 the first vote of a signer stays; one with a broken signature cannot replace it', () => {
  const node = new Solo(SELF);
  const first = block(1, cutOf(segment(LEADER)));
  node.vote('notarize', 1, first.hash, LEADER);
  for (let times = 0; times < 3; times++) node.vote('notarize', 1, block(1, []).hash, LEADER);
  assert.deepEqual(node.told('evidence'), ['two notarize votes']);
  const broken = { ...vote('notarize', 1, first.hash, LEADER), signature: new Uint8Array(64) };
  node.receive(LEADER, { kind: 'vote', vote: broken });
  assert.deepEqual(node.told('refused'), ['vote signature']);
  assert.deepEqual(node.replica.views.find(1)?.votes.notarize.get(LEADER)?.blockHash, first.hash);
});

test('S-09 nullified and finalized: this node says so and signs nothing more', () => {
  const { node, proposed } = withProposal();
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('nullify', 1, undefined) });
  const before = node.votes();
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('finalize', 1, proposed.hash) });
  assert.deepEqual(node.told('violation'), ['nullified and finalized']);
  node.wait(2_000);
  assert.deepEqual(node.votes(), before);
});

test('S-09 a second certificate for another block is seen for what it is, also of a final view', () => {
  for (const isFinal of [false, true]) {
    const { node, proposed } = withProposal();
    const kind = isFinal ? 'finalize' : 'notarize';
    node.receive(LEADER, { kind: 'certificate', certificate: certificate(kind, 1, proposed.hash) });
    node.receive(LEADER, { kind: 'certificate', certificate: certificate(kind, 1, block(1, []).hash) });
    assert.deepEqual(node.told('violation'), ['two blocks certified'], kind);
  }
});

test('S-06 a certificate counts each signer once', () => {
  const node = new Solo(SELF);
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('nullify', 1, undefined, [0, 1, 1]) });
  assert.equal(node.replica.view, 1);
  assert.deepEqual(node.told('refused'), ['certificate signatures']);
});

test('S-10 votes far ahead are refused, a certificate far ahead is followed', () => {
  const node = new Solo(SELF);
  node.vote('nullify', 9, undefined, LEADER);
  assert.deepEqual(node.told('refused'), ['vote ahead of the window']);
  assert.deepEqual(node.sentOf('fetch-certificates')[0], { kind: 'fetch-certificates', from: 8, to: 8 });
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('nullify', 8, undefined) });
  assert.equal(node.replica.view, 9);
  assert.equal(node.replica.views.find(5), undefined);
});

test('A-01 a vote comes from its signer, a proposal from the leader, and both are signed', () => {
  const node = new Solo(SELF);
  const stranger = OTHERS.find((at) => at !== LEADER) ?? 0;
  const proposed = block(1, cutOf(segment(LEADER)));
  node.receive(stranger, { kind: 'vote', vote: vote('nullify', 1, undefined, LEADER) }, proposal(proposed));
  node.receive(LEADER, proposal(proposed, stranger));
  const short = { ...certificate('nullify', 1, undefined), signers: [0, 1] };
  node.receive(stranger, { kind: 'certificate', certificate: short });
  assert.deepEqual(node.told('refused'), [
    'vote of somebody else',
    'not the leader',
    'proposal signature',
    'certificate signatures',
  ]);
});

test('A-01 who sent what does not verify is not looked at for 30 s, and then again', () => {
  const node = new Solo(SELF);
  const good = vote('nullify', 1, undefined, LEADER);
  node.receive(
    LEADER,
    { kind: 'vote', vote: { ...good, signature: new Uint8Array(64) } },
    { kind: 'vote', vote: good },
  );
  assert.deepEqual(node.told('refused'), ['vote signature', 'muted']);
  node.wait(30_000);
  node.receive(LEADER, { kind: 'vote', vote: good });
  assert.deepEqual(node.votes(), ['nullify:1']);
});

test('W-01 a leader that gives its view up to one node alone on an idle network does not make it talk for ever', () => {
  const node = new Solo(SELF);
  node.vote('nullify', 1, undefined, LEADER);
  assert.deepEqual(node.votes(), ['nullify:1']);
  node.sent.length = 0;
  node.wait(5_000);
  assert.deepEqual(
    node.sent.filter(({ kind }) => kind === 'vote' || kind === 'certificate'),
    [],
  );
  // A second one is the quorum: its own vote counted all the time.
  const [other = 0] = OTHERS.filter((at) => at !== LEADER);
  node.vote('nullify', 1, undefined, other);
  assert.equal(node.replica.view, 2);
});
