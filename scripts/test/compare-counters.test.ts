import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { test } from 'node:test';
import { type Baseline, grownSince, movedSince } from '../bench/compare/counters.ts';
import { countsPerBallot } from '../bench/compare/scripted-load.ts';

const STORED = JSON.parse(readFileSync(new URL('../bench/compare/baseline.json', import.meta.url), 'utf8')) as Baseline;

function names(moved: readonly { readonly counter: string }[]): string[] {
  return moved.map(({ counter }) => counter);
}

function baseline(busy: Readonly<Record<string, number>>, node = '24.0.0', heapBytes = 1_000): Baseline {
  return { node, counters: { busy, allocations: { heapBytes } } };
}

test('a counter may grow by 5 % and shrink as it likes', () => {
  const base = baseline({ messages: 100, fsyncs: 10 });
  assert.deepEqual(grownSince(base, baseline({ messages: 105, fsyncs: 1 })), []);
  assert.deepEqual(names(movedSince(base, baseline({ messages: 105, fsyncs: 1 }))), ['busy.messages', 'busy.fsyncs']);
  assert.deepEqual(grownSince(base, baseline({ messages: 105.1, fsyncs: 10 })), [
    { counter: 'busy.messages', before: 100, after: 105.1 },
  ]);
});

test('work where there was none is growth; a counter that is new or gone takes a look', () => {
  assert.deepEqual(names(grownSince(baseline({ fsyncs: 0 }), baseline({ fsyncs: 0.001 }))), ['busy.fsyncs']);
  const base = baseline({ old: 1 });
  assert.deepEqual(names(grownSince(base, baseline({ young: 1 }))), ['busy.old', 'busy.young']);
});

test('allocations are held under the Node they were taken with, and under no other', () => {
  const base = baseline({ messages: 1 });
  assert.deepEqual(names(grownSince(base, baseline({ messages: 1 }, '24.0.0', 1_051))), ['allocations.heapBytes']);
  assert.deepEqual(grownSince(base, baseline({ messages: 1 }, '26.0.0', 9_000)), []);
});

test('the scripted load is the same twice, and within the bound that is stored', () => {
  const [once, again] = [countsPerBallot('sparse'), countsPerBallot('sparse')];
  assert.deepEqual(again, once);
  const now = { ...STORED, counters: { ...STORED.counters, sparse: { ...once } } };
  assert.deepEqual(grownSince(STORED, now), []);
});

/** Growth that is planted, not made up: nodes that work more for the same ballots. */
test('a network that makes five blocks where one would do is seen', () => {
  const eager = { ...countsPerBallot('sparse', { blockIntervalMs: 1 }) };
  const now: Baseline = { node: process.versions.node, counters: { ...STORED.counters, sparse: eager } };
  const grown = names(grownSince(STORED, now));
  for (const counter of ['messages', 'sentBytes', 'fsyncs', 'signatures', 'verifications', 'blocks']) {
    assert.ok(grown.includes(`sparse.${counter}`), `${counter}: ${grown}`);
  }
});
