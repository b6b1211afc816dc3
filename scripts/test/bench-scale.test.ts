import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Core } from '../bench/scale/core.ts';
import { type Costs, FREE } from '../bench/scale/costs.ts';
import { Timeline } from '../bench/scale/timeline.ts';
import { UsualTimes } from '../bench/scale/usual-times.ts';
import { type Outcome, type Scene, World } from '../bench/scale/world.ts';

const COSTS: Costs = {
  ...{ signUs: 20, verifyUs: 80, sendUs: 60, receiveUs: 60, callUs: 150, storeUs: 180, syncMs: 0.5 },
  ...{ decodeUs: 10, stepUs: 30, encodeUs: 5 },
};
const SCENE: Scene = { n: 4, seed: 3, costs: COSTS, delayMs: 0.25, ballotsPerS: 100, durationMs: 500 };

function run(changes: Partial<Scene> = {}): Promise<Outcome> {
  return new World({ ...SCENE, ...changes }).run();
}

test('with fixed costs a seed is one run, and another seed another', async () => {
  const [once, again, other] = [await run(), await run(), await run({ seed: 4 })];
  assert.deepEqual(again, once);
  assert.notDeepEqual(other.diary.submitToFinalMs, once.diary.submitToFinalMs);
  assert.equal(once.diary.submitToFinalMs.length, 50);
  assert.ok(once.blocks > 0 && once.verifications > 0);
});

test('where nothing but links takes time, a block is final at everybody three delays after it left', async () => {
  for (const delayMs of [1, 40]) {
    const { diary, views, blocks } = await run({ costs: FREE, delayMs });
    assert.ok(diary.proposeToFinalMs.length > 0);
    assert.equal(diary.proposeToFinalMs.length % SCENE.n, 0);
    for (const tookMs of diary.proposeToFinalMs) assert.ok(Math.abs(tookMs - 3 * delayMs) < 0.001, `${tookMs} ms`);
    assert.equal(views, blocks);
  }
});

test('what an operation costs is in the time of a ballot, and in what the core was busy with', async () => {
  const [cheap, dear] = [await run(), await run({ costs: { ...COSTS, verifyUs: 800 } })];
  assert.ok(sum(dear.diary.submitToFinalMs) > sum(cheap.diary.submitToFinalMs));
  assert.ok(dear.shares.signatures > 5 * cheap.shares.signatures);
  assert.ok(cheap.busiestShare < 1);
});

test('a core does what comes one after the other, and one free of charge at once', async () => {
  const timeline = new Timeline();
  const core = new Core(timeline);
  const seen: number[] = [];
  for (const costUs of [2_000, 0, 1_000, 0]) {
    core.run(() => {
      seen.push(timeline.nowMs);
      core.charge('handling', costUs);
    });
  }
  await timeline.runUntil(10);
  assert.deepEqual(seen, [0, 2, 2, 3]);
  assert.equal(core.spentUs('handling'), 3_000);
  assert.equal(core.spentUs('network'), 0);
});

test('who waits for a promise has charged the core before its next task starts', async () => {
  const timeline = new Timeline();
  const core = new Core(timeline);
  const { promise, resolve } = Promise.withResolvers<void>();
  core.run(() => timeline.resolve(resolve));
  let startedMs = Number.NaN;
  core.run(() => {
    startedMs = timeline.nowMs;
  });
  void promise.then(() => core.charge('handling', 5_000));
  await timeline.runUntil(10);
  assert.equal(startedMs, 5);
});

test('a time far longer than usual is charged as usual, and a little longer one counts', () => {
  const usual = new UsualTimes();
  for (let at = 0; at < 100; at++) usual.taken('step', 2, 0.1);
  assert.ok(Math.abs(usual.unitUs('step') - 50) < 0.001);
  assert.ok(Math.abs(usual.taken('step', 4, 30) - 0.2) < 0.001);
  assert.ok(Math.abs(usual.unitUs('step') - 50) < 0.001);
  usual.taken('step', 2, 0.2);
  assert.ok(usual.unitUs('step') > 50);
  assert.equal(usual.unitUs('encode'), 0);
});

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}
