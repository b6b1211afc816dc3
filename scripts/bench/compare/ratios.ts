import type { LoadFigures } from './load.ts';
import { type Interval, medianInterval } from './statistics.ts';

/** Both trees in one turn, one right after the other. */
export interface Pair {
  readonly base: LoadFigures;
  readonly tree: LoadFigures;
}

/** How the working tree does beside the base: 1 as well, above it better, whatever the figure. */
export interface Comparison extends Interval {
  readonly figure: keyof LoadFigures;
  /** Worse than the bound, and not by chance. */
  readonly isWorse: boolean;
}

/** Fewer cannot be told from chance. */
export const PAIRS_MIN = 7;
const WORSE = 0.8;

/** For each figure whether more of it is better. */
const FIGURES: Readonly<Record<keyof LoadFigures, boolean>> = { perS: true, finalMsP99: false, cpuUsPerBallot: false };

/** A ratio a pair, since a machine is fast in one minute and slow in the next; then the median of them. */
export function compare(pairs: readonly Pair[], seed: number): Comparison[] {
  return (Object.keys(FIGURES) as (keyof LoadFigures)[]).map((figure) => {
    const ratios = pairs.map(({ base, tree }) => {
      return FIGURES[figure] ? tree[figure] / base[figure] : base[figure] / tree[figure];
    });
    const interval = medianInterval(ratios, seed);
    return { figure, ...interval, isWorse: pairs.length >= PAIRS_MIN && interval.high < WORSE };
  });
}
