import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkBounds } from '../sim/checkers/bounds.ts';
import { calmPlan, type Plan } from '../sim/plan.ts';
import { World, type WorldOptions } from '../sim/world.ts';

/* Scripted worlds: what a reviewer thought of, each with the rule that answers it. */

/** A world whose nodes are up, with the checkers but without load. */
function worldOf(seed: number, plan: Partial<Plan> = {}, options: WorldOptions = {}): World {
  const world = new World(calmPlan(seed, plan), options);
  for (const node of world.nodes) world.boot(node);
  return world;
}

let marks = 0;

/** Items of no meaning: they have outcomes as all others do. */
function submit(world: World, at: number, shard = 1): void {
  const node = world.nodes[at];
  marks += 1;
  const bytes = Uint8Array.of(marks >> 8, marks & 0xff, at);
  if (node !== undefined) world.submit(node, shard, 9, bytes, bytes);
}

/** Everybody up is at the same final height, all that was accepted is final, and every table is within its bounds. */
function assertSettled(world: World, height: number): void {
  for (const { index, replica } of world.nodes) {
    if (replica === undefined || !world.honest.includes(index)) continue;
    checkBounds(world.verdict, index, replica);
    assert.ok(replica.executed.height >= height, `node ${index} at ${replica.executed.height}`);
  }
  assert.deepEqual(world.items.open(), []);
  assert.deepEqual(world.verdict.violations, []);
}

for (const holder of [0, 1, 2, 3]) {
  test(`R-06 what an author that is gone sealed is final though the others but ${holder} miss all but its newest`, () => {
    const author = (holder + 1) % 4;
    const world = worldOf(
      1,
      {},
      {
        passes: (from, to, message) => {
          if (from !== author) return true;
          return message.kind === 'segment' && (to === holder || message.segment.header.height === 3);
        },
      },
    );
    for (const atMs of [100, 120, 140]) world.after(atMs, () => submit(world, author));
    world.after(200, () => world.crash(world.nodes[author] as (typeof world.nodes)[number]));
    world.runUntil(8_000);
    assertSettled(world, 1);
    assert.equal(world.items.outcomes.size, 3);
  });
}

test('S-13 a node behind a long run of blocks of which none was finalized directly catches up', () => {
  const FINALITY_AT_MS = 4_000;
  const world = worldOf(
    2,
    {},
    {
      passes: (_from, _to, message, nowMs) =>
        nowMs > FINALITY_AT_MS || message.kind !== 'vote' || message.vote.kind !== 'finalize',
    },
  );
  const late = world.nodes[3];
  assert.ok(late !== undefined);
  world.crash(late);
  for (let at = 0; at < 60; at++) world.after(100 + at * 60, () => submit(world, at % 3));
  world.runUntil(12_000);
  const blocks = world.history.blocks().length;
  const direct = world.nodes[0]?.disk.blocksFrom(1, 1_000).filter(({ certificate }) => certificate !== undefined);
  assert.ok(blocks > 40 && (direct?.[0]?.block.block.height ?? 0) > 33, `${blocks} ${direct?.[0]?.block.block.height}`);
  world.boot(late);
  world.runUntil(30_000);
  assertSettled(world, blocks);
});
