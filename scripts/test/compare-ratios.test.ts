import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { LoadFigures } from '../bench/compare/load.ts';
import { compare, type Pair } from '../bench/compare/ratios.ts';
import { medianInterval } from '../bench/compare/statistics.ts';

test('the interval of a sample holds its median and lies within it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 15 }),
      (values) => {
        const { median, low, high } = medianInterval(values, 1);
        assert.ok(Math.min(...values) <= low && low <= median && median <= high && high <= Math.max(...values));
      },
    ),
    { numRuns: 30 },
  );
});

test('the same seed draws the same interval; more values make it narrower', () => {
  const values = Array.from({ length: 9 }, (_, at) => 0.6 + at * 0.1);
  const many = Array.from({ length: 10 }, () => values).flat();
  assert.deepEqual(medianInterval(values, 7), medianInterval(values, 7));
  const width = ({ low, high }: { readonly low: number; readonly high: number }): number => high - low;
  assert.ok(width(medianInterval(many, 7)) < width(medianInterval(values, 7)));
  assert.throws(() => medianInterval([], 1), RangeError);
});

test('an even sample has its median in the middle', () => {
  assert.equal(medianInterval([4, 1, 2, 3], 1).median, 2.5);
});

const BASE: LoadFigures = { perS: 1_000, finalMsP99: 40, cpuUsPerBallot: 400 };

/** Pairs in which the machine is a little different each time, the same for both. */
function pairsOf(count: number, change: (base: LoadFigures, at: number) => LoadFigures): Pair[] {
  return Array.from({ length: count }, (_, at) => {
    const slow = 1 + (at % 4) / 2;
    const { perS, finalMsP99, cpuUsPerBallot } = BASE;
    const base = { perS: perS / slow, finalMsP99: finalMsP99 * slow, cpuUsPerBallot: cpuUsPerBallot * slow };
    return { base, tree: change(base, at) };
  });
}

function worse(pairs: readonly Pair[]): string[] {
  return compare(pairs, 1).flatMap(({ figure, isWorse }) => (isWorse ? [figure] : []));
}

test('a tree that does the same is no worse on a machine that changes', () => {
  const ratios = compare(
    pairsOf(7, (base) => base),
    1,
  );
  for (const { median, low, high, isWorse } of ratios) assert.deepEqual([median, low, high, isWorse], [1, 1, 1, false]);
});

test('each figure that is a quarter worse in every pair is named, and no other', () => {
  assert.deepEqual(worse(pairsOf(7, (base) => ({ ...base, perS: base.perS * 0.7 }))), ['perS']);
  assert.deepEqual(worse(pairsOf(7, (base) => ({ ...base, finalMsP99: base.finalMsP99 * 1.4 }))), ['finalMsP99']);
  assert.deepEqual(worse(pairsOf(7, (base) => ({ ...base, cpuUsPerBallot: base.cpuUsPerBallot * 1.4 }))), [
    'cpuUsPerBallot',
  ]);
});

test('better is never worse', () => {
  assert.deepEqual(worse(pairsOf(9, () => ({ perS: 9_000, finalMsP99: 1, cpuUsPerBallot: 1 }))), []);
});

test('what may be chance is no verdict: a wide interval, or less than seven pairs', () => {
  const torn = pairsOf(7, (base, at) => ({ ...base, perS: base.perS * (at % 2 === 0 ? 0.5 : 1.1) }));
  assert.deepEqual(worse(torn), []);
  const few = pairsOf(6, (base) => ({ ...base, perS: base.perS * 0.1 }));
  assert.deepEqual(worse(few), []);
});
