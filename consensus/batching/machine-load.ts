import type { Pressure } from './pace.ts';
import type { MachineSample, ShardSample } from './types.ts';

const CPU_BUSY = 0.8;
const CPU_FULL = 0.93;
/** A process that gets only a part of a core shows it by its loop alone. */
const LOOP_LATE_MS = 40;
/** A segment costs about ten items: with so many in it, rarer ones would free less than a twentieth of the processor. */
const SEGMENT_ITEMS_MAX = 190;
const WEIGHT = 0.4;

/** Whether the processor is the bottleneck, from moving means: one window with a collection of garbage says nothing. */
export class MachineLoad {
  #cpuShare: number | undefined;
  #loopMs = 0;
  #sealedSegments = 0;
  #sealedItems = 0;

  observe(machine: MachineSample | undefined, shards: readonly ShardSample[]): void {
    this.#sealedSegments = mix(this.#sealedSegments, sum(shards.map(({ sealedSegments }) => sealedSegments)));
    this.#sealedItems = mix(this.#sealedItems, sum(shards.map(({ sealedItems }) => sealedItems)));
    if (machine === undefined) {
      this.#cpuShare = undefined;
      return;
    }
    const { cpuShare, loopDelayMsP99 } = machine;
    const isFirst = this.#cpuShare === undefined;
    this.#cpuShare = isFirst ? cpuShare : mix(this.#cpuShare ?? 0, cpuShare);
    this.#loopMs = isFirst ? loopDelayMsP99 : mix(this.#loopMs, loopDelayMsP99);
  }

  get pressure(): Pressure | undefined {
    const isBySegments = this.#sealedItems <= SEGMENT_ITEMS_MAX * this.#sealedSegments;
    return isBySegments ? this.#busy : undefined;
  }

  /** Whatever it is busy with: no time to try anything. */
  get isBusy(): boolean {
    return this.#busy !== undefined;
  }

  get #busy(): Pressure | undefined {
    if (this.#cpuShare === undefined) return undefined;
    if (this.#cpuShare > CPU_BUSY) return 'cpu-busy';
    return this.#loopMs > LOOP_LATE_MS ? 'loop-late' : undefined;
  }

  /** No small step will do. */
  get isFull(): boolean {
    return this.#cpuShare !== undefined && (this.#cpuShare > CPU_FULL || this.#loopMs > 4 * LOOP_LATE_MS);
  }
}

function mix(mean: number, value: number): number {
  return mean + WEIGHT * (value - mean);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}
