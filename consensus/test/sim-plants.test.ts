import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLANTS } from '../sim/plants.ts';
import { runSeed, type SimOptions } from '../sim/run.ts';

/** Violations of the first seeds until one shows what is looked for. */
function isFound(invariant: RegExp, seeds: readonly number[], options: SimOptions): boolean {
  return seeds.some((seed) => runSeed(seed, options).violations.some((violation) => invariant.test(violation)));
}

const CASES: readonly (readonly [plant: string, invariant: RegExp, seeds: readonly number[]])[] = [
  ['double-notarize', /^S8 one notarize a view/, [1, 2, 4, 5, 6]],
  ['no-journal', /^S8 one (?:notarize|segment) a/, [5, 8, 3, 4, 7, 10]],
  ['finalize-after-nullify', /^S8 never nullify and finalize/, [1, 10, 11]],
  ['forget-segments', /^S8 one segment a height/, [1, 2]],
  ['lose-a-vote', /^S11 equal execution/, [1, 2, 4]],
];

for (const [plant, invariant, seeds] of CASES) {
  test(`the planted bug ${plant} is found in a few seeds`, () => {
    assert.ok(isFound(invariant, seeds, { plant: PLANTS.get(plant), crashy: true, n: 4 }));
  });
}

test('f + 1 equivocators make a fork, and it is reported', () => {
  assert.ok(isFound(/^S1 agreement/, [3, 4], { n: 4, villains: ['equivocator', 'equivocator'] }));
});
