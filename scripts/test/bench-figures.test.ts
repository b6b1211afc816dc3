import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureParts } from '../bench/parts/part.ts';
import { isMet, rounded } from '../bench/report/figure.ts';
import { median, medians } from '../bench/report/median.ts';

test('the median of an even count is the mean of the middle two; of none there is none', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([]), Number.NaN);
});

test('an aim is met at its bound unless it says less; a figure that was not taken meets none', () => {
  const aim = { goal: 'P8', bound: 100 } as const;
  assert.equal(isMet(100, { ...aim, sign: '<=' }), true);
  assert.equal(isMet(100, { ...aim, sign: '<' }), false);
  assert.equal(isMet(100, { ...aim, sign: '>=' }), true);
  assert.equal(isMet(99, { ...aim, sign: '>=' }), false);
  for (const sign of ['<', '<=', '>='] as const) assert.equal(isMet(Number.NaN, { ...aim, sign }), false);
});

test('a figure keeps three digits that count', () => {
  assert.deepEqual([12_345, 0.012_345, 0, Number.POSITIVE_INFINITY].map(rounded), [
    12_300,
    0.0123,
    0,
    Number.POSITIVE_INFINITY,
  ]);
});

test('parts are measured in turn, and the cost of one operation is the median of the rounds', async () => {
  const order: string[] = [];
  const costs = { a: [100, 300, 200], b: [10, 10, 40] };
  const part = (name: 'a' | 'b') => ({
    name,
    count: 10,
    run: async () => {
      order.push(name);
      return costs[name][order.filter((one) => one === name).length - 5] ?? 0;
    },
  });
  assert.deepEqual(await measureParts([part('a'), part('b')], 3), [
    { name: 'a', cpuUs: 20 },
    { name: 'b', cpuUs: 1 },
  ]);
  assert.equal(order.slice(-6).join(''), 'ababab');
});

test('rounds have the median of each figure by itself', () => {
  assert.deepEqual(
    medians([
      { perS: 1, p99: 30 },
      { perS: 3, p99: 10 },
      { perS: 2, p99: 20 },
    ]),
    { perS: 2, p99: 20 },
  );
  assert.deepEqual(medians([]), {});
});
