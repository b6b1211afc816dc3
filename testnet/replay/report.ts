import { exact, shortDecimal } from '../../node/cli/fractions.ts';
import { type CliIo, paint } from '../../node/cli/io.ts';
import { printScreen, type Screen } from '../../node/cli/output.ts';
import type { TallyProposal } from '../../node/cli/rpc-shapes.ts';
import { renderTable } from '../../node/cli/table.ts';
import type { Agreement } from '../voting/tallies.ts';
import { proposalsOf } from '../voting/tallies.ts';
import type { Comparison } from './compare.ts';
import type { Finding } from './finding.ts';
import type { ReplaySession } from './read-session.ts';
import type { Replayed } from './replay.ts';

/** What `-o json` prints of a replay. */
export function replayJson(session: ReplaySession, replayed: Replayed, space: string): object {
  const { agreement, comparison } = replayed;
  return {
    space,
    session: replayed.session,
    ballots: session.ballots.length,
    counted: replayed.counted,
    nodes: agreement.tallies.map(({ node, tally }) => ({
      node,
      height: tally?.height ?? null,
      proposals: tally?.proposals ?? null,
    })),
    agree: agreement.agree,
    findings: session.findings,
    ...(comparison === undefined
      ? {}
      : { expected: { equal: comparison.equal, total: comparison.total, differences: comparison.differences } }),
  };
}

/** Where the rule comes from, notes and findings: all on stderr, before anything is voted. */
export function printReading(io: CliIo, session: ReplaySession): void {
  const { minute, proposals, ballots, electorate, ruleSource, notes, findings } = session;
  io.err(`minute ${minute}: ${proposals.length} proposals, ${ballots.length} ballots, ${electorate.length} electors\n`);
  io.err(`rule: ${ruleSource}\n`);
  for (const note of notes) io.err(`note: ${note}\n`);
  if (findings.length > 0) io.err(findingsTable(findings, io.columns));
}

export function findingsTable(findings: readonly Finding[], width: number): string {
  const rows = findings.map(({ code, subject, detail }) => [code, subject.replace(/^votes\/|\.json$/g, ''), detail]);
  return renderTable([{ name: 'finding' }, { name: 'subject' }, { name: 'detail' }], rows, { width });
}

/** The count of every node side by side; one column when they agree would hide that four were asked. */
export function replayScreen(session: ReplaySession, replayed: Replayed, next: string): Screen {
  const { agreement } = replayed;
  const answered = agreement.tallies.filter(({ tally }) => tally !== undefined).length;
  const proposals = [...proposalsOf(agreement)].sort((a, b) => a.rank - b.rank);
  return {
    title: `session ${replayed.session}: ${replayed.counted} of ${session.ballots.length} ballots counted, ${answered} nodes asked`,
    columns: [
      { name: 'proposal' },
      { name: 'weight', align: 'right' },
      { name: 'total', align: 'right' },
      ...agreement.tallies.map(({ node }) => ({ name: node, align: 'right' as const })),
      { name: 'needs', align: 'right' },
      { name: 'status' },
      { name: 'rank', align: 'right' },
    ],
    rows: proposals.map((one) => row(one, agreement)),
    next,
  };
}

function row(one: TallyProposal, { tallies }: Agreement): string[] {
  const { threshold } = one;
  return [
    one.proposal,
    String(one.n),
    String(one.total),
    ...tallies.map(({ tally }) => cell(tally?.proposals.find(({ proposal }) => proposal === one.proposal))),
    threshold ? `${threshold.op}${exact(threshold.percent)}%` : '-',
    one.status,
    String(one.rank),
  ];
}

function cell(one: TallyProposal | undefined): string {
  return one?.percent ? `${shortDecimal(one.percent)}%` : '-';
}

/** Table, agreement and comparison on stdout, in an order that ends with the verdicts. */
export function printReplay(io: CliIo, session: ReplaySession, replayed: Replayed, next: string): void {
  const screen = replayScreen(session, replayed, next);
  const verdicts = [agreementLine(io, replayed.agreement), ...comparisonLines(io, replayed.comparison)];
  printScreen(io, { ...screen, notes: verdicts });
}

export function agreementLine(io: CliIo, { agree, tallies }: Agreement): string {
  const heights = [...new Set(tallies.flatMap(({ tally }) => tally?.height ?? []))].join(', ');
  const silent = tallies.flatMap(({ node, tally }) => (tally === undefined ? [node] : []));
  const without = silent.length === 0 ? '' : `; ${silent.join(', ')} did not answer`;
  if (!agree) return paint(io, 'red', `the nodes do not agree (heights: ${heights}${without})`);
  const answered = tallies.length - silent.length;
  const who = silent.length === 0 ? `all ${answered}` : String(answered);
  return paint(io, 'green', `${who} nodes agree at height ${heights}${without}`);
}

const DIFFERENCES_SHOWN = 5;

export function comparisonLines(io: CliIo, comparison: Comparison | undefined): string[] {
  if (comparison === undefined) return [];
  const { equal, total, differences } = comparison;
  const verdict = `expected: ${equal} of ${total} proposals equal`;
  const shown = differences.slice(0, DIFFERENCES_SHOWN);
  return [paint(io, differences.length === 0 ? 'green' : 'red', verdict), ...shown];
}
