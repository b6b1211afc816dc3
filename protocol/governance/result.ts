import type { ProposalResult, TallyRow } from './state.ts';
import type { Elector, Fraction, ProposalRecord, SessionRule } from './types.ts';

/** −1, 0 or 1 by exact cross multiplication; denominators are positive. */
export function compareFractions(a: Fraction, b: Fraction): number {
  const left = BigInt(a.num) * BigInt(b.den);
  const right = BigInt(b.num) * BigInt(a.den);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Threshold of a proposal: by its id, else its category, else the session's (domain.md 2). */
export function thresholdFor(rule: SessionRule, proposal: ProposalRecord): Fraction | undefined {
  const { threshold } = rule;
  if (threshold === null) return undefined;
  const byProposal = new Map(Object.entries(threshold.byProposal ?? {}));
  const byCategory = new Map(Object.entries(threshold.byCategory ?? {}));
  return byProposal.get(proposal.id) ?? byCategory.get(proposal.category ?? '') ?? threshold.percent;
}

/** score: 10·total/n of the weights cast; stance: the share of approve among approve and reject. */
export function percentOf(rule: SessionRule, tally: TallyRow): Fraction | undefined {
  if (tally.n === 0) return undefined;
  return { num: (rule.method === 'score' ? 10 : 100) * tally.total, den: tally.n };
}

type Band = NonNullable<ProposalResult['band']>;
type Veto = NonNullable<ProposalResult['veto']>;

function bandOf(rule: SessionRule, approved: boolean, percent: Fraction | undefined): Band {
  if (approved) return 'approved';
  const held = rule.hold !== undefined && percent !== undefined && compareFractions(percent, rule.hold) >= 0;
  return held ? 'hold' : 'rejected';
}

/** Abstaining electors of the role stay in the denominator (domain.md 2, Veto). */
function vetoOf(rule: SessionRule, tally: TallyRow, electorate: readonly Elector[]): Veto | undefined {
  const { veto } = rule;
  if (veto === undefined) return undefined;
  const electors = electorate.filter(({ role }) => role === veto.role).length;
  const { low, lowWithText, lowAll, texts } = tally;
  const share = { num: 100 * (veto.textRequired ? lowWithText : low), den: Math.max(1, electors) };
  const reaches = (percent: number): boolean => compareFractions(share, { num: percent, den: 1 }) >= 0;
  const resolution = reaches(veto.rejectAt) ? 'rejected' : reaches(veto.revisionAt) ? 'revision' : 'none';
  return { electors, low, lowWithText, lowAll, texts, share, resolution };
}

/** From mildest to strictest; where band and veto both speak the stricter decides (domain.md 2, point 4). */
const STRICTNESS: readonly ProposalResult['status'][] = ['none', 'approved', 'hold', 'revision', 'rejected'];

function stricter(a: ProposalResult['status'], b: ProposalResult['status']): ProposalResult['status'] {
  return STRICTNESS.indexOf(a) >= STRICTNESS.indexOf(b) ? a : b;
}

/** One proposal's result but for its rank. Below quorum everything is rejected. */
export function resultOf(
  rule: SessionRule,
  proposal: ProposalRecord,
  tally: TallyRow,
  electorate: readonly Elector[],
  quorumReached: boolean,
): Omit<ProposalResult, 'rank'> {
  const percent = percentOf(rule, tally);
  const limit = thresholdFor(rule, proposal);
  const veto = vetoOf(rule, tally, electorate);
  const op = rule.threshold?.op ?? '>=';
  const order = percent === undefined || limit === undefined ? -1 : compareFractions(percent, limit);
  const approved = op === '>=' ? order >= 0 : order > 0;
  const band = limit === undefined ? undefined : bandOf(rule, approved, percent);
  const vetoed = veto === undefined || veto.resolution === 'none' ? 'none' : veto.resolution;
  const { n, total, approve, reject, abstain } = tally;
  return {
    proposal: proposal.id,
    n,
    total,
    approve,
    reject,
    abstain,
    ...(percent === undefined ? {} : { percent }),
    ...(limit === undefined || band === undefined ? {} : { threshold: { op, percent: limit }, approved, band }),
    ...(veto === undefined ? {} : { veto }),
    status: quorumReached ? stricter(band ?? 'none', vetoed) : 'rejected',
  };
}

/** Ranks by percent, highest first; equal percents share a rank and the next one counts all before it. */
export function rankResults(results: readonly Omit<ProposalResult, 'rank'>[]): ProposalResult[] {
  const none: Fraction = { num: -1, den: 1 };
  return results.map((one) => {
    const better = results.filter((other) => compareFractions(other.percent ?? none, one.percent ?? none) > 0);
    return { ...one, rank: 1 + better.length };
  });
}
