/** What is about the same work each time, in units: frames to decode and judge, inputs to step, messages to encode. */
export const KINDS = ['decode', 'step', 'encode'] as const;
export type Kind = (typeof KINDS)[number];

/** A time that is so much longer than usual is of another process that had the core in between, or of the collector. */
const TIMES_LONGER = 2;
const LONGER_MS = 0.3;
/** Weight of a new time in what is usual. */
const WEIGHT = 0.002;

/**
 * What each kind of work usually takes a unit. A single time by the clock says more of who else uses the machine than of the
 * work, and the heap that the collector goes through is that of all validators together.
 */
export class UsualTimes {
  readonly #means = new Map<Kind, { count: number; units: number; ms: number }>();

  /** Some units took so long. @returns what they usually take */
  taken(kind: Kind, units: number, tookMs: number): number {
    const mean = this.#means.get(kind) ?? { count: 0, units: 1, ms: 0 };
    this.#means.set(kind, mean);
    if (tookMs <= (TIMES_LONGER * units * mean.ms) / mean.units + LONGER_MS) {
      mean.count += 1;
      const weight = Math.max(WEIGHT, 1 / mean.count);
      mean.ms += weight * (tookMs - mean.ms);
      mean.units += weight * (units - mean.units);
    }
    return (units * mean.ms) / mean.units;
  }

  unitUs(kind: Kind): number {
    const { ms, units } = this.#means.get(kind) ?? { ms: 0, units: 1 };
    return (1_000 * ms) / units;
  }
}
