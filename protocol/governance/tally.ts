import type { TallyRow } from './state.ts';
import type { Entry, SessionRule } from './types.ts';

/** The neutral element: a shard nobody voted in. */
export const TALLY_ZERO: TallyRow = {
  n: 0,
  total: 0,
  approve: 0,
  reject: 0,
  abstain: 0,
  histogram: [],
  low: 0,
  lowWithText: 0,
  lowAll: 0,
  texts: 0,
};

/** Weights 1…10, none given. */
const NO_WEIGHTS: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/** What one entry of one elector adds to a proposal's tally. */
export function tallyOfEntry(rule: SessionRule, entry: Entry, elector: { role: string; weight: number }): TallyRow {
  const { choice, veto } = entry;
  const by = elector.weight;
  const texts = veto === undefined ? 0 : 1;
  if (choice.method === 'stance') {
    const { stance } = choice;
    const approve = stance === 'approve' ? by : 0;
    const reject = stance === 'reject' ? by : 0;
    const abstain = stance === 'abstain' ? by : 0;
    return { ...TALLY_ZERO, n: approve + reject, total: approve, approve, reject, abstain, texts };
  }
  const { weight } = choice;
  const isLow = rule.veto !== undefined && weight <= rule.veto.maxWeight;
  const isOfRole = elector.role === rule.veto?.role;
  const histogram = NO_WEIGHTS.slice();
  if (weight >= 1 && weight <= histogram.length) histogram[weight - 1] = by;
  return {
    ...TALLY_ZERO,
    n: by,
    total: by * weight,
    histogram,
    low: isLow && isOfRole ? 1 : 0,
    lowWithText: isLow && isOfRole && veto !== undefined ? 1 : 0,
    lowAll: isLow ? 1 : 0,
    texts,
  };
}

/** a + sign·b, field by field: tallies are an abelian group, so shards add up in any order. */
function combine(a: TallyRow, b: TallyRow, sign: 1 | -1): TallyRow {
  return {
    n: a.n + sign * b.n,
    total: a.total + sign * b.total,
    approve: a.approve + sign * b.approve,
    reject: a.reject + sign * b.reject,
    abstain: a.abstain + sign * b.abstain,
    histogram: combineLists(a.histogram, b.histogram, sign),
    low: a.low + sign * b.low,
    lowWithText: a.lowWithText + sign * b.lowWithText,
    lowAll: a.lowAll + sign * b.lowAll,
    texts: a.texts + sign * b.texts,
  };
}

function combineLists(a: readonly number[], b: readonly number[], sign: 1 | -1): number[] {
  const sums: number[] = [];
  const length = Math.max(a.length, b.length);
  for (let at = 0; at < length; at++) sums.push((a[at] ?? 0) + sign * (b[at] ?? 0));
  return sums;
}

export function addTally(a: TallyRow, b: TallyRow): TallyRow {
  return combine(a, b, 1);
}

/** Takes back what a superseded ballot added. */
export function subtractTally(a: TallyRow, b: TallyRow): TallyRow {
  return combine(a, b, -1);
}
