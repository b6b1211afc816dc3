import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlanOptions } from '../sim/plan.ts';
import { PLANTS } from '../sim/plants.ts';
import { runSeed, type SimOptions } from '../sim/run.ts';

const CRASHY = { n: 4, weather: 'crashy', era: 2 } as const;
const PLAIN = { n: 4, era: 2 } as const;
const DARK = { n: 4, weather: 'dark', villains: ['silent'], era: 2 } as const;

/** Networks that change while they run. */
const CHANGING = {} as const;

/** A world in which each planted bug shows, found by the campaign and kept small. */
const WORLDS: readonly (readonly [plant: string, seed: number, options: PlanOptions])[] = [
  ['double-notarize', 1, CRASHY],
  ['forget-nullify', 1, CRASHY],
  ['forget-finalize', 1, CRASHY],
  ['no-journal', 3, CRASHY],
  ['finalize-after-nullify', 1, CRASHY],
  ['forget-segments', 1, CRASHY],
  ['own-votes-lost', 5, DARK],
  ['no-fence', 86, PLAIN],
  ['accept-before-sync', 1, CRASHY],
  ['lose-a-vote', 1, PLAIN],
  ['count-twice', 1, PLAIN],
  ['close-by-own-clock', 5, PLAIN],
  ['believe-everybody', 1, { ...PLAIN, villains: ['forger'] }],
  ['never-fetch', 1, PLAIN],
  ['never-answer', 1, PLAIN],
  ['never-say-again', 11, CRASHY],
  ['mute-for-ever', 3, PLAIN],
  ['keep-relays', 1, PLAIN],
  ['old-journal', 2, CHANGING],
  ['reuse-heights', 3, CHANGING],
  ['old-quorum', 2, CHANGING],
  ['forget-leftovers', 1, CHANGING],
  ['never-sleep', 1, PLAIN],
];

for (const [name, seed, options] of WORLDS) {
  test(`the planted bug ${name} is found`, () => {
    const plant = PLANTS.get(name);
    assert.ok(plant !== undefined);
    const { violations } = runSeed(seed, { ...options, plant });
    assert.ok(
      violations.some((violation) => plant.shows.test(violation)),
      violations.join('; '),
    );
  });
}

test('every plant has its world, and without it the world is well', () => {
  assert.deepEqual(WORLDS.map(([name]) => name).sort(), [...PLANTS.keys()].sort());
  const worlds = new Map(WORLDS.map(([, seed, options]) => [JSON.stringify([seed, options]), { seed, options }]));
  for (const { seed, options } of worlds.values()) assert.deepEqual(runSeed(seed, options).violations, []);
});

/** Violations of the first seeds until one shows what is looked for. */
function isFound(invariant: RegExp, seeds: readonly number[], options: SimOptions): boolean {
  return seeds.some((seed) => runSeed(seed, options).violations.some((violation) => invariant.test(violation)));
}

test('f + 1 equivocators make a fork, and it is reported', () => {
  assert.ok(isFound(/^S1 agreement/, [3, 4], { n: 4, villains: ['equivocator', 'equivocator'], era: 2 }));
});

test('f + 1 twins make contradictory certificates, and it is reported', () => {
  assert.ok(isFound(/^S[1-4]/, [53, 63], { n: 4, villains: ['twin', 'twin'], era: 2 }));
});
