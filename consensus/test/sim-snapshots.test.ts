import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Replica } from '../replica-state.ts';
import { runWorld } from '../sim/run.ts';

const SNAPSHOTS = { era: 3, n: 4, snapshotIntervalBlocks: 3 } as const;

for (const [name, seed, options] of [
  ['through loss and splits', 3, {}],
  ['through crashes', 2, { weather: 'crashy' }],
  ['beside a liar that signs another one', 4, { villains: ['liar'] }],
] as const) {
  test(`K-03 honest nodes agree on snapshots ${name}`, () => {
    const world = runWorld(seed, { ...SNAPSHOTS, ...options });
    assert.deepEqual(world.verdict.violations, []);
    assert.ok(world.snapshotsAgreed.size > 1, `${world.snapshotsAgreed.size} heights`);
  });
}

test('K-03 a node whose state differs where no checkpoint looks is stopped by the snapshots of the others', () => {
  let isDone = false;
  const afterStep = ({ config, state }: Replica): void => {
    const [first] = state.heads.entries();
    if (isDone || config.self !== 1 || first === undefined) return;
    isDone = true;
    state.heads.restore(first[0], { ...first[1], height: first[1].height + 1_000 });
  };
  const plant = { shows: /another state/, afterStep };
  const world = runWorld(1, { ...SNAPSHOTS, plant, agent: false });
  assert.ok(
    world.verdict.violations.some((violation) => plant.shows.test(violation)),
    world.verdict.violations.join(),
  );
});
