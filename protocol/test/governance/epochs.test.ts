import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KeyPair } from '../../crypto/keys.ts';
import type { SignedBallot } from '../../governance/ballot.ts';
import { epochOf, placeOf } from '../../governance/epochs.ts';
import { admittedObserver } from '../../governance/lookups.ts';
import { observerAdmitBody } from '../../governance/operations/observer.ts';
import { sessionCloseBody } from '../../governance/operations/session-end.ts';
import { sessionOpenBody } from '../../governance/operations/session-open.ts';
import { liveResults } from '../../governance/queries.ts';
import { toHex } from '../../hex.ts';
import { parseId } from '../../ids.ts';
import { EpochWorld, genesisOf, NEWCOMER, peerOf, validator } from './epoch-world.ts';
import { ADMINS, at, OPENER, pair, RULE, SESSION, SPACE, STRANGER, scores, sessionOpen, VALIDATORS } from './world.ts';

const [first = STRANGER] = VALIDATORS;
const node1 = parseId('node1');

const names = (world: EpochWorld): string[] => epochOf(world.state).validators.map(({ name }) => name);

test('as many may change as may fail: those added and removed by pairs, and those rotated', () => {
  const world = new EpochWorld(genesisOf(7));
  const add = [validator('node8'), validator('node9', pair(32), { peer: peerOf(41) })];
  const rotate = [{ name: node1, key: pair(33).publicKey }];
  assert.equal(world.rosterChange({ add, rotate }), 'forbidden');
  const remove = ['node2', 'node3'].map(parseId);
  assert.equal(world.rosterChange({ add, remove, rotate }), 'forbidden');
  assert.equal(world.rosterChange({ add, remove }), 'applied');
  assert.deepEqual(
    world.change().next.validators.map(({ name }) => name),
    ['node1', 'node4', 'node5', 'node6', 'node7', 'node8', 'node9'],
  );
});

test('who loses its seat stays as an observer, and an observer that gets one is none any more', () => {
  const world = new EpochWorld(genesisOf());
  const acme = { name: parseId('acme'), peer: peerOf(50) };
  assert.deepEqual(world.block(world.operation('observer.admit', observerAdmitBody(acme), [first])), ['applied']);
  const seat = validator('acme', NEWCOMER, { peer: acme.peer });
  assert.equal(world.rosterChange({ add: [seat], remove: [node1] }), 'applied');
  assert.equal(world.ready(NEWCOMER), 'applied');
  const { approvedHeight } = world.change();
  world.end();
  const { height } = world;
  world.seal();
  assert.deepEqual(names(world), ['node2', 'node3', 'node4', 'acme']);
  assert.equal(admittedObserver(world.state, 'acme'), undefined);
  assert.equal(world.state.observers.get('acme')?.removedHeight, height);
  const left = admittedObserver(world.state, 'node1');
  assert.deepEqual([left?.peer, left?.admittedHeight], [peerOf(1), height]);
  assert.equal(toHex(left?.sponsor ?? new Uint8Array()), toHex(ADMINS[0]?.publicKey ?? new Uint8Array()));
  const { epoch, sealedHeight } = epochOf(world.state);
  assert.deepEqual([epoch, sealedHeight], [1, height]);
  const done = world.change(0);
  assert.deepEqual([done.approvedHeight, done.sealedHeight], [approvedHeight, height]);
});

test('after a rotation the new key stands in the place of the old one, and no observer is made', () => {
  const world = new EpochWorld(genesisOf());
  assert.equal(world.rosterChange({ rotate: [{ name: node1, key: NEWCOMER.publicKey }] }), 'applied');
  assert.equal(world.change().waitsFor.length, 1);
  assert.equal(world.ready(first), 'forbidden');
  assert.equal(world.ready(NEWCOMER), 'applied');
  world.seal();
  assert.deepEqual(names(world), ['node1', 'node2', 'node3', 'node4']);
  assert.equal(toHex(world.roster.validators[0]?.key ?? new Uint8Array()), toHex(NEWCOMER.publicKey));
  assert.equal(admittedObserver(world.state, 'node1'), undefined);
});

test('what a rotated key might do, its successor does: admin, opener of spaces and of sessions that are open', () => {
  const genesis = genesisOf();
  const keys = [first.publicKey, pair(35).publicKey];
  const spaces = genesis.spaces.map((one) => ({ ...one, openers: [OPENER.publicKey, first.publicKey] }));
  const world = new EpochWorld({ ...genesis, spaces, admins: { keys, threshold: 2 } });
  const admins = [first, pair(35)];
  const open = (session: string, draft: boolean, key: KeyPair) =>
    world.operation('session.open', sessionOpenBody(sessionOpen({ session: parseId(session), draft })), [key]);
  const close = (session: string, key: KeyPair) =>
    world.operation('session.close', sessionCloseBody({ space: SPACE, session: parseId(session) }), [key]);
  for (const [session, draft] of [
    ['ended', false],
    ['active', false],
    ['draft', true],
  ] as const) {
    assert.deepEqual(world.block(open(session, draft, first)), ['applied']);
  }
  assert.deepEqual(world.block(close('ended', first)), ['applied']);
  assert.equal(world.rosterChange({ rotate: [{ name: node1, key: NEWCOMER.publicKey }] }, admins), 'applied');
  assert.equal(world.ready(NEWCOMER), 'applied');
  world.seal();
  const openers = ['ended', 'active', 'draft'].map((session) => world.state.sessions.get(`main/${session}`)?.opener);
  assert.deepEqual(openers, [first.publicKey, NEWCOMER.publicKey, NEWCOMER.publicKey]);
  assert.deepEqual(world.block(open('more', false, first), open('other', false, NEWCOMER)), ['forbidden', 'applied']);
  assert.deepEqual(world.block(close('active', first), close('active', NEWCOMER)), ['forbidden', 'applied']);
  assert.equal(world.paramsChange({ shards: 8 }, admins), 'forbidden');
  assert.equal(world.paramsChange({ shards: 8 }, [NEWCOMER, pair(35)]), 'applied');
});

test('the admins of the epoch before change nothing any more, and the new ones do', () => {
  const world = new EpochWorld(genesisOf());
  const admins = [pair(35), pair(36)];
  const next = { keys: admins.map(({ publicKey }) => publicKey), threshold: 2 };
  assert.equal(world.rosterChange({ admins: next }), 'applied');
  assert.equal(world.change().approvedHeight, world.height, 'no key of a node is new: nobody is waited for');
  world.seal();
  const before = world.rows();
  assert.equal(world.paramsChange({ shards: 8 }), 'forbidden');
  assert.equal(world.rosterChange({ add: [validator('node5')] }), 'forbidden');
  assert.deepEqual(world.rows(), before);
  assert.equal(world.paramsChange({ shards: 8 }, admins), 'applied');
  assert.equal(world.withdraw(ADMINS), 'forbidden');
});

function reshard(world: EpochWorld, shards: number): void {
  assert.equal(world.paramsChange({ shards }), 'applied');
  world.seal();
}

function total(world: EpochWorld): (number | undefined)[] {
  const [one, two] = liveResults(world.state, SPACE, SESSION) ?? [];
  return [one?.n, one?.total, two?.n, two?.total];
}

const sumsOf = (world: EpochWorld): number[][] =>
  [...world.state.tallies.entries()].map(([key, row]) => [Number(key.split('/')[3]), row.total]);

test('4, 8, then 2 shards: the sum stays, and a revision takes back what another shard’s row added', () => {
  const world = openedWorld();
  const ballots = new Map<number, SignedBallot>();
  const cast = (voter: number, weight: number): void => {
    const ballot = world.ballot(voter, scores(weight, 1), { previous: ballots.get(voter)?.id, timeMs: world.timeMs });
    assert.deepEqual(world.block(ballot), ['counted'], `voter ${voter}`);
    ballots.set(voter, ballot);
  };
  for (let voter = 0; voter < 8; voter++) cast(voter, 10);
  reshard(world, 8);
  assert.deepEqual(total(world), [8, 80, 8, 8]);
  for (let voter = 0; voter < 8; voter++) cast(voter, 3);
  assert.deepEqual(total(world), [8, 24, 8, 8]);
  reshard(world, 2);
  assert.equal(epochOf(world.state).shardsMost, 8, 'rows of shards that are no more are still summed');
  assert.deepEqual(total(world), [8, 24, 8, 8]);
  for (let voter = 0; voter < 8; voter++) cast(voter, 1);
  assert.deepEqual(total(world), [8, 8, 8, 8]);
  assert.ok(
    sumsOf(world).some(([, sum]) => (sum ?? 0) < 0),
    'a row may fall below zero',
  );
  assert.ok(sumsOf(world).some(([shard]) => (shard ?? 0) > 2));
  const closed = world.block(world.operation('session.close', { ...at, reason: 'done' }, [OPENER]));
  assert.deepEqual(closed, ['applied']);
  assert.equal(world.state.results.get(`${SPACE}/${SESSION}`)?.proposals[0]?.total, 8);
});

function openedWorld(): EpochWorld {
  const world = new EpochWorld(genesisOf());
  assert.deepEqual(world.block(world.open({ rule: { ...RULE, revisable: true } }, 8)), ['applied']);
  return world;
}

test('a ballot belongs to the shard its voter has in this epoch, and to no other', () => {
  const world = openedWorld();
  const voter = [0, 1, 2, 3, 4, 5, 6, 7].find((one) => {
    const [shard, after] = [4, 3].map((shards) => placeIn(world, `m${one}`, shards));
    return shard !== after;
  });
  assert.ok(voter !== undefined);
  const ballot = world.ballot(voter, scores(5, 5));
  const { shard } = world.place(ballot);
  reshard(world, 3);
  assert.equal(world.apply(ballot, { shard }).outcome, 'wrong-shard');
  assert.equal(world.apply(ballot).outcome, 'counted');
});

function placeIn(world: EpochWorld, voter: string, shards: number): number {
  const other = new EpochWorld({ ...genesisOf(), params: { ...epochOf(world.state).params, shards } });
  return placeOf(other.state, SPACE, voter);
}

test('whenever shards change, only each voter’s last ballot is in the sums', () => {
  const cast = fc.record({ voter: fc.integer({ min: 0, max: 7 }), weight: fc.integer({ min: 1, max: 10 }) });
  const step = fc.oneof({ weight: 4, arbitrary: cast }, { weight: 1, arbitrary: fc.constantFrom(1, 2, 3, 4, 8, 64) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 16 }), (steps) => {
      const world = openedWorld();
      const heads = new Map<number, SignedBallot>();
      const last = new Map<number, number>();
      for (const one of steps) {
        if (typeof one === 'number') {
          reshard(world, one);
          continue;
        }
        const previous = heads.get(one.voter)?.id;
        const ballot = world.ballot(one.voter, scores(one.weight, 11 - one.weight), { previous, timeMs: world.timeMs });
        assert.deepEqual(world.block(ballot), ['counted']);
        heads.set(one.voter, ballot);
        last.set(one.voter, one.weight);
      }
      const sum = [...last.values()].reduce((before, weight) => before + weight, 0);
      assert.deepEqual(total(world), [last.size, sum, last.size, 11 * last.size - sum]);
    }),
    { numRuns: 25 },
  );
});
