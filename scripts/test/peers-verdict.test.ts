import assert from 'node:assert/strict';
import { test } from 'node:test';
import { driveClosed, type Rate } from '../bench/peers/rates.ts';
import { type Round, ratiosOf } from '../bench/peers/verdict.ts';

function rates(perS: Readonly<Record<string, number>>): ReadonlyMap<string, Rate> {
  return new Map(Object.entries(perS).map(([name, value]) => [name, { perS: value, msP50: 1, msP99: 2 }]));
}

function ratio(rounds: readonly Round[], name: string) {
  const found = ratiosOf(rounds).find((one) => one.name === name);
  assert.ok(found !== undefined);
  return found;
}

test('a ratio is the median of those within the rounds, not of rates apart', () => {
  // The machine got ten times slower in the second round, for both.
  const rounds = [
    { single: rates({ waggle: 2_000, 'etcd-3': 1_000 }), batch: rates({}) },
    { single: rates({ waggle: 200, 'etcd-3': 400 }), batch: rates({}) },
    { single: rates({ waggle: 3_000, 'etcd-3': 2_000 }), batch: rates({}) },
  ];
  assert.deepEqual(ratio(rounds, 'etcdSingle'), {
    name: 'etcdSingle',
    times: 1.5,
    low: 0.5,
    high: 2,
    aim: 1,
    isMet: true,
  });
});

test('of several clusters the fastest in the round is held against Waggle', () => {
  const rounds = [{ single: rates({}), batch: rates({ waggle: 900, 'etcd-3': 1_000, 'etcd-4': 500 }) }];
  assert.equal(ratio(rounds, 'etcdBatch').times, 0.9);
  assert.equal(ratio(rounds, 'etcdBatch').isMet, false);
});

test('what has no batches is held against the batches of Waggle', () => {
  const rounds = [{ single: rates({ waggle: 1, incumbent: 60, orbitdb: 30 }), batch: rates({ waggle: 6_000 }) }];
  assert.equal(ratio(rounds, 'incumbent').times, 100);
  assert.equal(ratio(rounds, 'incumbent').isMet, true);
  assert.equal(ratio(rounds, 'orbitdb').isMet, true);
});

test('who is absent has no ratio and no verdict', () => {
  const rounds = [{ single: rates({ waggle: 1 }), batch: rates({ waggle: 1 }) }];
  for (const { times, low, high, isMet } of ratiosOf(rounds)) {
    assert.deepEqual([times, low, high, isMet], [null, null, null, null]);
  }
});

test('a closed loop makes each call once and has no more on the way than it may', async () => {
  const calls: number[] = [];
  let underWay = 0;
  let most = 0;
  const rate = await driveClosed(20, 3, 100, async (at) => {
    calls.push(at);
    most = Math.max(most, ++underWay);
    await Promise.resolve();
    underWay -= 1;
  });
  assert.deepEqual(
    calls,
    Array.from({ length: 20 }, (_, at) => at),
  );
  assert.equal(most, 3);
  assert.ok(rate.perS > 0);
});
