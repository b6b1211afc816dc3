import { exact, shortDecimal } from './fractions.ts';
import type { Screen } from './output.ts';
import type { TallyProposal, TallyResult } from './rpc-shapes.ts';

/**
 * A tally as a table. What a percentage has beyond one digit shows as "…", and what it needs is exact, so that no line seems
 * to pass that does not; `-o json` has the fractions. Until a session ends bands and statuses are those of this moment.
 */
export function tallyScreen(tally: TallyResult, next: string): Screen {
  const state = tally.final ? 'final' : 'so far';
  const vetoes = tally.proposals.some(({ veto }) => veto !== undefined && veto !== null);
  const soFar = tally.final ? '' : ' so far';
  return {
    title: `${tally.space}/${tally.session}: ${tally.proposals.length} proposals, ${state} at height ${tally.height}`,
    columns: [
      { name: 'proposal' },
      { name: 'weight', align: 'right' },
      { name: 'total', align: 'right' },
      { name: 'percent', align: 'right' },
      { name: 'needs', align: 'right' },
      { name: `band${soFar}` },
      ...(vetoes ? [{ name: 'veto' }] : []),
      { name: `status${soFar}` },
      { name: 'rank', align: 'right' },
    ],
    rows: [...tally.proposals].sort((a, b) => a.rank - b.rank).map((one) => row(one, vetoes)),
    notes: [
      ...(tally.final ? [] : ['so far: every vote may change it until the session ends']),
      ...(tally.quorumReached === false ? ['the quorum was not reached: nothing is approved'] : []),
    ],
    next,
  };
}

function row(one: TallyProposal, vetoes: boolean): string[] {
  const { percent, threshold, veto } = one;
  return [
    one.proposal,
    String(one.n),
    String(one.total),
    percent ? `${shortDecimal(percent)}%` : '-',
    threshold ? `${threshold.op}${exact(threshold.percent)}%` : '-',
    one.band ?? '-',
    ...(vetoes ? [veto ? `${shortDecimal(veto.share, 0)}% ${veto.resolution}` : '-'] : []),
    one.status,
    String(one.rank),
  ];
}
