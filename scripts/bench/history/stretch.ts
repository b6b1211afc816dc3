import { median } from '../report/median.ts';

/** What a network came to after so many ballots. */
export interface Stretch {
  /** Counted ballots of the ledger at its end. */
  readonly ballots: number;
  readonly perS: number;
  /** At half of that rate; undefined where it was not measured. */
  readonly finalMsP99: number | undefined;
  readonly cpuUsPerBallotPerNode: number;
  readonly rssMiB: number;
}

export interface Flatness {
  /** Last by first: 1 is flat. */
  readonly rate: number;
  readonly p99: number;
  readonly cpu: number;
}

/** Stretches at either end that are taken together: one alone says more about the machine than about the history. */
const ENDS = 3;

/** How the end of a history compares with its begin, each by the median of some stretches. */
export function flatness(stretches: readonly Stretch[]): Flatness {
  const count = Math.max(1, Math.min(ENDS, Math.floor(stretches.length / 2)));
  const ratio = (pick: (stretch: Stretch) => number | undefined): number => {
    const values = stretches.flatMap((stretch) => pick(stretch) ?? []);
    return median(values.slice(-count)) / median(values.slice(0, count));
  };
  return {
    rate: ratio(({ perS }) => perS),
    p99: ratio(({ finalMsP99 }) => finalMsP99),
    cpu: ratio(({ cpuUsPerBallotPerNode }) => cpuUsPerBallotPerNode),
  };
}
