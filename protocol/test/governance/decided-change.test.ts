import assert from 'node:assert/strict';
import { test } from 'node:test';
import { approvedChange, openChange } from '../../governance/epochs.ts';
import { sessionCancelBody, sessionCloseBody } from '../../governance/operations/session-end.ts';
import type { SessionOpen } from '../../governance/operations/session-open.ts';
import { parseId } from '../../ids.ts';
import type { Outcome } from '../../outcome.ts';
import { EpochWorld, genesisOf, NEWCOMER, validator } from './epoch-world.ts';
import { at, OPENER, RULE, STEP_MS, STRANGER, scores } from './world.ts';

/* G-03: a change of the network that the admins leave to a vote of the models. */

const BY = { ...at, proposal: parseId('001') };
const SHARDS = { shards: 8, decidedBy: BY };

function worldWith(changed: Partial<SessionOpen> = {}): EpochWorld {
  const world = new EpochWorld(genesisOf());
  assert.deepEqual(world.block(world.open(changed)), ['applied']);
  return world;
}

/** All four say so many points of ten for 001, and the opposite for 002; then the opener ends it. */
function voteAndClose(world: EpochWorld, points: number): void {
  const ballots = [0, 1, 2, 3].map((voter) => world.ballot(voter, scores(points, 11 - points)));
  assert.deepEqual(new Set(world.block(...ballots)), new Set(['counted']));
  assert.equal(openChange(world.state)?.decidedHeight, undefined, 'sums decide nothing while it is open');
  assert.deepEqual(world.block(world.operation('session.close', sessionCloseBody(at), [OPENER])), ['applied']);
}

function refused(world: EpochWorld, expected: Outcome, run: () => Outcome): void {
  const before = world.rows();
  assert.equal(run(), expected);
  assert.deepEqual(world.rows(), before, `${expected} changes nothing`);
}

test('an approved proposal changes the network, from the block on that ended its session', () => {
  const world = worldWith();
  assert.equal(world.paramsChange(SHARDS), 'applied');
  assert.deepEqual(world.change().decidedBy, BY);
  assert.equal(approvedChange(world.state), undefined, 'nobody voted yet');
  assert.equal(world.paramsChange({ shards: 2 }), 'conflict', 'it is open');
  voteAndClose(world, 9);
  const height = world.height - 1;
  assert.deepEqual([world.change().decidedHeight, approvedChange(world.state)?.approvedHeight], [height, height]);
  world.seal();
  assert.equal(world.change(0).sealedHeight, world.height - 1);
});

test('one that is not approved changes nothing, and another change may follow', () => {
  for (const [what, decidedBy] of [
    ['rejected', BY],
    ['another proposal than the approved one', { ...BY, proposal: parseId('002') }],
  ] as const) {
    const world = worldWith();
    assert.equal(world.paramsChange({ shards: 8, decidedBy }), 'applied');
    voteAndClose(world, what === 'rejected' ? 2 : 9);
    assert.equal(world.change().withdrawnHeight, world.height - 1, what);
    assert.equal(openChange(world.state), undefined);
    assert.equal(world.paramsChange({ shards: 2 }), 'applied');
  }
});

test('a session that is cancelled, or misses its quorum, approves nothing', () => {
  const cancelled = worldWith();
  cancelled.paramsChange(SHARDS);
  const cancel = cancelled.operation('session.cancel', sessionCancelBody({ ...at, reason: 'a mistake' }), [OPENER]);
  assert.deepEqual(cancelled.block(cancel), ['applied']);
  assert.equal(cancelled.change().withdrawnHeight, cancelled.height - 1);
  const quorum = worldWith({ rule: { ...RULE, quorum: { kind: 'votes', votes: 3 } } });
  quorum.paramsChange(SHARDS);
  quorum.block(quorum.ballot(0, scores(10, 10)));
  quorum.block(quorum.operation('session.close', sessionCloseBody(at), [OPENER]));
  assert.equal(quorum.change().withdrawnHeight, quorum.height - 1);
});

test('a deadline decides too, in the first step of its block', () => {
  const world = new EpochWorld(genesisOf());
  const closesAtMs = world.timeMs + 3 * STEP_MS;
  world.block(world.open({ rule: { ...RULE, close: 'deadline' }, closesAtMs }));
  world.paramsChange(SHARDS);
  world.block(...[0, 1, 2, 3].map((voter) => world.ballot(voter, scores(9, 9))));
  while (world.timeMs <= closesAtMs) world.block();
  assert.equal(approvedChange(world.state)?.approvedHeight, world.height - 1);
});

test('a new key says that it is there after the vote, and both are waited for', () => {
  const world = worldWith();
  assert.equal(world.rosterChange({ add: [validator('node5')], decidedBy: BY }), 'applied');
  refused(world, 'not-open', () => world.ready(NEWCOMER));
  voteAndClose(world, 9);
  assert.deepEqual([world.change().decidedHeight, approvedChange(world.state)], [world.height - 1, undefined]);
  assert.equal(world.ready(NEWCOMER), 'applied');
  assert.equal(approvedChange(world.state)?.approvedHeight, world.height);
});

test('a vote that has begun, or can approve nothing, decides no change', () => {
  const begun = worldWith();
  begun.block(begun.ballot(0, scores(9, 9)));
  refused(begun, 'forbidden', () => begun.paramsChange(SHARDS));
  const endless = worldWith({
    rule: { method: 'score', threshold: null, revisable: true, complete: true, close: 'opener' },
  });
  refused(endless, 'forbidden', () => endless.paramsChange(SHARDS));
});

test('it must be a proposal of a session that votes, and only the admins may say so', () => {
  const world = worldWith();
  const other = parseId('other');
  refused(world, 'unknown-session', () => world.paramsChange({ shards: 8, decidedBy: { ...BY, session: other } }));
  refused(world, 'unknown-proposal', () => world.paramsChange({ shards: 8, decidedBy: { ...BY, proposal: other } }));
  refused(world, 'forbidden', () => world.paramsChange(SHARDS, [OPENER]));
  refused(world, 'forbidden', () => world.paramsChange(SHARDS, [STRANGER]));
  const draft = worldWith({ draft: true });
  refused(draft, 'not-open', () => draft.paramsChange(SHARDS));
  voteAndClose(world, 9);
  refused(world, 'closed', () => world.paramsChange(SHARDS));
  const withdrawn = worldWith();
  withdrawn.paramsChange(SHARDS);
  assert.equal(withdrawn.withdraw(), 'applied');
  voteAndClose(withdrawn, 9);
  assert.equal(approvedChange(withdrawn.state), undefined, 'what was taken back stays so');
});
