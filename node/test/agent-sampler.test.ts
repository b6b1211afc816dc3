import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sampleFault } from '../../consensus/batching/sample-fault.ts';
import { Durations } from '../agent/durations.ts';
import { AgentBench, TARGETS } from './harness/agent-bench.ts';

test('a window tells what went in, what is under way and what came out, with its parts', () => {
  const bench = new AgentBench();
  bench.submit(1, 10);
  bench.nowMs += 4;
  bench.submit(1, 10);
  bench.nowMs += 6;
  bench.seal(1, 1, 15);
  bench.nowMs += 20;
  bench.finalize(7);
  bench.nowMs += 5;
  bench.execute(7, { shard: 1, height: 1, count: 15 });
  bench.cpuMicros = 50_000;
  bench.sentBytes = 4_000;
  const sample = bench.window(65);
  assert.equal(sample?.windowMs, 100);
  const [row, ...others] = sample?.shards ?? [];
  assert.deepEqual(others, [], 'no row of a shard that did nothing');
  assert.ok(row?.finalMs && row.parts);
  const { finalMs, parts, ...counts } = row;
  assert.deepEqual(counts, {
    shard: 1,
    deliveredItems: 15,
    deliveredBytes: 250,
    sealedSegments: 1,
    sealedItems: 15,
    inFlightSegments: 0,
    inFlightItems: 0,
    waitingItems: 5,
  });
  // Ten of them came 35 ms before they were executed, the five others 31 ms.
  assert.equal(finalMs.min, 31);
  assert.ok(finalMs.p50 > 33 && finalMs.p50 <= 35, `p50 ${finalMs.p50}`);
  assert.deepEqual(parts, { sealMs: (10 * 10 + 5 * 6) / 15, orderMs: 20, executeMs: 5 });
  assert.deepEqual(sample?.machine, {
    loopDelayMsP99: 3,
    cpuShare: 0.5,
    syncMs: undefined,
    residentBytes: 1_000,
    links: [{ peer: 'v0', bytesPerS: 40_000, roundTripMs: 20 }],
  });
});

test('each window counts what is its own, and what is under way stays in all of them', () => {
  const bench = new AgentBench();
  bench.submit(1, 8);
  bench.seal(1, 1, 8);
  assert.deepEqual(bench.window()?.shards[0]?.sealedItems, 8);
  const [row] = bench.window()?.shards ?? [];
  assert.deepEqual([row?.sealedItems, row?.inFlightItems, row?.inFlightSegments, row?.finalMs], [0, 8, 1, undefined]);
  bench.execute(3, { shard: 1, height: 1, count: 8 });
  assert.equal(bench.window()?.shards[0]?.deliveredItems, 8);
});

test('an idle node has no timer and looks at nothing, and begins anew with the next item', () => {
  const bench = new AgentBench();
  assert.deepEqual([bench.timers, bench.isLoopWatched], [0, false]);
  bench.execute(1, { shard: 1, height: 1, count: 4, author: 0 });
  bench.finalize(1);
  assert.equal(bench.timers, 0, 'blocks of others are no work of this node');
  bench.submit(1, 1);
  assert.deepEqual([bench.timers, bench.isLoopWatched], [1, true]);
  bench.seal(1, 1, 1);
  bench.execute(2, { shard: 1, height: 1, count: 1 });
  assert.ok(bench.window());
  assert.equal(bench.window(), undefined);
  assert.deepEqual([bench.timers, bench.isLoopWatched, bench.agent.isSampling], [0, false, false]);
  assert.equal(bench.window(5_000), undefined);
  bench.submit(2, 1);
  assert.equal(bench.window()?.windowMs, 100, 'the pause is no part of a window');
});

test('sampling goes on while something waits for finality, however long', () => {
  const bench = new AgentBench();
  bench.submit(1, 1);
  bench.seal(1, 1, 1);
  for (let at = 0; at < 50; at++) assert.ok(bench.window());
  bench.agent.stop();
  assert.deepEqual([bench.timers, bench.isLoopWatched], [0, false]);
  bench.submit(1, 1);
  assert.equal(bench.timers, 0, 'a stopped agent stays stopped');
});

test('what the pool refuses does not make others look older than they are', () => {
  const bench = new AgentBench();
  bench.submit(1, 3);
  bench.nowMs += 50;
  bench.submit(1, 2);
  bench.busy(1);
  bench.busy(1);
  bench.nowMs += 50;
  bench.submit(1, 1);
  bench.seal(1, 1, 3);
  bench.seal(1, 2, 1);
  bench.nowMs += 10;
  bench.execute(1, { shard: 1, height: 1, count: 3 });
  bench.execute(2, { shard: 1, height: 2, count: 1 });
  assert.equal(bench.window(1)?.shards[0]?.finalMs?.min, 10);
});

test('segments of before this start are delivered and tell nothing of time', () => {
  const bench = new AgentBench();
  bench.unexecuted[1] = 1;
  bench.execute(1, { shard: 1, height: 4, count: 6 });
  const [row] = bench.window()?.shards ?? [];
  assert.deepEqual([row?.deliveredItems, row?.finalMs, row?.parts], [6, undefined, undefined]);
});

test('a chain that begins anew takes what was under way with it', () => {
  const bench = new AgentBench();
  bench.submit(1, 4);
  bench.seal(1, 9, 4);
  bench.standing(0);
  assert.equal(bench.window()?.shards[0]?.inFlightItems, 4, 'another author is another chain');
  bench.standing(1);
  bench.execute(1, { shard: 1, height: 9, count: 4 });
  assert.equal(bench.window()?.shards[0]?.finalMs, undefined);
});

const STEPS = fc.constantFrom('submit', 'busy', 'seal', 'restored', 'finalize', 'execute', 'execute-unknown', 'window');

test('whatever the order of things, no sample is one that the controller refuses', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(STEPS, fc.integer({ min: 0, max: 2 }), fc.integer({ min: 1, max: 20 }))), (steps) => {
      const bench = new AgentBench();
      const heights = [0, 0, 0];
      const sealed: number[][] = [[], [], []];
      let lastMs: number | undefined;
      for (const [block, [step, shard, count]] of steps.entries()) {
        bench.nowMs += count / 3;
        const waiting = bench.waiting[shard] ?? 0;
        const items = Math.min(count, waiting);
        if (step === 'submit') bench.submit(shard, count);
        if (step === 'busy' && waiting > 0) bench.busy(shard);
        if (step === 'restored') bench.unexecuted[shard] = (bench.unexecuted[shard] ?? 0) + 1;
        if (step === 'finalize') bench.finalize(block);
        if (step === 'execute-unknown') bench.execute(block, { shard, height: 0, count });
        if (step === 'seal' && items > 0) {
          heights[shard] = (heights[shard] ?? 0) + 1;
          bench.seal(shard, heights[shard] ?? 0, items);
          sealed[shard]?.push(items);
        }
        const first = sealed[shard]?.[0];
        if (step === 'execute' && first !== undefined) {
          const height = (heights[shard] ?? 0) - (sealed[shard]?.length ?? 0) + 1;
          bench.execute(block, { shard, height, count: first });
          sealed[shard]?.shift();
        }
        const sample = step === 'window' ? bench.window() : undefined;
        if (sample === undefined) continue;
        assert.equal(sampleFault(sample, lastMs, 2), undefined);
        lastMs = sample.atMs;
      }
    }),
  );
});

test('a fixed node samples too, and decides nothing', () => {
  const bench = new AgentBench(false);
  bench.submit(1, 4);
  assert.ok(bench.window());
  assert.deepEqual([bench.agent.isAdaptive, bench.agent.decisions.seq, bench.controller.samples.length], [false, 0, 0]);
  assert.deepEqual(bench.agent.targets(1), TARGETS);
});

test('quantiles are within a bucket of those of the list itself', () => {
  const duration = fc.double({ min: 0.13, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(duration, { minLength: 1, maxLength: 300 }), (list) => {
      const spread = new Durations();
      for (const ms of list) spread.add(ms);
      const sorted = list.toSorted((a, b) => a - b);
      const found = spread.summary();
      assert.ok(found);
      assert.equal(found.min, sorted[0]);
      for (const [value, share] of [
        [found.p50, 0.5],
        [found.p99, 0.99],
      ] as const) {
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        assert.ok(value >= exact / 1.1 && value <= exact * 1.1, `${value} for ${exact}`);
      }
    }),
  );
});

test('a clock that went back, and what is beyond all buckets, are still durations', () => {
  const spread = new Durations();
  spread.add(-5);
  spread.add(1e12, 3);
  const { min, p99 } = spread.summary() ?? {};
  assert.equal(min, 0);
  assert.ok(p99 !== undefined && p99 > 50_000_000, 'the last bucket has no upper edge');
  spread.clear();
  assert.equal(spread.summary(), undefined);
});
