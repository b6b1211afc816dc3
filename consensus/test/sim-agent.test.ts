import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawPlan } from '../sim/plan.ts';
import { runSeed } from '../sim/run.ts';
import { assertSettled, submit, worldOf } from './harness/scripted.ts';

/* Nodes that tune their batches, and hold them back behind very few segments in flight. */

for (const seed of [11, 13]) {
  test(`seed ${seed} with agents: all is final after the chaos, nothing spins, one seed is one run`, () => {
    const report = runSeed(seed, { agent: true });
    assert.deepEqual(report.violations, []);
    assert.ok(report.ballotsCounted > 0);
    assert.equal(runSeed(seed, { agent: true }).eventHash, report.eventHash);
  });
}

test('batches held back while nothing can become final are sealed and final once it can', () => {
  let isCut = false;
  const world = worldOf(31, { agent: true }, { passes: () => !isCut });
  world.runUntil(200);
  isCut = true;
  for (let at = 0; at < 40; at++) {
    submit(world, 0);
    world.runUntil(world.nowMs + 50);
  }
  const replica = world.nodes[0]?.replica;
  assert.ok(replica !== undefined);
  assert.ok(replica.pool.waiting(1) > 30, `${replica.pool.waiting(1)} wait`);
  const { steps } = world;
  world.runUntil(world.nowMs + 2_000);
  // Ten samples a second and the timers of consensus: a held batch wakes nobody.
  assert.ok(world.steps - steps < 1_500, String(world.steps - steps));
  isCut = false;
  world.runUntil(world.nowMs + 8_000);
  assert.equal(replica.pool.waiting(1), 0);
  assertSettled(world, 1);
});

test('a share of the seeds has agents, and those that once failed are the worlds they were', () => {
  const share = Array.from({ length: 400 }, (_, seed) => drawPlan(seed).agent).filter(Boolean).length;
  assert.ok(share > 60 && share < 140, String(share));
  for (const seed of [4026, 100_025, 101_416]) assert.equal(drawPlan(seed).agent, false);
  assert.equal(drawPlan(3, { era: 1 }).agent, false);
});
