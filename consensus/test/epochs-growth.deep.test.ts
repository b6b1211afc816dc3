import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChangeKind, PlanOptions } from '../sim/plan.ts';
import { runWorld } from '../sim/run.ts';
import type { VillainKind } from '../sim/villains/cast.ts';

/* A network of four that grows to seven and to ten, and shrinks to four again, while the links, disks and clocks of its seed fail. */

const FEW = 4;
const MOST = 10;
/** Without it all is healed long before the network has grown. */
const CHAOS_MS = 40_000;

/** The admins ask one after the other; the times only say in which order. */
function growth(): NonNullable<PlanOptions['changes']> {
  const kinds: ChangeKind[] = [
    ...Array<ChangeKind>(3).fill('add'),
    'reshard',
    ...Array<ChangeKind>(3).fill('add'),
    ...Array<ChangeKind>(6).fill('remove'),
  ];
  return kinds.map((kind, at) => ({ atMs: 200 + at * 10, kind }));
}

const SEEDS = [1, 2, 5, 8, 9, 12, 13, 16];

/** Each is one of the first four, and bearable in every roster. */
const CASTS: readonly (readonly [villain: VillainKind, seed: number])[] = [
  ['double-voter', 3],
  ['forker', 4],
  ['twin', 11],
  ['liar', 14],
];

function grow(seed: number, villains: readonly VillainKind[]): void {
  const options = { n: FEW, spares: MOST - FEW, changes: growth(), chaosMs: CHAOS_MS, villains };
  const world = runWorld(seed, options);
  assert.deepEqual(world.verdict.violations, []);
  const sizes = world.book.all().map(({ seats }) => seats.length);
  assert.ok(sizes.includes(7), 'three came, and then other shards');
  assert.equal(Math.max(...sizes), MOST);
  assert.equal(sizes.at(-1), FEW);
  assert.ok(world.items.countedSize > 0);
}

for (const seed of SEEDS) {
  test(`N-01 seed ${seed}: four validators become ten and four again`, () => grow(seed, []));
}

for (const [villain, seed] of CASTS) {
  test(`N-01 seed ${seed}: four validators, a ${villain} among them, become ten and four again`, () => {
    grow(seed, [villain]);
  });
}
