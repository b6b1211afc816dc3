import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { INTERVAL_MS_MAX, INTERVAL_MS_MIN, Pace, type PaceChange, type PaceRound } from '../batching/pace.ts';

const CALM: PaceRound = {
  pressure: undefined,
  isFar: false,
  isFull: false,
  mayProbe: true,
  queueMostMs: Number.POSITIVE_INFINITY,
  usefulMs: 0,
  itemsPerS: 1_000,
  finalMs: 100,
};
const QUEUE: PaceRound = { ...CALM, pressure: 'queue-stands', isFar: true, mayProbe: false };

/** Under a queue that is far too long until the pace is at least so long. */
function pressed(toMs: number): Pace {
  const pace = new Pace();
  for (let round = 0; pace.intervalMs < toMs; round++) {
    assert.ok(round < 100);
    pace.turn(QUEUE);
  }
  return pace;
}

interface Turn {
  readonly change: PaceChange | undefined;
  readonly intervalMs: number;
}

function calm(pace: Pace, rounds: number, finalMs: (round: number, intervalMs: number) => number): Turn[] {
  return Array.from({ length: rounds }, (_, round) => {
    const change = pace.turn({ ...CALM, finalMs: finalMs(round, pace.intervalMs) });
    return { change, intervalMs: pace.intervalMs };
  });
}

function changes(turns: readonly Turn[]): PaceChange[] {
  return turns.flatMap(({ change }) => change ?? []);
}

test('while a queue drains or grows by itself, no probe is kept, whatever is tried', () => {
  const steps = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 200, maxLength: 200 });
  fc.assert(
    fc.property(steps, fc.boolean(), (drawn, isDraining) => {
      let waitMs = isDraining ? drawn.reduce((sum, one) => sum + one, 100) : 100;
      const turns = calm(pressed(INTERVAL_MS_MAX), drawn.length, (round) => {
        waitMs += (isDraining ? -1 : 1) * (drawn[round] ?? 0);
        return waitMs;
      });
      assert.ok(changes(turns).includes('probe'));
      assert.ok(!changes(turns).includes('probe-kept'));
    }),
    { numRuns: 100 },
  );
});

test('a queue that drains for good ends with the pace that pressure asked for, less half of the last step', () => {
  const turns = calm(pressed(INTERVAL_MS_MAX), 60, (round) => 100 + 4_000 * 0.9 ** round);
  assert.equal(turns.at(-1)?.intervalMs, Math.sqrt(40 * 60));
});

test('a shorter pace that saves what it should is tried, checked at the old one, and kept', () => {
  const turns = calm(pressed(INTERVAL_MS_MAX), 40, (_, intervalMs) => 20 + intervalMs);
  assert.deepEqual(changes(turns).slice(0, 4), ['pressure-gone', 'probe', 'probe-checked', 'probe-kept']);
});

test('a shorter pace that saves less than half of the interval is undone without a second look', () => {
  const turns = calm(pressed(INTERVAL_MS_MAX), 20, (_, intervalMs) => 20 + 0.4 * intervalMs);
  assert.deepEqual(changes(turns).slice(0, 3), ['pressure-gone', 'probe', 'probe-undone']);
});

test('half of a far step is given back once, when the queue is gone', () => {
  const turns = calm(pressed(INTERVAL_MS_MAX), 200, () => 100);
  assert.equal(turns.find(({ change }) => change === 'pressure-gone')?.intervalMs, Math.sqrt(40 * 60));
  assert.equal(changes(turns).filter((change) => change === 'pressure-gone').length, 1);
});

test('no probe goes more than a step below a pace that failed, until that is long ago', () => {
  const pace = pressed(INTERVAL_MS_MAX);
  const soon = calm(pace, 62, (_, intervalMs) => intervalMs);
  assert.ok(soon.every(({ intervalMs }) => intervalMs >= 40 / 1.25));
  assert.ok(changes(soon).includes('probe-kept'));
  const late = calm(pace, 300, (_, intervalMs) => intervalMs);
  assert.equal(late.at(-1)?.intervalMs, INTERVAL_MS_MIN);
});

test('at the longest interval a shorter one is tried, again and again', () => {
  const pace = new Pace();
  for (let round = 0; round < 200; round++) pace.turn({ ...QUEUE, isFar: false });
  assert.equal(pace.intervalMs, INTERVAL_MS_MAX);
  const turns = calm(pace, 400, (_, intervalMs) => 200 - intervalMs);
  const probes = turns.filter(({ change }) => change === 'probe');
  assert.ok(probes.length >= 3, String(probes.length));
  assert.ok(probes.every(({ intervalMs }) => intervalMs < INTERVAL_MS_MAX));
});

test('a shorter probe ends when machine or peers have no room for it; a longer one is judged', () => {
  const [shorter, longer] = [pressed(INTERVAL_MS_MAX), new Pace()];
  for (const pace of [shorter, longer]) {
    for (let round = 0; !pace.isProbing; round++) {
      assert.ok(round < 50);
      pace.turn(CALM);
    }
  }
  assert.equal(shorter.turn({ ...CALM, mayProbe: false }), 'probe-undone');
  assert.equal(longer.turn({ ...CALM, mayProbe: false }), undefined);
  assert.ok(longer.isProbing);
});

test('rounds in which nothing came back keep nothing', () => {
  const pace = pressed(INTERVAL_MS_MAX);
  const turns = Array.from({ length: 300 }, () => pace.turn({ ...CALM, finalMs: undefined }));
  assert.ok(!turns.includes('probe') && !turns.includes('probe-kept'));
});

test('a load far below the one that pressed takes the pace with it, and only when it lasts', () => {
  const pace = pressed(INTERVAL_MS_MAX);
  const light = (itemsPerS: number): PaceChange | undefined => pace.turn({ ...CALM, mayProbe: false, itemsPerS });
  for (let wave = 0; wave < 20; wave++) {
    for (let round = 0; round < 5; round++) light(0);
    light(1_000);
  }
  const heldMs = pace.intervalMs;
  assert.ok(heldMs > INTERVAL_MS_MAX / 2);
  const changes = Array.from({ length: 40 }, () => light(250));
  assert.deepEqual(
    changes.flatMap((change) => change ?? []),
    ['load-fell'],
  );
  assert.equal(pace.intervalMs, heldMs / 4);
});

test('where pressure never was, little load changes nothing', () => {
  const pace = new Pace();
  for (let round = 0; round < 50; round++) pace.turn({ ...CALM, mayProbe: false, itemsPerS: 0 });
  assert.equal(pace.intervalMs, INTERVAL_MS_MIN);
});
