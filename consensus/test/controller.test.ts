import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Controller } from '../batching/controller.ts';
import { LinkLoad } from '../batching/link-load.ts';
import { FIXED_BATCHES } from '../batching/pool.ts';
import { DEFAULT_TARGETS, TARGET_BOUNDS } from '../batching/targets.ts';
import type { BatchTargets, Decision, Sample, ShardSample } from '../batching/types.ts';

const WINDOW_MS = 100;
const SHARDS = 2;

/** A calm shard: 100 items a window, on a way of so long. */
function row(shard: number, changed: Partial<ShardSample> = {}, finalMs = 40): ShardSample {
  return {
    shard,
    deliveredItems: 100,
    deliveredBytes: 20_000,
    sealedSegments: 10,
    sealedItems: 100,
    inFlightSegments: 4,
    inFlightItems: 40,
    waitingItems: 5,
    finalMs: { min: finalMs, p50: finalMs + 12, p99: finalMs + 30 },
    parts: { sealMs: 5, orderMs: finalMs, executeMs: 5 },
    ...changed,
  };
}

const IDLE: Partial<ShardSample> = {
  ...{ deliveredItems: 0, deliveredBytes: 0, sealedSegments: 0, sealedItems: 0 },
  ...{ inFlightSegments: 0, inFlightItems: 0, waitingItems: 0, finalMs: undefined, parts: undefined },
};

function sample(at: number, changed: Partial<Sample> = {}, cpuShare = 0.5): Sample {
  const machine = { loopDelayMsP99: 3, cpuShare, syncMs: 1, residentBytes: 1e8, links: [] };
  return { atMs: at * WINDOW_MS, windowMs: WINDOW_MS, shards: [row(1), row(2)], machine, ...changed };
}

function feed(controller: Controller, from: number, to: number, make: (at: number) => Sample = (at) => sample(at)) {
  const decisions: Decision[] = [];
  for (let at = from; at < to; at++) decisions.push(...controller.observe(make(at)));
  return decisions;
}

function assertBounds(targets: BatchTargets): void {
  for (const [name, [low, high]] of Object.entries(TARGET_BOUNDS)) {
    const value = targets[name as keyof BatchTargets];
    assert.ok(value >= low && value <= high && Number.isInteger(value), `${name} ${value}`);
  }
}

/** Numbers as broken counters give them. */
const anyNumber = fc.oneof(fc.double(), fc.integer({ min: -5, max: 100_000 }), fc.constantFrom(Number.NaN, -1, 1e300));
const anyRow = fc.record({
  shard: fc.oneof(fc.integer({ min: 0, max: SHARDS }), anyNumber),
  deliveredItems: anyNumber,
  deliveredBytes: anyNumber,
  sealedSegments: anyNumber,
  sealedItems: anyNumber,
  inFlightSegments: anyNumber,
  inFlightItems: anyNumber,
  waitingItems: anyNumber,
  finalMs: fc.option(fc.record({ min: anyNumber, p50: anyNumber, p99: anyNumber }), { nil: undefined }),
  parts: fc.option(fc.record({ sealMs: anyNumber, orderMs: anyNumber, executeMs: anyNumber }), { nil: undefined }),
});
const anySample = fc.record({
  atMs: anyNumber,
  windowMs: anyNumber,
  shards: fc.array(anyRow, { maxLength: 4 }),
  machine: fc.option(
    fc.record({
      loopDelayMsP99: anyNumber,
      cpuShare: anyNumber,
      syncMs: fc.constant(undefined),
      residentBytes: anyNumber,
      links: fc.array(fc.record({ peer: fc.string(), bytesPerS: anyNumber, roundTripMs: anyNumber }), { maxLength: 3 }),
    }),
    { nil: undefined },
  ),
});
const count = fc.integer({ min: 0, max: 100_000 });
const span = fc.integer({ min: 0, max: 5_000 });
/** Samples that may be true, of a network and a machine that change all the time. */
const trueSamples = fc.array(fc.tuple(count, span, span, fc.float({ min: 0, max: 2, noNaN: true }), span), {
  maxLength: 120,
});

function trueSample(
  at: number,
  [items, finalMs, more, cpuShare, loop]: readonly [number, number, number, number, number],
) {
  const shown = row(1, {
    deliveredItems: items,
    deliveredBytes: items * 200,
    finalMs: items === 0 ? undefined : { min: finalMs, p50: finalMs + more, p99: finalMs + 2 * more },
    parts: items === 0 ? undefined : { sealMs: more, orderMs: finalMs + more, executeMs: 1 },
  });
  const machine = { loopDelayMsP99: loop, cpuShare, syncMs: undefined, residentBytes: 0, links: [] };
  return sample(at, { shards: [shown, row(2)], machine });
}

test('targets are within their bounds and equal for equal samples, whatever a network does', () => {
  fc.assert(
    fc.property(trueSamples, (drawn) => {
      const [one, other] = [new Controller({ shards: SHARDS }), new Controller({ shards: SHARDS })];
      for (const [at, values] of drawn.entries()) {
        const next = trueSample(at + 1, values);
        assert.deepEqual(one.observe(next), other.observe(next));
        for (let shard = 0; shard <= SHARDS; shard++) assertBounds(one.targets(shard));
      }
    }),
    { numRuns: 60 },
  );
});

test('samples that cannot be true never throw and lead to the fixed default', () => {
  fc.assert(
    fc.property(fc.array(anySample, { maxLength: 30 }), (drawn) => {
      const controller = new Controller({ shards: SHARDS });
      feed(controller, 1, 40);
      for (const next of drawn) {
        controller.observe(next);
        for (let shard = 0; shard <= SHARDS; shard++) assertBounds(controller.targets(shard));
      }
      controller.observe(sample(41, { windowMs: Number.NaN }));
      for (let shard = 0; shard <= SHARDS; shard++) assert.deepEqual(controller.targets(shard), DEFAULT_TARGETS);
    }),
    { numRuns: 60 },
  );
});

test('the default is that of fixed batches, also through the policy', () => {
  const controller = new Controller({ shards: SHARDS });
  assert.equal(controller.itemsTarget(1), FIXED_BATCHES.itemsTarget(1));
  assert.equal(controller.bytesTarget(1), FIXED_BATCHES.bytesTarget(1));
  assert.equal(controller.lingerMs(1), FIXED_BATCHES.lingerMs(1));
  assert.equal(controller.inFlightSegmentsMax(1), FIXED_BATCHES.inFlightSegmentsMax(1));
});

const WRONG: readonly (readonly [string, (at: number) => Sample])[] = [
  ['time that stands', () => sample(39)],
  ['time that is no number', (at) => sample(at, { atMs: Number.NaN })],
  ['a window of nothing', (at) => sample(at, { windowMs: 0 })],
  ['negative counts', (at) => sample(at, { shards: [row(1, { deliveredItems: -1 })] })],
  ['half an item', (at) => sample(at, { shards: [row(1, { waitingItems: 0.5 })] })],
  ['quantiles upside down', (at) => sample(at, { shards: [row(1, { finalMs: { min: 5, p50: 3, p99: 9 } })] })],
  ['one shard twice', (at) => sample(at, { shards: [row(1), row(1)] })],
  ['a shard that is none', (at) => sample(at, { shards: [row(9)] })],
  ['a share of the CPU that is none', (at) => sample(at, {}, Number.NaN)],
  ['items without bytes', (at) => sample(at, { shards: [row(1, { deliveredBytes: 3 })] })],
];

for (const [name, make] of WRONG) {
  test(`${name}: the default at once, and the model again after ten good samples`, () => {
    const controller = new Controller({ shards: SHARDS });
    feed(controller, 1, 40);
    assert.notDeepEqual(controller.targets(1), DEFAULT_TARGETS);
    const decisions = controller.observe(make(40));
    assert.deepEqual(
      decisions.map(({ phase, reason }) => [phase, reason]),
      [0, 1, 2].map(() => ['fallback', 'bad-sample']),
    );
    assert.deepEqual(controller.targets(1), DEFAULT_TARGETS);
    assert.equal(feed(controller, 41, 50).length, 0);
    assert.deepEqual(controller.targets(1), DEFAULT_TARGETS);
    const again = feed(controller, 50, 90);
    assert.equal(again[0]?.reason, 'samples-again');
    assert.notDeepEqual(controller.targets(1), DEFAULT_TARGETS);
  });
}

test('work without any delivery leads to the default, and back when something is delivered', () => {
  const controller = new Controller({ shards: SHARDS });
  feed(controller, 1, 40);
  const stalled = (at: number) =>
    sample(at, { shards: [row(1, { ...IDLE, inFlightItems: 9, waitingItems: 9 }), row(2)] });
  const decisions = feed(controller, 40, 80, stalled);
  assert.deepEqual(
    decisions
      .filter(({ shard }) => shard === 1)
      .map(({ reason }) => reason)
      .at(-1),
    'nothing-delivered',
  );
  assert.deepEqual(controller.targets(1), DEFAULT_TARGETS);
  assert.equal(feed(controller, 80, 81)[0]?.reason, 'samples-again');
});

test('a long idle time is no fault; after it everything is measured anew', () => {
  const controller = new Controller({ shards: SHARDS });
  feed(controller, 1, 40);
  assert.equal(controller.observe(sample(540)).length, 0);
  const decisions = controller.observe(sample(2_000));
  assert.ok(decisions.every(({ phase, reason }) => phase === 'startup' && reason === 'long-idle'));
  assert.equal(controller.estimates(1).deliveryPerS, 0);
});

test('startup measures under the default and ends when the rate grows no more', () => {
  const controller = new Controller({ shards: SHARDS });
  const decisions = feed(controller, 1, 20);
  assert.deepEqual(
    decisions.slice(0, 2).map(({ phase, reason, shard }) => [phase, reason, shard]),
    [
      ['steady', 'pipe-full', 1],
      ['steady', 'pipe-full', 2],
    ],
  );
  const { deliveryPerS, finalMsMin, pipeItems } = controller.estimates(1);
  assert.deepEqual([deliveryPerS, finalMsMin, pipeItems], [1_000, 40, 40]);
});

test('a busy processor makes segments rarer, step by step and to the bound; an idle one lets them be', () => {
  const busy = new Controller({ shards: SHARDS });
  const decisions = feed(busy, 1, 200, (at) => sample(at, {}, 0.97));
  assert.ok(decisions.some(({ reason }) => reason === 'cpu-busy'));
  assert.equal(busy.lingerMs(1), 60);
  const late = new Controller({ shards: SHARDS });
  const machine = { loopDelayMsP99: 200, cpuShare: 0.1, syncMs: undefined, residentBytes: 0, links: [] };
  feed(late, 1, 200, (at) => sample(at, { machine }));
  assert.equal(late.lingerMs(1), 60);
});

test('a queue that stands is drained, with fewer segments in flight', () => {
  const controller = new Controller({ shards: SHARDS });
  feed(controller, 1, 40);
  const before = controller.inFlightSegmentsMax(1);
  const slow = (at: number) => {
    const finalMs = { min: 42, p50: 260, p99: 400 };
    const queued = { finalMs, parts: { sealMs: 5, orderMs: 250, executeMs: 5 } };
    return sample(at, { shards: [row(1, queued), row(2, queued)] });
  };
  const decisions = feed(controller, 40, 60, slow);
  assert.ok(decisions.some(({ phase, reason }) => phase === 'drain' && reason === 'queue-stands'));
  assert.ok(controller.inFlightSegmentsMax(1) < before, `${controller.inFlightSegmentsMax(1)} of ${before}`);
  const after = feed(controller, 60, 120);
  assert.ok(after.some(({ reason }) => reason === 'queue-gone'));
});

test('a way that is longer for all items becomes the new floor within five seconds', () => {
  const controller = new Controller({ shards: SHARDS });
  feed(controller, 1, 40);
  const decisions = feed(controller, 40, 90, (at) => sample(at, { shards: [row(1, {}, 320), row(2, {}, 320)] }));
  assert.ok(decisions.some(({ reason }) => reason === 'floor-moved'));
  assert.equal(controller.estimates(1).finalMsMin, 320);
});

test('a peer that answers late presses no further than our own pressure ever did', () => {
  const controller = new Controller({ shards: SHARDS });
  const withLink = (roundTripMs: number) => (at: number) => {
    const links = [{ peer: 'p', bytesPerS: 0, roundTripMs }];
    const machine = { loopDelayMsP99: 3, cpuShare: 0.5, syncMs: undefined, residentBytes: 0, links };
    return sample(at, { machine });
  };
  feed(controller, 1, 40, withLink(2));
  const before = controller.lingerMs(1);
  feed(controller, 40, 200, withLink(5_000));
  assert.ok(controller.lingerMs(1) <= before, String(controller.lingerMs(1)));
});

test('in a steady state decisions become ever fewer', () => {
  const controller = new Controller({ shards: SHARDS });
  feed(controller, 1, 600);
  const minutes = [0, 1, 2, 3].map((minute) => feed(controller, 600 + 600 * minute, 1_200 + 600 * minute).length);
  assert.ok((minutes[0] ?? 0) <= 36, minutes.join());
  assert.ok((minutes[3] ?? 0) <= 12, minutes.join());
});

test('one late peer of three presses nothing, two do', () => {
  const load = new LinkLoad();
  const see = (at: number, ...roundTripsMs: readonly number[]) => {
    const links = roundTripsMs.map((roundTripMs, peer) => ({ peer: `v${peer}`, bytesPerS: 0, roundTripMs }));
    load.observe(at * WINDOW_MS, links);
    return load.pressure;
  };
  assert.equal(see(1, 2, 2, 2), undefined);
  assert.equal(see(2, 2, 2, 5_000), undefined);
  assert.equal(see(3, 2, 5_000, 5_000), 'peer-late');
});

test('one late peer of three is enough not to ask for more', () => {
  const controller = new Controller({ shards: 1 });
  let lateMs = 0;
  const make = (cpuShare: number) => (at: number) => {
    const links = [2, 2, 2 + lateMs].map((roundTripMs, peer) => ({ peer: `v${peer}`, bytesPerS: 0, roundTripMs }));
    const machine = { loopDelayMsP99: 3, cpuShare, syncMs: undefined, residentBytes: 0, links };
    return sample(at, { shards: [steadyRow(1, controller.lingerMs(1))], machine });
  };
  feed(controller, 1, 100, make(0.3));
  feed(controller, 100, 500, make(0.97));
  lateMs = 5_000;
  const tried = feed(controller, 500, 700, make(0.3)).filter(({ reason }) => reason.startsWith('probe'));
  assert.deepEqual(tried, []);
  assert.equal(controller.lingerMs(1), 60);
});

test('a processor that is busy with items, not with segments, presses nothing and tries nothing', () => {
  const controller = new Controller({ shards: SHARDS });
  feed(controller, 1, 40);
  const before = controller.lingerMs(1);
  const large = [row(1, { sealedItems: 2_500 }), row(2, { sealedItems: 2_500 })];
  const decisions = feed(controller, 40, 400, (at) => sample(at, { shards: large }, 0.97));
  assert.ok(decisions.every(({ reason }) => reason !== 'cpu-busy' && reason !== 'probe'));
  assert.equal(controller.lingerMs(1), before);
});

/** Votes come steadily; beside a way of 20 ms and a queue, clients wait for half of the interval or all of it. */
function steadyRow(shard: number, lingerMs: number, queueMs = 0): ShardSample {
  const pipeMs = 20 + queueMs;
  return row(shard, {
    sealedSegments: Math.max(1, Math.round(WINDOW_MS / lingerMs)),
    finalMs: { min: 20, p50: pipeMs + lingerMs / 2, p99: pipeMs + lingerMs + 8 },
    parts: { sealMs: lingerMs / 2, orderMs: pipeMs - 2, executeMs: 2 },
  });
}

test('a pace that a busy processor asked for comes back by probes once it is idle, under steady votes', () => {
  const controller = new Controller({ shards: 1 });
  const steady = (cpuShare: number) => (at: number) => {
    return sample(at, { shards: [steadyRow(1, controller.lingerMs(1))] }, cpuShare);
  };
  feed(controller, 1, 100, steady(0.3));
  feed(controller, 100, 500, steady(0.97));
  assert.equal(controller.lingerMs(1), 60);
  const decisions = feed(controller, 500, 1_500, steady(0.3));
  assert.ok(decisions.some(({ reason }) => reason === 'probe-kept'));
  assert.ok(controller.lingerMs(1) <= 10, String(controller.lingerMs(1)));
});

test('a shard that rests while its queue stands presses nobody any more', () => {
  const controller = new Controller({ shards: SHARDS });
  const make = (at: number) => {
    const lingerMs = controller.lingerMs(2);
    const burst = at < 20 ? [steadyRow(1, lingerMs)] : at < 40 ? [steadyRow(1, lingerMs, 100)] : [];
    return sample(at, { shards: [...burst, steadyRow(2, lingerMs)] }, 0.3);
  };
  const pressed = feed(controller, 1, 40, make).filter(({ reason }) => reason === 'queue-stands');
  assert.ok(pressed.length > 0);
  const after = feed(controller, 40, 600, make);
  assert.deepEqual(
    after.filter(({ reason }) => reason === 'queue-stands'),
    [],
  );
  assert.ok(controller.lingerMs(2) <= 10, String(controller.lingerMs(2)));
});
