import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leaderOf } from '../../protocol/roster.ts';
import { answer } from '../answer.ts';
import { createReplica, liveEntries, restore } from '../replica.ts';
import { effectiveTimerMs } from '../simplex/timers.ts';
import { ANCHOR, block, certificate, child, cutOf, proposal, ROSTER, Solo, segment } from './harness/solo.ts';

const LEADER = leaderOf(ROSTER, 1);
/** Leads none of the first three views. */
const SELF = leaderOf(ROSTER, 4);
const OTHERS = [0, 1, 2, 3].filter((at) => at !== SELF);

test('D-03 a restarted validator sends its stored vote again and never another', () => {
  const before = new Solo(SELF);
  const data = segment(LEADER);
  const proposed = block(1, cutOf(data));
  before.receive(LEADER, { kind: 'segment', segment: data }, proposal(proposed));
  const [first] = before.sentOf('vote');
  const after = new Solo(SELF, before.journal);
  after.receive(LEADER, proposal(block(1, cutOf(segment(LEADER, 1, undefined, 5)))));
  after.receive(LEADER, proposal(proposed));
  after.wait(320);
  const notarizes = after.sentOf('vote').filter(({ vote }) => vote.kind === 'notarize');
  assert.ok(notarizes.length > 0);
  for (const { vote } of notarizes) assert.deepEqual(vote, first?.vote);
});

test('D-03 a restarted leader sends its own block again, not a new one', () => {
  const before = new Solo(LEADER);
  before.receive(SELF, { kind: 'segment', segment: segment(SELF) });
  const [first] = before.sentOf('propose');
  assert.ok(first !== undefined);
  const after = new Solo(LEADER, before.journal);
  after.receive(SELF, { kind: 'segment', segment: segment(SELF, 2, segment(SELF).id) });
  after.wait(700);
  const again = after.sentOf('propose').filter(({ block }) => block.block.view === 1);
  assert.ok(again.length > 0);
  for (const { block } of again) assert.deepEqual(block.hash, first.block.hash);
});

test('D-03 the own nullify counts again after a restart: q crashed validators are not one short (pitfall 1)', () => {
  const before = new Solo(SELF);
  before.vote('nullify', 1, undefined, LEADER);
  assert.deepEqual(before.votes(), ['nullify:1']);
  const after = new Solo(SELF, before.journal);
  after.vote('nullify', 1, undefined, ...OTHERS.slice(0, 2));
  assert.equal(after.replica.view, 2);
});

test('D-03 certificates are served after a restart (pitfall 2)', () => {
  const before = new Solo(SELF);
  before.receive(LEADER, { kind: 'certificate', certificate: certificate('nullify', 1, undefined) });
  const after = new Solo(SELF, before.journal);
  assert.equal(after.replica.view, 2);
  assert.equal(answer(after.replica, { kind: 'fetch-certificates', from: 1, to: 1 }).length, 1);
});

test('D-03 what a compacted journal keeps is enough: same view, same final block, no vote forgotten', () => {
  const before = new Solo(SELF);
  const data = segment(LEADER);
  const proposed = block(1, cutOf(data));
  before.receive(LEADER, { kind: 'segment', segment: data }, proposal(proposed));
  before.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 1, proposed.hash) });
  before.vote('nullify', 2, undefined, leaderOf(ROSTER, 2));
  before.wait(500);
  const live = liveEntries(before.replica);
  const after = new Solo(SELF, live, before.nowMs);
  assert.equal(after.replica.view, before.replica.view);
  for (const { view, own } of before.replica.views.ascending()) {
    for (const [kind, vote] of own) assert.deepEqual(after.replica.views.find(view)?.own.get(kind), vote);
  }
});

test('D-03 a later finalization whose blocks are missing takes back nothing that was final, and F-02 blames nobody', () => {
  const before = new Solo(SELF);
  const [missing, held] = [segment(LEADER), segment(OTHERS.find((at) => at !== LEADER) ?? 0)];
  const first = block(1, cutOf(missing));
  const second = child(first, 2, cutOf(held));
  before.receive(LEADER, { kind: 'segment', segment: held }, proposal(first));
  before.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 1, first.hash) });
  before.receive(leaderOf(ROSTER, 2), proposal(second));
  before.wait(20);
  assert.ok(before.votes().includes('notarize:2'));
  before.receive(LEADER, { kind: 'certificate', certificate: certificate('finalize', 2, second.hash) });
  const far = block(9, []).hash;
  before.receive(LEADER, { kind: 'certificate', certificate: certificate('finalize', 9, far) });
  assert.deepEqual([before.replica.finalHeight, before.replica.executed.height], [2, 0]);
  const after = new Solo(SELF, liveEntries(before.replica), before.nowMs);
  assert.equal(after.replica.finalHeight, 2);
  const own = [SELF, ...OTHERS.slice(0, 2)];
  after.receive(LEADER, { kind: 'certificate', certificate: certificate('notarize', 2, second.hash, own) });
  assert.deepEqual(after.told('violation'), []);
  after.receive(LEADER, { kind: 'segment', segment: missing });
  assert.equal(after.replica.executed.height, 2);
});

test('R-02 a peer in an earlier view is sent what leads out of it, not more often than every 100 ms', () => {
  const node = new Solo(SELF);
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('nullify', 1, undefined) });
  node.sent.length = 0;
  const status = {
    kind: 'status',
    epoch: 0,
    view: 1,
    finalView: 0,
    finalHeight: 0,
    tips: [],
    checkpoint: undefined,
  } as const;
  node.receive(LEADER, status, status);
  assert.deepEqual(
    node.sentOf('certificate').map(({ certificate: { kind, view } }) => `${kind}:${view}`),
    ['nullify:1'],
  );
});

test('R-04 a view jumped over is nullified late, so that a parent stays provable', () => {
  const node = new Solo(SELF);
  node.receive(LEADER, { kind: 'certificate', certificate: certificate('nullify', 3, undefined) });
  node.receive(LEADER, { kind: 'segment', segment: segment(LEADER) });
  node.wait(1_000);
  const votes = node.votes();
  assert.ok(votes.includes('nullify:1') && votes.includes('nullify:2'), votes.join());
});

test('S-13 blocks above the final one whose last is finalized are final; broken chains and wrong certificates are not', () => {
  const one = segment(LEADER, 1);
  const two = segment(LEADER, 2, one.id);
  const first = block(1, cutOf(one));
  const second = child(first, 2, cutOf(two));
  const node = new Solo(SELF);
  const good = certificate('finalize', 2, second.hash);
  node.receive(LEADER, { kind: 'final', blocks: [second], certificate: good });
  node.receive(LEADER, { kind: 'final', blocks: [first, second], certificate: certificate('finalize', 2, first.hash) });
  assert.equal(node.replica.finalHeight, 0);
  node.receive(LEADER, { kind: 'final', blocks: [first, second], certificate: good });
  assert.equal(node.replica.finalHeight, 2);
  node.receive(LEADER, { kind: 'segment', segment: one }, { kind: 'segment', segment: two });
  assert.equal(node.replica.executed.height, 2);
});

test('S-13 a range that was fetched is final while the ancestors of a newer finalization are still missing', () => {
  const segments = [segment(LEADER)];
  for (let height = 2; height <= 6; height++) segments.push(segment(LEADER, height, segments.at(-1)?.id));
  const blocks = [block(1, cutOf(...segments.slice(0, 1)))];
  for (const [at, one] of segments.entries()) {
    const parent = blocks.at(-1);
    if (at > 0 && parent !== undefined) blocks.push(child(parent, at + 1, cutOf(one)));
  }
  const finalization = (height: number) => certificate('finalize', height, blocks[height - 1]?.hash);
  const range = (from: number, to: number) =>
    ({ kind: 'final', blocks: blocks.slice(from - 1, to), certificate: finalization(to) }) as const;
  const node = new Solo(SELF);
  node.receive(LEADER, { kind: 'certificate', certificate: finalization(6) });
  node.receive(LEADER, range(1, 3));
  assert.equal(node.replica.finalHeight, 3);
  node.receive(LEADER, range(4, 5));
  assert.equal(node.replica.finalHeight, 5);
  node.receive(LEADER, range(6, 6));
  assert.equal(node.replica.finalHeight, 6);
  assert.deepEqual(node.told('violation'), []);
});

test('T-02 the timer grows with views without finality and is capped', () => {
  const { replica } = new Solo(SELF);
  const at = (view: number): number => effectiveTimerMs({ ...replica, view });
  assert.deepEqual([1, 2, 3, 4, 5].map(at), [100, 100, 150, 225, 338]);
  assert.equal(at(1_000), 20_000);
});

test('T-03 the view of a leader that fell silent is nullified at once, if a quorum is heard', () => {
  const status = {
    kind: 'status',
    epoch: 0,
    view: 1,
    finalView: 0,
    finalHeight: 0,
    tips: [],
    checkpoint: undefined,
  } as const;
  const alone = new Solo(SELF);
  const heard = new Solo(SELF);
  for (let second = 0; second < 4; second++) {
    for (const node of [alone, heard]) node.wait(900);
    for (const from of OTHERS.filter((at) => at !== LEADER)) heard.receive(from, status);
  }
  for (const node of [alone, heard]) {
    const author = OTHERS.find((at) => at !== LEADER) ?? 0;
    node.receive(author, { kind: 'segment', segment: segment(author) });
  }
  assert.deepEqual(heard.votes(), ['nullify:1']);
  assert.deepEqual(alone.votes(), []);
});

test('a replica is made from an anchor anywhere in the chain', () => {
  const { replica } = new Solo(SELF);
  const anchor = { ...ANCHOR, height: 5, view: 9, hash: block(9, []).hash, cut: cutOf(segment(SELF, 3)) };
  const later = createReplica(replica.config, replica.state, anchor);
  restore(later, { kind: 'certificate', certificate: certificate('nullify', 4, undefined) });
  assert.equal(later.view, 10);
  assert.equal(later.authors.tip(1).height, 3);
});
