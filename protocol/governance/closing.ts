import { PROGRESS_ZERO, sumShards } from './counting.ts';
import { decideChange } from './epochs.ts';
import { headsRoot } from './heads.ts';
import { compareFractions, rankResults, resultOf } from './result.ts';
import { sessionKey } from './row-keys.ts';
import type { BlockContext, GovernanceState, ProgressRow, ProposalResult, SessionRow } from './state.ts';

/** Reasons the ledger itself gives for an end; an operation may not claim them. */
export const END_REASONS = { deadline: 'deadline', allVoted: 'all-voted' } as const;

export function progressOf(state: GovernanceState, row: SessionRow): ProgressRow {
  return state.progress.get(sessionKey(row.space, row.session)) ?? PROGRESS_ZERO;
}

/** Quorums count voters, not weights; a session without one needs nobody. */
export function isQuorumReached(state: GovernanceState, row: SessionRow): boolean {
  const { quorum } = row.rule;
  const { voters } = progressOf(state, row);
  if (quorum === undefined) return true;
  if (quorum.kind === 'votes') return voters >= quorum.votes;
  return compareFractions({ num: voters, den: row.electorate.length }, quorum.share) >= 0;
}

/** Results of the sums as they stand, in the order of the proposals. */
export function currentResults(state: GovernanceState, row: SessionRow): readonly ProposalResult[] {
  const reached = isQuorumReached(state, row);
  const { rule, electorate, proposals } = row;
  return rankResults(
    proposals.map((proposal) => resultOf(rule, proposal, sumShards(state, row, proposal.id), electorate, reached)),
  );
}

export function isDue(row: SessionRow, timeMs: number): boolean {
  return row.status === 'active' && row.closesAtMs !== undefined && row.closesAtMs <= timeMs;
}

/**
 * Between step (2) and step (4) of a block a session that an operation closes is `active` with its end already
 * written: its ballots in this block still count (protocol.md, Execution). No row is like this between blocks.
 */
export function isClosing(row: SessionRow): boolean {
  return row.status === 'active' && row.closedHeight !== undefined;
}

export function hasAllVoted(state: GovernanceState, row: SessionRow): boolean {
  return row.rule.close === 'all-voted' && progressOf(state, row).complete === row.electorate.length;
}

/** The row of a session that ends in this block, its status apart. */
export function endOf(context: BlockContext, reason: string | undefined): Partial<SessionRow> {
  const end = { closedHeight: context.height, closedAtMs: context.timeMs };
  return reason === undefined ? end : { ...end, reason };
}

/** Record the result of the sums as they stand and end the session. */
export function complete(state: GovernanceState, context: BlockContext, ending: SessionRow): void {
  const { space, session } = ending;
  const key = sessionKey(space, session);
  const { height, timeMs } = context;
  const quorumReached = isQuorumReached(state, ending);
  const proposals = currentResults(state, ending);
  state.results.set(key, {
    space,
    session,
    height,
    timeMs,
    quorumReached,
    headsRoot: headsRoot(state, ending),
    proposals,
  });
  state.sessions.set(key, { ...ending, status: 'completed' });
  const approved = proposals.filter(({ status }) => status === 'approved').map(({ proposal }) => proposal);
  decideChange(state, context, ending, approved);
}
