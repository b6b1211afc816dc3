import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headLeaf, headsRoot } from '../../governance/heads.ts';
import { encodeSignedOperation } from '../../governance/operation.ts';
import { sessionDueBody, sessionExtendBody } from '../../governance/operations/session-end.ts';
import { activeSessions, judgeOperation, liveResults } from '../../governance/queries.ts';
import type { SessionRow } from '../../governance/state.ts';
import { parseId } from '../../ids.ts';
import { merkleRoot } from '../../merkle.ts';
import { TAGS } from '../../tags.ts';
import {
  ADMINS,
  at,
  OPENER,
  openWorld,
  RULE,
  SESSION,
  SPACE,
  START_MS,
  STEP_MS,
  STRANGER,
  scores,
  VALIDATORS,
  World,
} from './world.ts';

const DEADLINE = START_MS + 3 * STEP_MS;
const timed = { rule: { ...RULE, close: 'deadline' }, closesAtMs: DEADLINE } as const;
const [validator = STRANGER, other = STRANGER] = VALIDATORS;

const rowOf = (world: World): SessionRow | undefined => world.state.sessions.get('main/0001');
const statusOf = (world: World) => [rowOf(world)?.status, rowOf(world)?.reason];
const due = (world: World, signer = validator, changed = {}) =>
  world.operation('session.due', sessionDueBody(at), [signer], changed);
const close = (world: World, body: object = {}, signers = [OPENER]) =>
  world.operation('session.close', { ...at, ...body }, signers);

test('a deadline closes with the sums of the block before', () => {
  const world = openWorld(timed);
  assert.deepEqual(world.block(world.ballot(0, scores(9, 9))), ['counted']);
  assert.deepEqual(world.block(world.ballot(1, scores(5, 5))), ['counted']);
  assert.equal(world.timeMs, DEADLINE);
  assert.deepEqual(world.block(world.ballot(2, scores(1, 1))), ['closed']);
  assert.deepEqual(statusOf(world), ['completed', 'deadline']);
  const result = world.state.results.get('main/0001');
  assert.deepEqual([result?.proposals[0]?.n, result?.proposals[0]?.total, result?.timeMs], [2, 14, DEADLINE]);
  assert.equal(rowOf(world)?.closedHeight, result?.height);
});

test('a result commits which ballot of whom counted, whatever the order of the electorate', () => {
  const world = openWorld(timed);
  const ballot = world.ballot(0, scores(9, 9));
  world.block(ballot);
  const row = rowOf(world);
  assert.ok(row !== undefined);
  const one = headsRoot(world.state, row);
  assert.deepEqual(headsRoot(world.state, { ...row, electorate: [...row.electorate].reverse() }), one);
  assert.deepEqual(one, merkleRoot(TAGS['heads-tree'].tag, [headLeaf(ballot.ballot.voter, ballot.id)]));
  world.block(world.ballot(1, scores(5, 5)));
  const two = headsRoot(world.state, row);
  assert.notDeepEqual(two, one);
  world.block();
  assert.deepEqual(world.state.results.get('main/0001')?.headsRoot, two);
});

test('session.due: stale before, applied in the block that closes however often, closed after', () => {
  const world = openWorld(timed);
  assert.deepEqual(world.block(due(world)), ['stale']);
  world.block();
  assert.equal(
    judgeOperation(world.state, world.context, due(world), { shard: 0, author: 0 }),
    'applied',
    'asked before',
  );
  assert.deepEqual(world.block(due(world), due(world, other), due(world, OPENER)), ['applied', 'applied', 'forbidden']);
  assert.deepEqual(world.block(due(world)), ['closed']);
  assert.deepEqual([...world.state.seqs.keys()].length, 1, 'only the opener used a seq');
  assert.deepEqual(world.block(due(world, validator, { seq: 1 })), ['malformed']);
  assert.deepEqual(world.block(world.operation('session.due', { ...at, session: 'none' }, [validator])), [
    'unknown-session',
  ]);
  assert.ok(encodeSignedOperation(due(world)).length < 1_000);
});

test('a session closed by operation takes the ballots of its block and records them', () => {
  const world = openWorld();
  world.begin();
  assert.equal(world.apply(close(world)).outcome, 'applied');
  assert.equal(rowOf(world)?.status, 'active');
  assert.equal(world.apply(close(world)).outcome, 'closed', 'it is closing already');
  const cancel = world.operation('session.cancel', { ...at, reason: 'late' }, [OPENER]);
  assert.equal(world.apply(cancel).outcome, 'closed');
  assert.equal(world.apply(world.ballot(0, scores(9, 9))).outcome, 'counted');
  world.end();
  assert.deepEqual(statusOf(world), ['completed', undefined]);
  assert.equal(world.state.results.get('main/0001')?.proposals[0]?.n, 1);
  assert.deepEqual(world.block(world.ballot(1, scores(9, 9)), close(world)), ['closed', 'closed']);
});

test('a forced close needs a reason, and the reason is recorded', () => {
  for (const rule of [timed.rule, { ...RULE, close: 'all-voted' } as const]) {
    const world = openWorld({ ...timed, rule });
    assert.deepEqual(world.block(close(world)), ['forbidden']);
    assert.deepEqual(world.block(close(world, { reason: ' ' })), ['malformed']);
    const world2 = openWorld({ ...timed, rule });
    assert.deepEqual(world2.block(close(world2, { reason: 'deadline' })), ['malformed'], 'a word of the ledger');
    assert.deepEqual(world2.block(close(world2, { reason: 'agreed in council' }, [...ADMINS])), ['applied']);
    assert.deepEqual(statusOf(world2), ['completed', 'agreed in council']);
  }
});

test('all voted: the last elector to answer everything closes the session in his block', () => {
  const world = openWorld({ rule: { ...RULE, close: 'all-voted', complete: false } }, 3);
  assert.deepEqual(world.block(world.ballot(0, scores(9, 9)), world.ballot(1, scores(8, 8))), ['counted', 'counted']);
  assert.deepEqual(statusOf(world), ['active', undefined]);
  assert.deepEqual(world.block(world.ballot(2, scores(7, 7))), ['counted']);
  assert.deepEqual(statusOf(world), ['completed', 'all-voted']);
  assert.equal(world.state.results.get('main/0001')?.proposals[0]?.total, 24);
  const partial = openWorld({ rule: { ...RULE, close: 'all-voted', complete: false } }, 1);
  partial.block(partial.ballot(0, scores(9)));
  assert.deepEqual(statusOf(partial), ['active', undefined], 'voted, but not on everything');
});

test('a session that opens, fills and closes in one block', () => {
  const world = new World();
  const open = world.open({ rule: { ...RULE, close: 'all-voted' } }, 1);
  assert.deepEqual(world.block(open, world.ballot(0, scores(9, 2))), ['applied', 'counted']);
  assert.deepEqual(statusOf(world), ['completed', 'all-voted']);
});

test('cancelling is at once, records no result and ends drafts too', () => {
  for (const draft of [false, true]) {
    const world = openWorld({ draft });
    const cancel = world.operation('session.cancel', { ...at, reason: 'a mistake' }, [OPENER]);
    assert.deepEqual(world.block(cancel, world.ballot(0, scores(9, 9)), due(world)), ['applied', 'closed', 'closed']);
    assert.deepEqual(statusOf(world), ['cancelled', 'a mistake']);
    assert.equal(world.state.results.size, 0);
    assert.equal(liveResults(world.state, SPACE, SESSION)?.length, 2);
  }
  const world = openWorld();
  assert.deepEqual(world.block(world.operation('session.cancel', { ...at }, [OPENER])), ['malformed']);
});

test('a deadline moves only to later, and only one that was announced', () => {
  const extend = (world: World, closesAtMs: number) =>
    world.operation('session.extend', sessionExtendBody({ ...at, closesAtMs, reason: 'more time' }), [OPENER]);
  const world = openWorld(timed);
  assert.deepEqual(world.block(extend(world, DEADLINE), world.ballot(0, scores(9, 9))), ['forbidden', 'counted']);
  assert.deepEqual(world.block(extend(world, DEADLINE + STEP_MS)), ['applied']);
  assert.deepEqual(world.block(world.ballot(1, scores(9, 9))), ['counted']);
  assert.deepEqual(world.block(extend(world, DEADLINE + 9_000)), ['closed']);
  assert.deepEqual(statusOf(world), ['completed', 'deadline']);
  const untimed = openWorld();
  assert.deepEqual(untimed.block(extend(untimed, DEADLINE)), ['forbidden']);
});

test('below quorum everything is rejected; a quorum counts voters', () => {
  const outcome = (quorum: NonNullable<typeof RULE.quorum>, voters: number) => {
    const world = openWorld({ rule: { ...RULE, quorum } }, 5);
    const ballots = Array.from({ length: voters }, (_, voter) => world.ballot(voter, scores(9, 9)));
    world.block(...ballots, close(world));
    const result = world.state.results.get('main/0001');
    return [result?.quorumReached, result?.proposals[0]?.status];
  };
  assert.deepEqual(outcome({ kind: 'votes', votes: 3 }, 2), [false, 'rejected']);
  assert.deepEqual(outcome({ kind: 'votes', votes: 3 }, 3), [true, 'approved']);
  assert.deepEqual(outcome({ kind: 'share', share: { num: 3, den: 5 } }, 2), [false, 'rejected']);
  assert.deepEqual(outcome({ kind: 'share', share: { num: 60, den: 100 } }, 3), [true, 'approved']);
});

test('results: weights, vetoes of the role, ranks, exact fractions', () => {
  const electorate = [
    { voter: parseId('m0'), role: 'general', weight: 3 },
    { voter: parseId('m1'), role: 'general', weight: 1 },
    { voter: parseId('m2'), role: 'collaborator', weight: 2 },
  ];
  const world = openWorld({ electorate });
  const veto = scores(9, 1).map((entry, index) => (index === 1 ? { ...entry, veto: 'unsafe' } : entry));
  world.block(world.ballot(0, veto), world.ballot(1, scores(10, 10)), world.ballot(2, scores(4, 1)), close(world));
  const [one, two] = world.state.results.get('main/0001')?.proposals ?? [];
  assert.deepEqual([one?.n, one?.total, one?.percent, one?.rank], [6, 45, { num: 450, den: 6 }, 1]);
  assert.deepEqual([one?.status, two?.status, two?.rank], ['approved', 'rejected', 2]);
  assert.deepEqual([two?.veto?.share, two?.veto?.lowAll, two?.veto?.resolution], [{ num: 100, den: 2 }, 2, 'revision']);
  assert.deepEqual(liveResults(world.state, SPACE, SESSION), world.state.results.get('main/0001')?.proposals);
});

test('finding what may close costs the active sessions, not all there ever were', () => {
  const world = new World();
  const ids = Array.from({ length: 20 }, (_, index) => parseId(`s${index}`));
  for (const session of ids) world.block(world.open({ session }));
  assert.equal([...activeSessions(world.state)].length, 20);
  for (const session of ids.slice(3)) {
    const cancel = world.operation('session.cancel', { space: SPACE, session, reason: 'x' }, [OPENER]);
    assert.deepEqual(world.block(cancel), ['applied']);
  }
  const active = [...activeSessions(world.state)].map(({ session }) => session);
  assert.deepEqual(active, ['s0', 's1', 's2']);
  assert.equal(world.state.sessions.size, 20);
});
