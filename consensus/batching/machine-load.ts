import type { Pressure } from './pace.ts';
import type { MachineSample } from './types.ts';

const CPU_BUSY = 0.8;
const CPU_FULL = 0.93;
/** A process that gets only a part of a core shows it by its loop alone. */
const LOOP_LATE_MS = 40;
const WEIGHT = 0.4;

/** Whether the processor is the bottleneck, from moving means: one window with a collection of garbage says nothing. */
export class MachineLoad {
  #cpuShare: number | undefined;
  #loopMs = 0;

  observe(machine: MachineSample | undefined): void {
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
