import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { MachineSample, ShardSample } from '../../consensus/batching/types.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ShardAdvice } from '../agent/shard-advice.ts';

const WINDOW_MS = 100;
const MACHINE: MachineSample = { loopDelayMsP99: 1, cpuShare: 0.3, syncMs: 0.5, residentBytes: 1, links: [] };

interface Load {
  readonly shard?: number;
  readonly waiting: number;
  readonly delivered: number;
  readonly cpuShare?: number;
}

function row({ shard = 2, waiting, delivered }: Load): ShardSample {
  const none = { deliveredBytes: 0, sealedSegments: 0, sealedItems: 0, inFlightSegments: 0, inFlightItems: 0 };
  return { shard, deliveredItems: delivered, waitingItems: waiting, ...none, finalMs: undefined, parts: undefined };
}

class Bench {
  nowMs = 1_000_000;
  readonly advice: ShardAdvice;

  constructor(shards: number) {
    this.advice = new ShardAdvice({ shards, nowMs: () => this.nowMs });
  }

  load(forMs: number, load: Load): this {
    const machine = { ...MACHINE, cpuShare: load.cpuShare ?? MACHINE.cpuShare };
    for (let leftMs = forMs; leftMs > 0; leftMs -= WINDOW_MS) {
      this.nowMs += WINDOW_MS;
      this.advice.observe({ windowMs: WINDOW_MS, shards: [row(load)], machine });
    }
    return this;
  }

  rest(forMs: number): this {
    this.nowMs += forMs;
    return this;
  }

  /** What is to be proposed, in words short enough for a table. */
  get says(): string | undefined {
    const found = this.advice.finding();
    return found && `${found.code} ${found.evidence.next}`;
  }
}

const FULL = { waiting: 60, delivered: 20 };
const WELL = { waiting: 5, delivered: 20 };

test('a queue that stands for long asks for more shards, and one that comes and goes does not', () => {
  assert.equal(new Bench(4).load(60_000, FULL).says, 'shard-full 8');
  assert.equal(new Bench(4).load(20_000, FULL).says, undefined, 'not for long');
  assert.equal(new Bench(4).load(60_000, WELL).says, undefined);
  const burst = new Bench(4);
  for (let times = 0; times < 20; times++) burst.load(3_000, FULL).load(3_000, WELL);
  assert.equal(burst.says, undefined, 'bursts');
  assert.equal(new Bench(4).load(60_000, FULL).load(10_000, WELL).says, undefined, 'it went away');
  assert.equal(new Bench(4).load(60_000, FULL).rest(5_000).says, undefined, 'the load ended');
});

test('more shards are no advice where something else is the bottleneck', () => {
  assert.equal(new Bench(4).load(60_000, { ...FULL, cpuShare: 0.9 }).says, undefined, 'the processor');
  assert.equal(new Bench(4).load(60_000, { waiting: 60, delivered: 0 }).says, undefined, 'nothing becomes final');
  assert.equal(new Bench(4).load(60_000, { ...FULL, shard: 0 }).says, undefined, 'the control chain is one');
  assert.equal(new Bench(LIMITS.shardsMax).load(60_000, FULL).says, undefined, 'there are no more');
});

test('between two blocks nothing is known, and what waits for long without any is no leisure', () => {
  const rare = new Bench(4);
  for (let times = 0; times < 120; times++) rare.load(400, { waiting: 60, delivered: 0 }).load(WINDOW_MS, FULL);
  assert.equal(rare.says, undefined, 'a fifth of the windows counts, so it takes longer');
  for (let times = 0; times < 240; times++) rare.load(400, { waiting: 60, delivered: 0 }).load(WINDOW_MS, FULL);
  assert.equal(rare.says, 'shard-full 8');
  assert.equal(new Bench(8).load(700_000, { waiting: 60, delivered: 0 }).says, undefined);
});

test('shards with nothing to do for long are too many, down to one', () => {
  assert.equal(new Bench(8).rest(599_000).says, undefined);
  assert.equal(new Bench(8).rest(601_000).says, 'shards-idle 4');
  assert.equal(new Bench(8).rest(590_000).load(1_000, WELL).rest(300_000).says, undefined, 'it was used');
  assert.equal(new Bench(3).load(60_000, FULL).rest(601_000).says, 'shards-idle 1');
  assert.equal(new Bench(1).rest(601_000).says, undefined);
});

test('whatever comes, advice is of numbers an epoch may have, and of one kind for as long as it takes to know better', () => {
  const step = fc.record({
    ms: fc.integer({ min: 1, max: 400 }).map((times) => times * WINDOW_MS),
    waiting: fc.nat(100),
    delivered: fc.nat(100),
    cpuShare: fc.double({ min: 0, max: 1, noNaN: true }),
    restMs: fc.oneof(fc.constant(0), fc.nat(700_000)),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), fc.array(step, { maxLength: 12 }), (shards, steps) => {
      const bench = new Bench(shards);
      let last: { readonly code: string; readonly atMs: number } | undefined;
      for (const { ms, restMs, ...load } of steps) {
        const found = bench.load(ms, load).rest(restMs).advice.finding();
        if (found === undefined) continue;
        const next = Number(found.evidence.next);
        assert.ok(Number.isInteger(next) && next >= 1 && next <= LIMITS.shardsMax && next !== shards);
        if (last !== undefined && last.code !== found.code) assert.ok(bench.nowMs - last.atMs >= 30_000);
        last = { code: found.code, atMs: bench.nowMs };
      }
    }),
    { numRuns: 50 },
  );
});
