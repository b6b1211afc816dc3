import type { Id } from '../ids.ts';
import { currentResults } from './closing.ts';
import { headKey, sessionKey } from './row-keys.ts';
import type { GovernanceState, ProposalResult, SessionRow } from './state.ts';

export { isEnded, judgeBallot } from './ballots.ts';
export { judgeOperation } from './operations/judge.ts';

/** The recorded result of a completed session, else the ranked result of the sums so far; undefined without a session. */
export function liveResults(
  state: GovernanceState,
  space: string,
  session: string,
): readonly ProposalResult[] | undefined {
  const key = sessionKey(space, session);
  const row = state.sessions.get(key);
  return row && (state.results.get(key)?.proposals ?? currentResults(state, row));
}

/** Electors without a counted ballot, in the order of the electorate. */
export function missingVoters(state: GovernanceState, space: string, session: string): readonly Id[] {
  const electorate = state.sessions.get(sessionKey(space, session))?.electorate ?? [];
  const missing = electorate.filter(({ voter }) => !state.heads.has(headKey(space, session, voter)));
  return missing.map(({ voter }) => voter);
}

/** Active sessions by key, those that open later included; the cost is theirs alone. */
export function* activeSessions(state: GovernanceState): Generator<SessionRow> {
  for (const key of state.sessions.liveKeys()) {
    const row = state.sessions.get(key);
    if (row !== undefined) yield row;
  }
}
