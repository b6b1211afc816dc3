import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WindowedExtreme } from '../batching/windowed.ts';

const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: -50, max: 50 })), { minLength: 1 });

test('the extreme is that of all values of the window, as a plain search finds it', () => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 100 }), (drawn, windowMs) => {
      const [max, min] = [WindowedExtreme.max(windowMs), WindowedExtreme.min(windowMs)];
      const seen: { atMs: number; value: number }[] = [];
      let atMs = 0;
      for (const [stepMs, value] of drawn) {
        atMs += stepMs;
        seen.push({ atMs, value });
        max.push(atMs, value);
        min.push(atMs, value);
        const inside = seen.filter((one) => one.atMs > atMs - windowMs).map((one) => one.value);
        assert.equal(max.value, Math.max(...inside));
        assert.equal(min.value, Math.min(...inside));
      }
    }),
  );
});

test('nothing seen is no extreme', () => {
  const max = WindowedExtreme.max(10);
  assert.equal(max.value, undefined);
  max.push(1, 5);
  max.clear();
  assert.equal(max.value, undefined);
});
