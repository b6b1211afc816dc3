import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createState } from '../../governance/create.ts';
import { judgeBallot, liveResults, missingVoters } from '../../governance/queries.ts';
import { encodeRow, restoreRow, TABLES } from '../../governance/rows.ts';
import type { SessionRule } from '../../governance/types.ts';
import { toHex } from '../../hex.ts';
import { OUTCOMES, type Outcome } from '../../outcome.ts';
import { GENESIS, openWorld, pair, RULE, SESSION, SPACE, STEP_MS, score, scores, voterKey, World } from './world.ts';

const ruled = (changed: Partial<SessionRule>) => openWorld({ rule: { ...RULE, ...changed } });
const GOOD = scores(8, 3);

/** One fault each, in the order of the checks. */
const FAULTS: readonly { outcome: Outcome; run: () => Outcome }[] = [
  {
    outcome: 'wrong-chain',
    run: () => {
      const world = openWorld();
      return world.apply(world.ballot(0, GOOD, { chain: new Uint8Array(32).fill(1) })).outcome;
    },
  },
  { outcome: 'wrong-shard', run: () => applyTo(openWorld(), 0, { shard: 0 }) },
  {
    outcome: 'expired',
    run: () => {
      const world = openWorld();
      return world.apply(world.ballot(0, GOOD, { notAfterMs: world.timeMs - 1 })).outcome;
    },
  },
  { outcome: 'unknown-session', run: () => applyTo(new World(), 0) },
  {
    outcome: 'duplicate',
    run: () => {
      const world = openWorld();
      const ballot = world.ballot(0, GOOD);
      assert.equal(world.apply(ballot).outcome, 'counted');
      return world.apply(ballot).outcome;
    },
  },
  {
    outcome: 'bad-signature',
    run: () => {
      const world = openWorld();
      return world.apply(world.ballot(0, GOOD, {}, pair(99))).outcome;
    },
  },
  {
    outcome: 'not-eligible',
    run: () => {
      const world = openWorld();
      return world.apply(world.ballot(5, GOOD)).outcome;
    },
  },
  { outcome: 'not-open', run: () => applyTo(openWorld({ draft: true }), 0) },
  { outcome: 'not-open', run: () => applyTo(openWorld({ opensAtMs: 5_000_000 }), 0) },
  {
    outcome: 'closed',
    run: () => {
      const world = openWorld({ closesAtMs: 1_000_000 + STEP_MS });
      world.begin();
      return world.apply(world.ballot(0, GOOD)).outcome;
    },
  },
  {
    outcome: 'already-voted',
    run: () => {
      const world = openWorld();
      world.block(world.ballot(0, GOOD));
      return world.apply(world.ballot(0, scores(8, 4))).outcome;
    },
  },
  {
    outcome: 'conflict',
    run: () => {
      const world = openWorld();
      return world.apply(world.ballot(0, GOOD, { previous: new Uint8Array(32).fill(3) })).outcome;
    },
  },
  {
    outcome: 'unknown-proposal',
    run: () => {
      const world = openWorld();
      return world.apply(world.ballot(0, [...GOOD, score('003', 5)])).outcome;
    },
  },
  {
    outcome: 'incomplete',
    run: () => {
      const world = openWorld();
      return world.apply(world.ballot(0, scores(8))).outcome;
    },
  },
  {
    outcome: 'invalid-choice',
    run: () => {
      const world = openWorld();
      return world.apply(world.ballot(0, scores(8, 11))).outcome;
    },
  },
  { outcome: 'counted', run: () => applyTo(openWorld(), 0) },
];

function applyTo(world: World, voter: number, changed = {}): Outcome {
  return world.apply(world.ballot(voter, GOOD), changed).outcome;
}

test('a ballot is good up to its last millisecond', () => {
  const world = openWorld();
  assert.equal(world.apply(world.ballot(0, GOOD, { notAfterMs: world.timeMs })).outcome, 'counted');
});

test('each fault has its outcome', () => {
  for (const [index, { outcome, run }] of FAULTS.entries()) assert.equal(run(), outcome, `case ${index}`);
});

test('the first failing check is the outcome: faults are mended one by one, in the order of the codes', () => {
  const world = openWorld({ draft: true });
  const bad = {
    chain: new Uint8Array(32),
    session: 'none' as typeof SESSION,
    notAfterMs: 1,
    previous: world.state.chain,
  };
  const wrong = [score('001', 11), score('009', 5)];
  const steps: [object, object][] = [
    [{}, { shard: 0 }],
    [{ chain: world.state.chain }, { shard: 0 }],
    [{ chain: world.state.chain }, {}],
    [{ chain: world.state.chain, notAfterMs: 9_000_000 }, {}],
    [{ chain: world.state.chain, notAfterMs: 9_000_000, session: SESSION }, {}],
  ];
  const outcomes = steps.map(
    ([changed, place]) => world.apply(world.ballot(5, wrong, { ...bad, ...changed }, pair(99)), place).outcome,
  );
  const placed = { chain: world.state.chain, notAfterMs: 9_000_000, session: SESSION, previous: world.state.chain };
  outcomes.push(world.apply(world.ballot(5, wrong, placed)).outcome); // authentic now, no elector
  outcomes.push(world.apply(world.ballot(0, wrong, placed)).outcome); // elector now, draft
  const open = openWorld();
  outcomes.push(open.apply(open.ballot(0, wrong, placed)).outcome); // open now, another head
  outcomes.push(open.apply(open.ballot(0, wrong)).outcome);
  outcomes.push(open.apply(open.ballot(0, scores(11))).outcome);
  outcomes.push(open.apply(open.ballot(0, scores(11, 5))).outcome);
  outcomes.push(open.apply(open.ballot(0, scores(10, 5))).outcome);
  assert.deepEqual(outcomes, [
    'wrong-chain',
    'wrong-shard',
    'expired',
    'unknown-session',
    'bad-signature',
    'not-eligible',
    'not-open',
    'conflict',
    'unknown-proposal',
    'incomplete',
    'invalid-choice',
    'counted',
  ]);
  const codes = outcomes.map((outcome) => OUTCOMES[outcome]);
  assert.deepEqual(
    [...codes].sort((a, b) => a - b),
    codes,
  );
});

test('authentication: own signature, operator segment, and what a session may demand', () => {
  const world = openWorld({}, 6);
  const elsewhere = { author: 3 };
  assert.equal(
    world.apply(world.ballot(0, GOOD), elsewhere).outcome,
    'counted',
    'a signed ballot may be carried by any',
  );
  assert.equal(world.apply(world.ballot(3, GOOD), { author: 0 }).outcome, 'bad-signature', 'not its operator');
  assert.equal(world.apply(world.ballot(3, GOOD)).outcome, 'counted', 'm3 votes through node4');
  assert.equal(world.apply(world.ballot(4, GOOD), { author: 77 }).outcome, 'bad-signature', 'no such validator');
  assert.equal(
    world.apply(world.ballot(2, GOOD, {}, voterKey(2)), elsewhere).outcome,
    'counted',
    'its own key as well',
  );
  assert.equal(world.apply(world.ballot(4, GOOD, {}, voterKey(4))).outcome, 'bad-signature', 'a key nobody registered');
  assert.equal(world.apply(world.ballot('nobody', GOOD, {}, pair(9))).outcome, 'bad-signature', 'unknown model');
  const demanding = ruled({ auth: 'voter' });
  assert.equal(demanding.apply(demanding.ballot(2, GOOD)).outcome, 'bad-signature');
  assert.equal(demanding.apply(demanding.ballot(2, GOOD, {}, voterKey(2))).outcome, 'counted');
});

test('a resent answer is told which ballot counts', () => {
  const world = openWorld();
  const first = world.ballot(0, GOOD);
  world.block(first);
  const again = world.apply(world.ballot(0, GOOD, { notAfterMs: 5_000_000 }));
  assert.equal(again.outcome, 'duplicate');
  assert.equal(toHex(again.counted ?? new Uint8Array()), toHex(first.id));
  assert.equal(world.state.progress.get('main/0001')?.ballots, 1);
});

test('choices: method, range, comments and veto texts', () => {
  const outcome = (rule: Partial<SessionRule>, entries: Parameters<World['ballot']>[1]) => {
    const world = ruled(rule);
    return world.apply(world.ballot(0, entries)).outcome;
  };
  const { veto: _, ...plain } = RULE;
  const withText = [score('001', 1, { veto: 'breaks the bridge' }), score('002', 9)];
  assert.equal(outcome({}, withText), 'counted');
  assert.equal(outcome({}, [score('001', 1, { veto: ' \n' }), score('002', 9)]), 'invalid-choice');
  assert.equal(outcome({}, [score('001', 9, { veto: 'still' }), score('002', 9)]), 'counted');
  const world = openWorld({ rule: plain });
  assert.equal(world.apply(world.ballot(0, withText)).outcome, 'invalid-choice', 'nobody would count the veto');
  assert.equal(outcome({ commentRequired: true }, GOOD), 'invalid-choice');
  const commented = GOOD.map((entry) => ({ ...entry, comment: 'because' }));
  assert.equal(outcome({ commentRequired: true }, commented), 'counted');
  assert.equal(
    outcome(
      { commentRequired: true },
      commented.map((entry) => ({ ...entry, comment: ' ' })),
    ),
    'invalid-choice',
  );
  assert.equal(outcome({}, scores(0, 5)), 'invalid-choice');
  const stance = GOOD.map(({ proposal }) => ({ proposal, choice: { method: 'stance', stance: 'approve' } as const }));
  assert.equal(outcome({}, stance), 'invalid-choice');
  const stances = openWorld({ rule: { ...plain, method: 'stance' } });
  assert.equal(stances.apply(stances.ballot(0, stance)).outcome, 'counted');
  assert.equal(stances.apply(stances.ballot(1, GOOD)).outcome, 'invalid-choice');
  const parts = ruled({ complete: false });
  assert.equal(parts.apply(parts.ballot(0, [score('002', 7)])).outcome, 'counted');
  assert.deepEqual(parts.state.progress.get('main/0001'), { ballots: 1, voters: 1, complete: 0 });
});

test('a revisable session takes a superseding ballot back out of its sums, and only along the chain of heads', () => {
  const world = ruled({ revisable: true, complete: false });
  const first = world.ballot(0, scores(9, 9));
  world.block(first, world.ballot(1, scores(5, 5)));
  const second = world.ballot(0, [score('002', 2, { veto: 'no' })], { previous: first.id });
  assert.deepEqual(
    world.block(world.ballot(0, scores(1, 1)), second, world.ballot(0, scores(3, 3), { previous: first.id })),
    ['conflict', 'counted', 'conflict'],
  );
  const [one, two] = liveResults(world.state, SPACE, SESSION) ?? [];
  assert.deepEqual([one?.n, one?.total, two?.n, two?.total], [1, 5, 2, 7]);
  assert.equal(two?.veto?.lowWithText, 1);
  assert.deepEqual(world.state.progress.get('main/0001'), { ballots: 3, voters: 2, complete: 1 });
});

test('judging changes nothing and says what applying will', () => {
  const world = openWorld();
  const ballot = world.ballot(0, GOOD);
  const before = world.rows();
  assert.equal(judgeBallot(world.state, world.context, ballot, world.place(ballot)).outcome, 'counted');
  assert.deepEqual(world.rows(), before);
  assert.equal(world.apply(ballot).outcome, 'counted');
  assert.deepEqual(missingVoters(world.state, SPACE, SESSION), ['m1', 'm2', 'm3']);
  assert.deepEqual(missingVoters(world.state, SPACE, 'none'), []);
  assert.equal(liveResults(world.state, SPACE, 'none'), undefined);
});

test('a state restored from its rows goes on as the one that never stopped', () => {
  const world = openWorld({ rule: { ...RULE, revisable: true } });
  const first = world.ballot(0, GOOD);
  world.block(first);
  const stopped = openWorld({ rule: { ...RULE, revisable: true } });
  const restored = new World();
  Object.assign(restored, { state: createState(GENESIS), height: world.height, timeMs: world.timeMs });
  for (const { name } of TABLES) {
    for (const [at, row] of world.state[name].entries()) restoreRow(restored.state, name, at, encodeRow(row));
  }
  assert.notDeepEqual(stopped.rows(), world.rows());
  for (const one of [world, restored]) {
    one.block(one.ballot(0, scores(1, 2), { previous: first.id }), one.ballot(1, GOOD));
  }
  assert.deepEqual(restored.rows(), world.rows());
});
