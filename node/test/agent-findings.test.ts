import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsOf } from '../agent/findings.ts';
import { Health, type HealthFacts } from '../agent/health.ts';
import { AgentBench } from './harness/agent-bench.ts';

const QUORUM = 3;
const WELL: HealthFacts = {
  finalMs: 40,
  sealMs: 4,
  orderMs: 34,
  executeMs: 2,
  cpuShare: 0.4,
  loopDelayMs: 2,
  syncMs: 0.5,
  links: ['v1', 'v2', 'v3'].map((peer) => ({ peer, bytesPerS: 1_000, roundTripMs: 1 })),
  refusedShare: 0,
};

function codes(changed: Partial<HealthFacts>): string[] {
  return findingsOf({ ...WELL, ...changed }, QUORUM).map(({ code }) => code);
}

function links(...roundTrips: (number | undefined)[]) {
  return roundTrips.map((roundTripMs, at) => ({ peer: `v${at + 1}`, bytesPerS: 0, roundTripMs }));
}

test('a node that does well has no findings', () => {
  assert.deepEqual(codes({}), []);
  assert.deepEqual(codes({ links: [] }), []);
  assert.deepEqual(codes({ links: links(undefined, undefined, undefined) }), []);
});

test('each bottleneck is named by what shows it', () => {
  assert.deepEqual(codes({ cpuShare: 0.9 }), ['cpu-busy']);
  assert.deepEqual(codes({ loopDelayMs: 30 }), ['loop-late']);
  assert.deepEqual(codes({ syncMs: 8 }), ['disk-slow']);
  assert.deepEqual(codes({ links: links(40, 40, 40), finalMs: 70 }), ['link-far']);
  assert.deepEqual(codes({ links: links(1, 1, 120) }), ['peer-late'], 'a quorum does not wait for the last');
  assert.deepEqual(codes({ executeMs: 25, finalMs: 60 }), ['execution-behind']);
  assert.deepEqual(codes({ sealMs: 30, finalMs: 60 }), ['batch-waits']);
  assert.deepEqual(codes({ refusedShare: 0.2 }), ['pool-full']);
});

test('the worst comes first, with its evidence and what would be gained', () => {
  const [first, second] = findingsOf({ ...WELL, finalMs: 100, syncMs: 20, sealMs: 30 }, QUORUM);
  assert.deepEqual([first?.code, first?.share, first?.gainMs], ['disk-slow', 0.6, 60]);
  assert.deepEqual(first?.evidence, { syncMs: 20, finalMs: 100 });
  assert.equal(second?.code, 'batch-waits');
  const [late] = findingsOf({ ...WELL, links: links(1, 1, 120) }, QUORUM);
  assert.match(late?.text ?? '', /^v3 answers/);
});

test('what is a large part of very little is nothing to look at', () => {
  assert.deepEqual(codes({ finalMs: 6, sealMs: 5, syncMs: 1 }), []);
});

test('an agent finds what its node refuses, and nothing before it saw any work', () => {
  const bench = new AgentBench();
  assert.deepEqual(bench.agent.findings(), []);
  bench.submit(1, 10);
  for (let at = 0; at < 6; at++) bench.busy(1);
  bench.seal(1, 1, 4);
  bench.execute(1, { shard: 1, height: 1, count: 4 });
  bench.window();
  assert.deepEqual(
    bench.agent.findings().map(({ code, share }) => [code, share]),
    [['pool-full', 0.6]],
  );
});

test('means follow the windows, weighed by items, and forget what was long ago', () => {
  const bench = new AgentBench();
  const health = new Health();
  assert.deepEqual([health.facts], [undefined]);
  for (let height = 1; height <= 60; height++) {
    const waitsMs = height <= 10 ? 50 : 10;
    bench.submit(1, 10);
    bench.nowMs += waitsMs;
    bench.seal(1, height, 10);
    bench.nowMs += 20;
    bench.finalize(height);
    bench.execute(height, { shard: 1, height, count: 10 });
    const sample = bench.window(1);
    assert.ok(sample);
    health.observe(sample, height <= 10 ? 10 : 0);
    if (height === 10) assert.deepEqual([health.facts?.sealMs.toFixed(3), health.facts?.refusedShare], ['50.000', 0.5]);
  }
  const { facts } = health;
  assert.ok(facts && facts.sealMs > 9.9 && facts.sealMs < 11, `seal ${facts?.sealMs}`);
  assert.ok(facts.refusedShare < 0.01);
  assert.deepEqual([facts.orderMs.toFixed(3), facts.executeMs, facts.loopDelayMs], ['20.000', 0, 3]);
});
