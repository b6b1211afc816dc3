import { assert } from '../../protocol/assert.ts';
import { LinkLoad } from './link-load.ts';
import { MachineLoad } from './machine-load.ts';
import { Pace } from './pace.ts';
import type { BatchPolicy } from './pool.ts';
import { sampleFault } from './sample-fault.ts';
import { ShardControl } from './shard-control.ts';
import { FINALS_PER_INTERVAL } from './targets.ts';
import type { BatchTargets, Decision, Estimates, Sample } from './types.ts';

export interface ControllerOptions {
  /** Ballot shards; shard 0, of control items, is one more. */
  readonly shards: number;
  /** T of the network. */
  readonly blockIntervalMs?: number;
}

const BLOCK_INTERVAL_MS = 25;
/** Good samples in a row before the model is used again. */
const GOOD_SAMPLES = 10;
/** After so long without a sample nothing that was known holds. */
const GAP_MS_MAX = 60_000;
const ROUND_MS_MIN = 300;
const ROUND_MS_MAX = 2_000;
const ROUND_FINALS = 1.5;
/** R falls by noise, too, but not by so much. */
const FLOOR_FALL = 3;
const FLOOR_FALL_MS = 50;
const FLOOR_BELIEVED_MS = 3_000;

/**
 * The batch policy of a node, driven by samples; after BBR (Cardwell et al., 2016), for segments instead of packets.
 *
 * Per shard it keeps B, the windowed maximum of the rate of delivery, and R, the windowed minimum of sealed → executed.
 * For the node it keeps F, the shortest seal interval that machine and network bear (`pace.ts`). From these follow
 * the interval I = max(F, R/16), the sizes 2·B·I, and 2·(R + T)/I + 1 segments in flight (`targets.ts`): the pipe is full
 * and no queue stands. Phases and bounds: docs/agent.md.
 *
 * Deterministic: equal samples, equal decisions; no clock but theirs. A sample that cannot be true leads to the fixed
 * default. Targets are bounded whatever comes in, and no target stops a chain.
 */
export class Controller implements BatchPolicy {
  readonly #shards: number;
  readonly #controls: readonly ShardControl[];
  #pace = new Pace();
  #machine = new MachineLoad();
  #links = new LinkLoad();
  #floorMs = 0;
  #queuedAtMs = Number.NEGATIVE_INFINITY;
  #atMs: number | undefined;
  #elapsedMs = 0;
  #deliveredItems = 0;
  #goodSamples = GOOD_SAMPLES;

  constructor({ shards, blockIntervalMs = BLOCK_INTERVAL_MS }: ControllerOptions) {
    assert(Number.isInteger(shards) && shards >= 0, 'a network has a number of shards');
    assert(blockIntervalMs >= 0, 'a block interval is a span');
    this.#shards = shards;
    this.#controls = Array.from({ length: shards + 1 }, (_, shard) => new ShardControl(shard, blockIntervalMs));
  }

  /** One window, in order of time. @returns the changes it led to, by shard; never throws */
  observe(sample: Sample): readonly Decision[] {
    const fault = sampleFault(sample, this.#atMs, this.#shards);
    if (fault !== undefined) return this.#fallBack(sample.atMs);
    const startsMs = sample.atMs - sample.windowMs;
    const isLate = this.#atMs !== undefined && startsMs - this.#atMs > GAP_MS_MAX;
    this.#atMs = sample.atMs;
    if (this.#goodSamples < GOOD_SAMPLES) {
      this.#goodSamples += 1;
      return this.#goodSamples < GOOD_SAMPLES ? [] : this.#restart(sample.atMs, 'startup', 'samples-again');
    }
    const restarted = isLate ? this.#restart(sample.atMs, 'startup', 'long-idle') : [];
    return [...restarted, ...this.#learn(sample)];
  }

  #learn({ atMs, windowMs, shards, machine }: Sample): Decision[] {
    this.#machine.observe(machine, shards);
    this.#links.observe(atMs, machine?.links ?? []);
    const reasons = new Map<number, string>();
    for (const row of shards) {
      const reason = this.#controls[row.shard]?.observe(atMs, windowMs, row);
      if (reason !== undefined) reasons.set(row.shard, reason);
    }
    const busy = new Set(shards.map(({ shard }) => shard));
    for (const [shard, control] of this.#controls.entries()) if (!busy.has(shard)) control.rest();
    this.#followFloor(atMs);
    const isPaced = this.#controls.some(({ queue }) => queue !== 'unknown');
    this.#elapsedMs = isPaced ? this.#elapsedMs + windowMs : 0;
    const delivered = shards.reduce((sum, { deliveredItems }) => sum + deliveredItems, 0);
    this.#deliveredItems = isPaced ? this.#deliveredItems + delivered : 0;
    const paced = this.#elapsedMs < this.#roundMs() ? undefined : this.#turnPace();
    const { intervalMs, isProbing } = this.#pace;
    return this.#controls.flatMap((control, shard) => {
      return control.retarget(atMs, intervalMs, isProbing, reasons.get(shard) ?? paced ?? 'estimate-moved') ?? [];
    });
  }

  /**
   * Where the way got much shorter, what was learned on the longer one is of no use. R rises with any queue that outlasts
   * its filter, too: that the way is longer is believed when no queue stood for a while.
   */
  #followFloor(atMs: number): void {
    const known = this.#controls.filter(({ estimates }) => estimates.finalMsMin > 0);
    if (known.length === 0) return;
    const floorMs = Math.min(...known.map(({ estimates }) => estimates.finalMsMin));
    if (known.filter(({ queue }) => queue === 'stands').length * 2 >= known.length) this.#queuedAtMs = atMs;
    const hasFallen = floorMs < this.#floorMs / FLOOR_FALL && floorMs < this.#floorMs - FLOOR_FALL_MS;
    if (hasFallen) this.#pace.renew();
    if (hasFallen || this.#floorMs === 0 || atMs - this.#queuedAtMs > FLOOR_BELIEVED_MS) this.#floorMs = floorMs;
    else this.#floorMs = Math.min(this.#floorMs, floorMs);
  }

  #turnPace(): string | undefined {
    const itemsPerS = (1_000 * this.#deliveredItems) / this.#elapsedMs;
    this.#elapsedMs = 0;
    this.#deliveredItems = 0;
    const known = this.#controls.filter(({ queue }) => queue !== 'unknown');
    const standing = known.filter(({ queue }) => queue === 'stands').length;
    const queue = standing > 0 && 2 * standing >= known.length ? 'queue-stands' : undefined;
    const floors = known.map(({ estimates }) => estimates.finalMsMin / FINALS_PER_INTERVAL);
    const finals = known.flatMap(({ finalMs }) => finalMs ?? []);
    return this.#pace.turn({
      pressure: this.#machine.pressure ?? queue ?? this.#links.pressure,
      isFar: known.some(({ isFar }) => isFar),
      isFull: this.#machine.isFull,
      mayProbe: !this.#machine.isBusy && !this.#links.isSomeLate && known.some(({ phase }) => phase === 'steady'),
      queueMostMs: Math.max(0, ...known.flatMap(({ queue: one, paceMsMax }) => (one === 'stands' ? paceMsMax : []))),
      usefulMs: floors.length === 0 ? 0 : Math.min(...floors),
      itemsPerS,
      finalMs: finals.length === 0 ? undefined : finals.reduce((sum, one) => sum + one, 0) / finals.length,
    });
  }

  /** What was sealed at one pace must be back before the next is judged. */
  #roundMs(): number {
    const finalMs = Math.max(...this.#controls.map(({ estimates }) => estimates.finalMsMin));
    return Math.min(ROUND_MS_MAX, Math.max(ROUND_MS_MIN, ROUND_FINALS * finalMs));
  }

  /** The next sample is as the first: a time far ahead, believed once, must not make all that follow wrong. */
  #fallBack(atMs: number): readonly Decision[] {
    const decidedAtMs = Number.isFinite(atMs) ? atMs : (this.#atMs ?? 0);
    this.#atMs = undefined;
    this.#goodSamples = 0;
    return this.#restart(decidedAtMs, 'fallback', 'bad-sample');
  }

  #restart(atMs: number, phase: 'startup' | 'fallback', reason: string): readonly Decision[] {
    this.#pace = new Pace();
    this.#machine = new MachineLoad();
    this.#links = new LinkLoad();
    this.#floorMs = 0;
    this.#queuedAtMs = Number.NEGATIVE_INFINITY;
    this.#elapsedMs = 0;
    this.#deliveredItems = 0;
    for (const control of this.#controls) control.reset(phase);
    return this.#controls.flatMap((control) => control.retarget(atMs, this.#pace.intervalMs, false, reason) ?? []);
  }

  targets(shard: number): BatchTargets {
    return this.#control(shard).targets;
  }

  estimates(shard: number): Estimates {
    return this.#control(shard).estimates;
  }

  itemsTarget(shard: number): number {
    return this.targets(shard).itemsTarget;
  }

  bytesTarget(shard: number): number {
    return this.targets(shard).bytesTarget;
  }

  lingerMs(shard: number): number {
    return this.targets(shard).lingerMs;
  }

  inFlightSegmentsMax(shard: number): number {
    return this.targets(shard).inFlightSegmentsMax;
  }

  #control(shard: number): ShardControl {
    const control = this.#controls[shard];
    assert(control !== undefined, 'a shard of this network');
    return control;
  }
}
