import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { drawPlan, nameSeed, regressionSeeds } from '../sim/plan.ts';
import { runSeed, runWorld } from '../sim/run.ts';

const SEEDS = regressionSeeds(readFileSync(new URL('../testdata/seeds.txt', import.meta.url), 'utf8'));

test('the same seed twice is the same run; another seed is another run', () => {
  const [once, again, other] = [runSeed(5), runSeed(5), runSeed(6)];
  assert.deepEqual(again, once);
  assert.match(once.eventHash, /^[0-9a-f]{64}$/);
  assert.notEqual(other.eventHash, once.eventHash);
  assert.ok(once.blocks > 5 && once.ballotsCounted > 5);
});

for (const name of SEEDS.slice(0, 4)) {
  test(`seed ${nameSeed(name)}, which once failed, passes`, () => {
    assert.deepEqual(runSeed(name.seed, { era: name.era }).violations, []);
  });
}

test('a journal compacted between a seal and its sync still knows the seal', () => {
  assert.deepEqual(runSeed(26, { weather: 'crashy', era: 1 }).violations, []);
});

test('with real signatures a world passes as well', () => {
  assert.deepEqual(runSeed(7, { realKeys: true, n: 4, era: 2 }).violations, []);
});

test('a ballot that one villain seals into four shards counts once', () => {
  const world = runWorld(3, { n: 4, shards: 4, villains: ['sprayer'], era: 2 });
  assert.deepEqual(world.verdict.violations, []);
  const sprayed = [...world.items.outcomes.values()].filter(
    (outcomes) => outcomes.filter((outcome) => outcome === 'wrong-shard').length >= 3,
  );
  const counted = sprayed.map((outcomes) => outcomes.filter((outcome) => outcome === 'counted').length);
  assert.ok(counted.includes(1));
  assert.ok(counted.every((times) => times <= 1));
});

for (const villain of ['forker', 'double-voter', 'nullfin'] as const) {
  test(`E-02 a ${villain} is muted by a final block, and nobody honest is`, () => {
    const world = runWorld(11, { n: 4, villains: [villain] });
    assert.deepEqual(world.verdict.violations, []);
    const [author = 0] = world.plan.villains.keys();
    assert.ok(world.standings.isMuted(author));
  });
}

test('F-03 a node that lost its disk continues its chains under a new incarnation', () => {
  const seeds = Array.from({ length: 200 }, (_, at) => 1 + at).filter(
    (seed) => drawPlan(seed, { n: 4, era: 3 }).wipe !== undefined,
  );
  const sealsAgain = seeds.slice(0, 5).map((seed) => {
    const world = runWorld(seed, { n: 4, era: 3 });
    assert.deepEqual(world.verdict.violations, []);
    const wiped = world.plan.wipe?.node ?? 0;
    assert.ok(world.standings.incarnation(wiped) >= 1);
    return world.history.blocks().some(({ cut }) => cut.some((one) => one.author === wiped && one.incarnation >= 1));
  });
  assert.ok(sealsAgain.includes(true), 'and orders what it seals then');
});
