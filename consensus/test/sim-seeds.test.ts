import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { nameSeed, regressionSeeds } from '../sim/plan.ts';
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
  assert.deepEqual(runSeed(7, { realKeys: true, n: 4 }).violations, []);
});

test('a ballot that one villain seals into four shards counts once', () => {
  const world = runWorld(3, { n: 4, shards: 4, villains: ['sprayer'] });
  assert.deepEqual(world.verdict.violations, []);
  const sprayed = [...world.items.outcomes.values()].filter(
    (outcomes) => outcomes.filter((outcome) => outcome === 'wrong-shard').length >= 3,
  );
  const counted = sprayed.map((outcomes) => outcomes.filter((outcome) => outcome === 'counted').length);
  assert.ok(counted.includes(1));
  assert.ok(counted.every((times) => times <= 1));
});
