import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HashedBlock, hashBlock } from '../../protocol/chain/block.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { WORLD_STARTS_MS } from '../sim/node.ts';
import { signVote } from '../sim/villains/villain.ts';
import type { World } from '../sim/world.ts';
import type { Message } from '../types.ts';
import { assertSettled, hand, sealAs, submit, worldOf } from './harness/scripted.ts';
import { cutOf } from './harness/solo.ts';

/* Scripted worlds in which one validator is played by the script and the others must go on without it. */

/** A world of four in which the leader of view 1 says only what the script says, and the other three. */
function withPlayed(seed: number): { world: World; played: number; others: number[] } {
  const played = leaderOf(worldOf(seed).people.roster, 1);
  const world = worldOf(seed, { villains: new Map([[played, 'silent']]) });
  return { world, played, others: [...world.honest] };
}

function proposalOf(world: World, proposer: number, cut: HashedBlock['block']['cut']): Message {
  const { chain, signers } = world.people;
  const signer = signers[proposer];
  assert.ok(signer !== undefined);
  const timeMs = WORLD_STARTS_MS + world.nowMs;
  const at = { chain, epoch: 0, view: 1, height: 1, parentView: 0, parentHash: chain, proposer, flags: 0, timeMs };
  const block = hashBlock({ ...at, cut, evidence: [] });
  const vote = signVote(
    { chain, signer, self: proposer, epoch: 0 } as Parameters<typeof signVote>[0],
    'notarize',
    1,
    block.hash,
  );
  return { kind: 'propose', block, signature: vote.vote.signature };
}

test('an author shows two forks and the only holder of the one it ordered goes down and comes back', () => {
  const { world, played, others } = withPlayed(11);
  const [holder = 0, ...rest] = others;
  world.runUntil(50);
  const [a, b] = [sealAs(world, played, 1, undefined, 1), sealAs(world, played, 1, undefined, 2)];
  hand(world, played, holder, { kind: 'segment', segment: a }, proposalOf(world, played, cutOf(a)));
  world.runUntil(60);
  const node = world.nodes[holder];
  assert.ok(node !== undefined);
  assert.ok(node.replica?.views.find(1)?.own.has('notarize') === true);
  world.crash(node);
  for (const to of rest) hand(world, played, to, { kind: 'segment', segment: b });
  world.runUntil(1_000);
  world.boot(node);
  world.runUntil(10_000);
  submit(world, holder);
  world.runUntil(20_000);
  assertSettled(world, 2);
  assert.equal(node.replica?.chains.of(1, played).sizes().held, 0);
});

test('a villain is the only holder, gives its segments to two and falls silent: the third gets them of these', () => {
  const { world, played, others } = withPlayed(12);
  const [first = 0, second = 0, third = 0] = others;
  world.runUntil(50);
  const run = [sealAs(world, played, 1)];
  for (let height = 2; height <= 20; height++) run.push(sealAs(world, played, height, run.at(-1)?.id, height));
  const tip = run.at(-1);
  assert.ok(tip !== undefined);
  const proposal = proposalOf(world, played, cutOf(tip));
  for (const to of [first, second]) {
    hand(world, played, to, ...run.map((segment): Message => ({ kind: 'segment', segment })), proposal);
  }
  world.runUntil(5_000);
  assert.ok(world.nodes[third]?.replica?.executed.height !== 0);
  assertSettled(world, 1);
  assert.equal(world.history.blocks()[0]?.cut[0]?.height, 20);
});

test('the one node that knows that a block is final goes for good: the others find the same', () => {
  const knower = 2;
  const world = worldOf(
    13,
    {},
    {
      passes: (from, to, message, nowMs) => {
        const isFinalize = message.kind === 'vote' && message.vote.kind === 'finalize';
        if (from === knower) return message.kind === 'propose' || (message.kind === 'vote' && !isFinalize);
        return !isFinalize || to === knower || nowMs > 1_000;
      },
    },
  );
  world.after(50, () => submit(world, 0));
  world.runUntil(900);
  const node = world.nodes[knower];
  assert.ok(node?.replica !== undefined && node.replica.finalHeight > 0);
  assert.deepEqual(world.nodes.filter(({ replica }) => replica?.finalHeight === 0).length, 3);
  world.crash(node);
  world.runUntil(10_000);
  assertSettled(world, 1);
});

for (const seed of [21, 22, 23]) {
  test(`all go down at once again and again, and what comes back comes in any order (${seed})`, () => {
    const links = { delayMs: [1, 30], straggle: 0.5, straggleMs: 800, loss: 0.05, duplicate: 0.4 } as const;
    const world = worldOf(seed, {
      links,
      syncMs: 10,
      stall: 0.2,
      stallMs: 300,
      inputsPerSync: 16,
      ledgerSync: 0.3,
      compact: 0.3,
    });
    for (let at = 0; at < 60; at++) world.after(100 + at * 50, () => submit(world, at % 4));
    for (const atMs of [700, 1_300, 1_320, 2_100, 2_600]) {
      world.after(atMs, () => {
        for (const node of world.nodes.filter(({ isUp }) => isUp)) {
          world.crash(node);
          world.after(world.random.between(1, 120), () => (node.isUp ? undefined : world.boot(node)));
        }
      });
    }
    world.runUntil(6_000);
    world.network.heal();
    for (const node of world.nodes) node.healDisk();
    world.runUntil(40_000);
    assertSettled(world, 3);
  });
}

test('a copy of a disk is put back: the node sees what it signed, stops, and the others go on', () => {
  const world = worldOf(14, { villains: new Map([[1, 'rolled-back']]) });
  const node = world.nodes[1];
  assert.ok(node !== undefined);
  for (let at = 0; at < 40; at++) world.after(100 + at * 100, () => submit(world, at % 4));
  world.after(600, () => node.disk.copy());
  world.after(1_500, () => {
    world.rollBack(node);
    world.boot(node);
  });
  world.runUntil(12_000);
  assert.equal(node.replica?.violated, true);
  submit(world, 0);
  world.runUntil(20_000);
  assertSettled(world, 10);
});
