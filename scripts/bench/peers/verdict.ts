import { median } from '../report/median.ts';
import type { Rate } from './rates.ts';

/** The loads of one round by the name of the peer. */
export interface Round {
  readonly single: ReadonlyMap<string, Rate>;
  readonly batch: ReadonlyMap<string, Rate>;
}

/** Waggle's rate over a peer's. */
export interface Ratio {
  readonly name: string;
  /** Median over the rounds, and the rounds that were lowest and highest; null where the peer is absent. */
  readonly times: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly aim: number;
  readonly isMet: boolean | null;
}

type Load = keyof Round;

/** P3 of the goals: what is held against what, and how many times faster Waggle is to be. */
const AIMS: readonly { name: string; waggle: Load; peer: Load; peers: RegExp; aim: number }[] = [
  { name: 'etcdSingle', waggle: 'single', peer: 'single', peers: /^etcd-/, aim: 1 },
  { name: 'etcdBatch', waggle: 'batch', peer: 'batch', peers: /^etcd-/, aim: 1 },
  { name: 'jetstream', waggle: 'batch', peer: 'batch', peers: /^jetstream$/, aim: 1 },
  // These two know no batch and no second voter at a time; what Waggle does at most is what one has instead.
  { name: 'orbitdb', waggle: 'batch', peer: 'single', peers: /^orbitdb$/, aim: 200 },
  { name: 'incumbent', waggle: 'batch', peer: 'single', peers: /^incumbent$/, aim: 100 },
];

/** Ratios within each round, so that what the machine did meanwhile is in both; of several clusters the fastest counts. */
export function ratiosOf(rounds: readonly Round[]): Ratio[] {
  return AIMS.map(({ name, waggle, peer, peers, aim }) => {
    const ratios = rounds
      .flatMap((round) => {
        const own = round[waggle].get('waggle')?.perS;
        const others = [...round[peer]].flatMap(([other, { perS }]) => (peers.test(other) ? [perS] : []));
        return own === undefined || others.length === 0 ? [] : [own / Math.max(...others)];
      })
      .sort((a, b) => a - b);
    if (ratios.length === 0) return { name, times: null, low: null, high: null, aim, isMet: null };
    const times = median(ratios);
    return {
      name,
      times: rounded(times),
      low: rounded(ratios[0] ?? 0),
      high: rounded(ratios.at(-1) ?? 0),
      aim,
      isMet: times >= aim,
    };
  });
}

/** Three digits are more than the machine repeats. */
function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
