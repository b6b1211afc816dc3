import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gaugesOf } from '../sim/checkers/bounds.ts';
import { drawPlan } from '../sim/plan.ts';
import { runWorld } from '../sim/run.ts';
import type { VillainKind } from '../sim/villains/cast.ts';

/* One villain feeds the tables of the honest ones all the time: A3 is looked at every 50 ms (sim/checkers/bounds.ts). */

const ATTACKS: readonly (readonly [villain: VillainKind, seed: number])[] = [
  ['flooder', 1],
  ['flooder', 2],
  ['bloater', 1],
  ['bloater', 4],
  ['rolled-back', 1],
  ['rolled-back', 2],
  ['liar', 1],
  ['forker', 1],
];

for (const [villain, seed] of ATTACKS) {
  test(`A3 seed ${seed}: a ${villain} fills no table beyond its bound and stops nobody`, () => {
    const world = runWorld(seed, { n: 4, villains: [villain] });
    assert.deepEqual(world.verdict.violations, []);
    assert.ok(world.history.blocks().length > 5);
  });
}

test('slow disks are drawn, and every table has a bound', () => {
  const plans = Array.from({ length: 40 }, (_, seed) => drawPlan(seed));
  assert.ok(plans.some(({ stall, stallMs }) => stall > 0 && stallMs > 1_000));
  assert.ok(plans.some(({ villains }) => [...villains.values()].includes('rolled-back')));
  const [replica] = runWorld(3, { n: 4, villains: [] }).nodes.flatMap((node) => node.replica ?? []);
  assert.ok(replica !== undefined);
  for (const { table, max } of gaugesOf(replica)) assert.ok(max >= 0 && Number.isSafeInteger(max), table);
});
