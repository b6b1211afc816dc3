import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sessionKey } from '../../protocol/governance/row-keys.ts';
import { SPACE } from '../sim/electorate.ts';
import { WORLD_STARTS_MS } from '../sim/node.ts';
import type { World } from '../sim/world.ts';
import { assertSettled, submit, worldOf } from './harness/scripted.ts';

/* Scripted worlds: what a reviewer thought of, each with the rule that answers it. */

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

/** A quiet world with its sessions open: the deadline of `beta` is the only thing to come. */
function withSessions(seed: number): { world: World; deadlineMs: number } {
  const world = worldOf(seed, { ballotsPerVoter: 0, chaosMs: 4_000 });
  world.load.start();
  const closesAtMs = world.load.sessions.find(({ name }) => name === 'beta')?.closesAtMs ?? 0;
  return { world, deadlineMs: closesAtMs - WORLD_STARTS_MS };
}

function statusOf(world: World, session: string): string[] {
  const rows = world.nodes.map(({ replica }) => replica?.state.sessions.get(sessionKey(SPACE, session)));
  return [...new Set(rows.map((row) => row?.status ?? 'none'))];
}

test('G-01 open sessions are walked when one of them changes or is due, not in every step', () => {
  const { world, deadlineMs } = withSessions(3);
  world.runUntil(3_500);
  assert.deepEqual([statusOf(world, 'beta'), deadlineMs > 4_000], [['active'], true]);
  const sessions = world.nodes[0]?.replica?.state.sessions;
  assert.ok(sessions !== undefined);
  let walks = 0;
  const blocks = world.history.blocks().length;
  const { liveKeys } = sessions;
  sessions.liveKeys = function counted(...args) {
    walks += 1;
    return liveKeys.apply(this, args);
  };
  for (let at = 0; at < 20; at++) world.after(at * 20, () => submit(world, at % 4));
  world.runUntil(4_000);
  // Executing a block walks them twice; the steps around it, many more, do not.
  assert.ok(walks > 0 && walks <= 2 * (world.history.blocks().length - blocks), String(walks));
  world.runUntil(deadlineMs + 2_000);
  assert.deepEqual(statusOf(world, 'beta'), ['completed']);
});

for (const jumper of [0, 1, 2, 3]) {
  test(`G-01 a clock that jumps around a deadline (node ${jumper}) moves it by nothing`, () => {
    const { world, deadlineMs } = withSessions(4);
    const node = world.nodes[jumper];
    assert.ok(node !== undefined);
    world.runUntil(deadlineMs - 300);
    node.wallStepMs = 20_000;
    for (let at = 0; at < 4; at++) submit(world, at);
    world.runUntil(deadlineMs - 50);
    assert.deepEqual(statusOf(world, 'beta'), ['active']);
    node.wallStepMs = -20_000;
    world.runUntil(deadlineMs + 2_500);
    assert.deepEqual(statusOf(world, 'beta'), ['completed']);
    node.wallStepMs = 0;
    world.runUntil(deadlineMs + 6_000);
    assertSettled(world, 1);
  });
}
