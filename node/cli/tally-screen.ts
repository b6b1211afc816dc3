import { decimal } from './fractions.ts';
import type { Screen } from './output.ts';
import type { TallyProposal, TallyResult } from './rpc-shapes.ts';

/** A tally as a table. Percentages are rounded for the eye; `-o json` has the exact fractions. */
export function tallyScreen(tally: TallyResult, next: string): Screen {
  const state = tally.final ? 'final' : 'so far';
  const vetoes = tally.proposals.some(({ veto }) => veto !== undefined && veto !== null);
  return {
    title: `${tally.space}/${tally.session}: ${tally.proposals.length} proposals, ${state} at height ${tally.height}`,
    columns: [
      { name: 'proposal' },
      { name: 'votes', align: 'right' },
      { name: 'total', align: 'right' },
      { name: 'percent', align: 'right' },
      { name: 'needs', align: 'right' },
      { name: 'band' },
      ...(vetoes ? [{ name: 'veto' }] : []),
      { name: 'status' },
      { name: 'rank', align: 'right' },
    ],
    rows: [...tally.proposals].sort((a, b) => a.rank - b.rank).map((one) => row(one, vetoes)),
    next,
  };
}

function row(one: TallyProposal, vetoes: boolean): string[] {
  const { percent, threshold, veto } = one;
  return [
    one.proposal,
    String(one.n),
    String(one.total),
    percent ? `${decimal(percent)}%` : '-',
    threshold ? `${threshold.op}${decimal(threshold.percent, 0)}%` : '-',
    one.band ?? '-',
    ...(vetoes ? [veto ? `${decimal(veto.share, 0)}% ${veto.resolution}` : '-'] : []),
    one.status,
    String(one.rank),
  ];
}
