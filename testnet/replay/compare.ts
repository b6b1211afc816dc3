import { decimal } from '../../node/cli/fractions.ts';
import type { TallyProposal } from '../../node/cli/rpc-shapes.ts';
import { record } from './announced.ts';

/** How a tally of the ledger stands to tallies somebody computed from the same ballots. */
export interface Comparison {
  readonly equal: number;
  readonly total: number;
  /** One line for each proposal that differs: what, expected, counted. */
  readonly differences: readonly string[];
}

/** Compare n, total, percent, threshold, approval, band and veto share, where the expected tallies name them. */
export function compareTallies(expected: Record<string, unknown>, proposals: readonly TallyProposal[]): Comparison {
  const wanted = Array.isArray(expected.tally) ? expected.tally.map(record) : [];
  const counted = new Map(proposals.map((one) => [one.proposal, one]));
  const differences: string[] = [];
  let equal = 0;
  for (const one of wanted) {
    const id = String(one.proposal_id ?? '');
    const found = counted.get(id.toLowerCase());
    const faults = found === undefined ? ['not in the ledger'] : faultsOf(one, found);
    if (faults.length === 0) equal++;
    else differences.push(`${id}: ${faults.join('; ')}`);
  }
  const names = new Set(wanted.map((one) => String(one.proposal_id ?? '').toLowerCase()));
  for (const { proposal } of proposals) if (!names.has(proposal)) differences.push(`${proposal}: not expected`);
  return { equal, total: wanted.length, differences };
}

function faultsOf(wanted: Record<string, unknown>, found: TallyProposal): string[] {
  const faults: string[] = [];
  const check = (name: string, expected: unknown, counted: unknown) => {
    if (expected === undefined || Object.is(expected ?? null, counted ?? null)) return;
    faults.push(`${name} ${String(expected)} expected, ${String(counted ?? null)} counted`);
  };
  const { percent, threshold, veto } = found;
  check('n', wanted.n, found.n);
  check('total', wanted.total, found.total);
  check('percent', wanted.percent, percent ? Number(decimal(percent)) : null);
  check('threshold', wanted.threshold, threshold ? threshold.percent.num / threshold.percent.den : null);
  check('approved', wanted.approved, threshold ? approvedOf(found) : null);
  check('band', wanted.band, found.band);
  const vetoWanted = wanted.veto === undefined ? undefined : record(wanted.veto);
  if (vetoWanted !== undefined) {
    check('veto generals', vetoWanted.generals, veto?.electors);
    check('veto low', vetoWanted.low, veto?.low);
    check('veto share', vetoWanted.share, veto ? Number(decimal(veto.share)) : null);
    check('veto low of all', vetoWanted.low_all, veto?.lowAll);
    check('veto texts', vetoWanted.texts, veto?.texts);
  }
  check('rank', wanted.rank, found.rank);
  return faults;
}

/** Whether the threshold alone is met. */
function approvedOf({ approved, band }: TallyProposal): boolean {
  return approved ?? band === 'approved';
}
