import assert from 'node:assert/strict';
import { type Segment, sealSegment } from '../../../protocol/chain/segment.ts';
import { type Hash, ZERO_HASH } from '../../../protocol/hash.ts';
import { checkBounds } from '../../sim/checkers/bounds.ts';
import { calmPlan, type Plan } from '../../sim/plan.ts';
import { World, type WorldOptions } from '../../sim/world.ts';
import type { Message } from '../../types.ts';

/** A world whose nodes are up, with the checkers but without load. */
export function worldOf(seed: number, plan: Partial<Plan> = {}, options: WorldOptions = {}): World {
  const world = new World(calmPlan(seed, plan), options);
  for (const node of world.nodes) world.boot(node);
  return world;
}

let marks = 0;

/** Items of no meaning: they have outcomes as all others do. */
export function submit(world: World, at: number, shard = 1): void {
  const node = world.nodes[at];
  marks += 1;
  const bytes = Uint8Array.of(marks >> 8, marks & 0xff, at);
  if (node?.isUp === true) world.submit(node, shard, 9, bytes, bytes);
}

/** A segment in the name of anybody: for authors that a script plays. */
export function sealAs(world: World, author: number, height: number, parent: Hash = ZERO_HASH, mark = 0): Segment {
  const { chain, signers } = world.people;
  const place = { chain, epoch: 0, incarnation: 0, shard: 1, author, height, parent, timeMs: mark };
  return sealSegment(place, [{ kind: 9, bytes: Uint8Array.of(mark) }], (bytes) => {
    return signers[author]?.sign(bytes) ?? new Uint8Array(64);
  });
}

export function hand(world: World, from: number, to: number, ...messages: readonly Message[]): void {
  for (const message of messages) world.nodes[to]?.receive(from, message);
}

/** Everybody up is at one final height, all that was accepted is final, and every table is within its bounds. */
export function assertSettled(world: World, height: number): void {
  for (const { index, replica } of world.nodes) {
    if (replica === undefined || !world.honest.includes(index)) continue;
    checkBounds(world.verdict, index, replica);
    assert.ok(replica.executed.height >= height, `node ${index} at ${replica.executed.height}`);
  }
  const heights = world.nodes.flatMap(({ index, replica }) => {
    return world.honest.includes(index) ? (replica?.executed.height ?? []) : [];
  });
  assert.equal(new Set(heights).size, 1, heights.join());
  assert.deepEqual(world.items.open(world.book.latest.epoch), []);
  assert.deepEqual(world.verdict.violations, []);
}
