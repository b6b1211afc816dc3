import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Sample } from '../../consensus/batching/types.ts';
import type { Random } from '../../consensus/sim/random.ts';
import { P99, RATE, worseWindows } from '../bench/adaptive/judge.ts';
import { Meter } from '../bench/adaptive/meter.ts';
import { PROFILES, type Profile } from '../bench/adaptive/profiles.ts';
import { type Load, type Outcome, type Policy, run } from '../bench/adaptive/run.ts';

const SEED = 7;
const DEFAULT: Policy = { kind: 'fixed', itemsTarget: 512, lingerMs: 5 };
const HALF: Load = { kind: 'open', itemsPerS: 1_000 };

function profile(name: string, durationMs = 8_000): Profile {
  const found = PROFILES.find((one) => one.name === name);
  assert.ok(found !== undefined);
  return { ...found, durationMs };
}

const SLOW = profile('1mbit');
const WHOLE = { fromMs: 0, toMs: SLOW.durationMs };
const LATER = { fromMs: 3_000, toMs: SLOW.durationMs };

function agent(spoil?: (sample: Sample, random: Random) => Sample | undefined): Policy {
  return spoil === undefined ? { kind: 'agent' } : { kind: 'agent', spoil };
}

/** All that was done and when, as far as a meter knows it. */
function trace({ meter, items, segments, decisions }: Outcome): unknown {
  return [meter.perS(WHOLE), meter.p99(WHOLE), items, segments, decisions];
}

test('one seed is one run, with its decisions', () => {
  assert.deepEqual(trace(run(SLOW, HALF, agent(), SEED)), trace(run(SLOW, HALF, agent(), SEED)));
});

test('without samples, or with such as cannot be true, the agent is the fixed default to the last item', () => {
  const fixed = run(SLOW, HALF, DEFAULT, SEED);
  const spoils: ((sample: Sample) => Sample | undefined)[] = [
    () => undefined,
    (sample) => ({ ...sample, windowMs: Number.NaN }),
    (sample) => ({ ...sample, atMs: 1_000 }),
    (sample) => ({
      ...sample,
      shards: sample.shards.map((row) => ({ ...row, deliveredItems: -row.deliveredItems - 1 })),
    }),
  ];
  for (const spoil of spoils) {
    const spoiled = run(SLOW, HALF, agent(spoil), SEED);
    assert.deepEqual([spoiled.items, spoiled.segments], [fixed.items, fixed.segments]);
    assert.equal(spoiled.meter.p99(WHOLE), fixed.meter.p99(WHOLE));
  }
});

test('samples that are lost, late in part, or without the machine leave the agent no worse than the default', () => {
  const fixed = run(SLOW, HALF, DEFAULT, SEED);
  const spoils: ((sample: Sample, random: Random) => Sample | undefined)[] = [
    (sample, random) => (random.chance(0.5) ? sample : undefined),
    (sample) => ({ ...sample, machine: undefined }),
    (sample, random) => (random.chance(0.02) ? { ...sample, windowMs: -1 } : sample),
  ];
  for (const spoil of spoils) {
    const spoiled = run(SLOW, HALF, agent(spoil), SEED);
    assert.ok(spoiled.meter.p99(LATER) <= 1.05 * fixed.meter.p99(LATER));
    assert.ok(spoiled.items >= 0.98 * fixed.items);
  }
});

test('lies that may be true cost no more than the bounds of the targets', () => {
  const lie = (sample: Sample, random: Random): Sample => ({
    ...sample,
    shards: sample.shards.map((row) => {
      const ms = random.below(1_000);
      return { ...row, finalMs: { min: ms, p50: ms, p99: 2 * ms }, parts: { sealMs: 0, orderMs: ms, executeMs: 0 } };
    }),
    machine: { loopDelayMsP99: random.below(500), cpuShare: 1, syncMs: undefined, residentBytes: 0, links: [] },
  });
  const lan = profile('10mbit', 6_000);
  const span = { fromMs: 0, toMs: lan.durationMs };
  const [fixed, lied] = [DEFAULT, agent(lie)].map((policy) =>
    run(lan, { kind: 'open', itemsPerS: 2_000 }, policy, SEED),
  );
  assert.ok(fixed !== undefined && lied !== undefined);
  assert.ok(lied.items >= 0.97 * fixed.items);
  assert.ok(lied.meter.p99(span) <= fixed.meter.p99(span) + 80, `${lied.meter.p99(span)} ms`);
});

test('on a link of 1 Mbit/s the agent leaves the default far behind', () => {
  const [fixed, adapted] = [DEFAULT, agent()].map((policy) => run(SLOW, HALF, policy, SEED).meter.p99(LATER));
  assert.ok((adapted ?? 0) < 0.5 * (fixed ?? 0), `${adapted} of ${fixed} ms`);
});

test('on a profile that stays, decisions become few', () => {
  const { decisions } = run(profile('10mbit', 30_000), HALF, agent(), SEED);
  const late = decisions.flat().filter(({ atMs }) => atMs > 20_000);
  // Four nodes, five shards each: a probe and its end are ten decisions of a node.
  assert.ok(late.length <= 80, String(late.length));
});

test('a meter gives rates and quantiles of the spans it is asked for', () => {
  const meter = new Meter(2_000);
  for (let at = 0; at < 1_000; at++) meter.record(at, at < 980 ? 10 : 400);
  assert.equal(meter.perS({ fromMs: 0, toMs: 1_000 }), 1_000);
  assert.ok(Math.abs(meter.p99({ fromMs: 0, toMs: 1_000 }) / 400 - 1) < 0.02);
  assert.ok(Math.abs(meter.p99({ fromMs: 0, toMs: 500 }) / 10 - 1) < 0.02);
  assert.equal(meter.p99({ fromMs: 1_000, toMs: 2_000 }), Number.POSITIVE_INFINITY);
  assert.equal(meter.perS({ fromMs: 1_000, toMs: 2_000 }), 0);
});

test('a window is worse only where every fixed setting was better', () => {
  const meters = [100, 90, 110].map((perWindow) => {
    const meter = new Meter(8_000);
    for (let at = 0; at < 8 * perWindow; at++) meter.record((at * 1_000) / perWindow, 10);
    return meter;
  });
  const [middle, low, high] = meters;
  assert.ok(middle !== undefined && low !== undefined && high !== undefined);
  const runs = [low, high].map((meter, at) => ({ name: String(at), meter }));
  assert.equal(worseWindows(SLOW, RATE, middle, runs), 0);
  assert.equal(worseWindows(SLOW, RATE, low, [{ name: 'm', meter: middle }]), 4);
  assert.equal(worseWindows(SLOW, P99, low, runs), 0);
});
