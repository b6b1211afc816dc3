import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SignedBallot } from '../../governance/ballot.ts';
import { createState } from '../../governance/create.ts';
import { applyItem, type PlacedItem } from '../../governance/machine.ts';
import type { SignedOperation } from '../../governance/operation.ts';
import { paramsProposeBody, rosterProposeBody } from '../../governance/operations/network-change.ts';
import { type SessionOpen, sessionOpenBody } from '../../governance/operations/session-open.ts';
import { liveResults } from '../../governance/queries.ts';
import type { GovernanceState } from '../../governance/state.ts';
import { parseId } from '../../ids.ts';
import { OUTCOMES } from '../../outcome.ts';
import {
  ADMINS,
  at,
  GENESIS,
  OPENER,
  openWorld,
  RULE,
  SESSION,
  SPACE,
  scores,
  sessionOpen,
  VALIDATORS,
  World,
} from './world.ts';

/** Where items that change nothing may come from: valid ones of many kinds, applied to an open session. */
function samples(world: World): PlacedItem[] {
  const [validator] = VALIDATORS as [(typeof VALIDATORS)[number]];
  const signed: (SignedBallot | SignedOperation)[] = [
    world.ballot(0, scores(9, 9)),
    world.ballot(3, scores(1, 10)),
    world.operation('session.open', sessionOpenBody(sessionOpen({ session: 'other' as typeof SESSION })), [OPENER]),
    world.operation('session.close', { ...at }, [OPENER]),
    world.operation('session.due', { ...at }, [validator]),
    world.operation('model.register', { models: [{ id: 'x', operator: 'node1', auth: 'operator' }] }, ADMINS),
    world.operation('space.create', { id: 'x', title: 'X', openers: [OPENER.publicKey] }, ADMINS),
    world.operation('proposal.add', { ...at, proposals: [{ id: '009', title: 'x' }] }, [OPENER]),
    world.operation(
      'roster.propose',
      rosterProposeBody({ epoch: 0, rotate: [{ name: parseId('node1'), key: OPENER.publicKey }] }),
      ADMINS,
    ),
    world.operation('params.propose', paramsProposeBody({ epoch: 0, shards: 8 }), ADMINS),
  ];
  return signed.map((one) => world.place(one));
}

const byte = fc.integer({ min: 0, max: 255 });

function checkTotal(world: World, item: PlacedItem): void {
  const before = world.rows();
  const applied = applyItem(world.state, world.context, item);
  assert.ok(applied.outcome in OUTCOMES);
  assert.equal(applied.id.length, 32);
  if (applied.outcome === 'counted' || applied.outcome === 'applied') return;
  assert.deepEqual(world.rows(), before, applied.outcome);
}

test('any bytes under any kind and place give one outcome and change nothing', () => {
  const world = openWorld();
  const place = { kind: fc.integer({ min: 0, max: 5 }), shard: fc.integer({ min: 0, max: 9 }), author: byte };
  fc.assert(
    fc.property(fc.record({ ...place, bytes: fc.uint8Array({ maxLength: 300 }) }), (item) => checkTotal(world, item)),
    { numRuns: 300 },
  );
});

test('mutated items give one outcome and change nothing unless applied or counted', () => {
  const mutation = fc.record({
    sample: fc.nat(),
    offset: fc.nat(),
    byte,
    cut: fc.boolean(),
    shard: fc.integer({ min: 0, max: 4 }),
    move: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
      const world = openWorld();
      const items = samples(world);
      for (const { sample, offset, byte: value, cut, shard, move } of mutations) {
        const item = items[sample % items.length] as PlacedItem;
        const bytes = Uint8Array.from(item.bytes);
        bytes[offset % bytes.length] = value;
        const shown = cut ? bytes.subarray(0, offset % bytes.length) : bytes;
        checkTotal(world, { ...item, bytes: shown, shard: move ? shard : item.shard });
      }
    }),
    { numRuns: 150 },
  );
});

/** A copy of an open world's rows under another number of shards. */
function reshard(shards: number, changed: Partial<SessionOpen>): World {
  const world = new World();
  const state: GovernanceState = createState({ ...GENESIS, params: { ...GENESIS.params, shards } });
  Object.assign(world, { state });
  world.block(world.open(changed, 8));
  return world;
}

const weights = fc.array(fc.tuple(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 10 })), {
  minLength: 8,
  maxLength: 8,
});

test('a result does not depend on how ballots are spread over shards nor on the order in which they arrive', () => {
  const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 1 });
  fc.assert(
    fc.property(weights, order, fc.integer({ min: 1, max: 64 }), (answers, voters, shards) => {
      const run = (world: World, sequence: readonly number[]) => {
        world.block(...sequence.map((voter) => world.ballot(voter, scores(...(answers[voter] ?? [])))));
        world.block(world.operation('session.close', { ...at }, [OPENER]));
        return liveResults(world.state, SPACE, SESSION);
      };
      const expected = run(
        reshard(1, {}),
        [...voters].sort((a, b) => a - b),
      );
      assert.equal(expected?.[0]?.n, voters.length);
      assert.deepEqual(run(reshard(shards, {}), voters), expected);
    }),
    { numRuns: 40 },
  );
});

test('in a revisable session only each voter’s last counted ballot is in the sums', () => {
  const turn = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 10 }), fc.boolean());
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 20 }), (turns) => {
      const world = openWorld({ rule: { ...RULE, revisable: true } }, 6);
      const heads = new Map<number, SignedBallot>();
      const last = new Map<number, number>();
      for (const [voter, weight, isStale] of turns) {
        const previous = isStale ? world.state.chain : heads.get(voter)?.id;
        const ballot = world.ballot(voter, scores(weight, 11 - weight), { previous, timeMs: world.timeMs });
        const [outcome] = world.block(ballot);
        assert.equal(outcome, isStale ? 'conflict' : 'counted');
        if (isStale) continue;
        heads.set(voter, ballot);
        last.set(voter, weight);
      }
      const [one, two] = liveResults(world.state, SPACE, SESSION) ?? [];
      const total = [...last.values()].reduce((sum, weight) => sum + weight, 0);
      assert.deepEqual([one?.n, one?.total, two?.total], [last.size, total, 11 * last.size - total]);
      assert.equal(world.state.progress.get('main/0001')?.voters, last.size);
      assert.equal(world.state.progress.get('main/0001')?.complete, last.size);
    }),
    { numRuns: 60 },
  );
});
