import { Random } from '../../../consensus/sim/random.ts';
import { median } from '../report/median.ts';

/** The median of some ratios and where the true one lies with 95 % confidence, as far as they can tell. */
export interface Interval {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 2_000;
const TAIL = 0.025;

/**
 * Percentile bootstrap: the medians of samples drawn from the sample, with replacement. The same seed draws the same.
 * @throws RangeError there is nothing to draw from
 */
export function medianInterval(values: readonly number[], seed: number): Interval {
  if (values.length === 0) throw new RangeError('no values');
  const random = new Random(seed);
  const medians = Array.from({ length: RESAMPLES }, () => median(values.map(() => random.pick(values))));
  medians.sort((a, b) => a - b);
  const at = (share: number): number => medians[Math.round(share * (RESAMPLES - 1))] ?? 0;
  return { median: median(values), low: at(TAIL), high: at(1 - TAIL) };
}
