import type { GovernanceState, ObserverRow } from './state.ts';
import type { Elector, ProposalRecord } from './types.ts';

/** Electorates have up to 10,000 entries and never change once a session is opened: one map each, made when asked. */
const ELECTORS = new WeakMap<readonly Elector[], ReadonlyMap<string, Elector>>();
const PROPOSALS = new WeakMap<readonly ProposalRecord[], ReadonlySet<string>>();

/** Electors by all that they say. The same council votes in many sessions, and is in memory once. */
const SHARED = new Map<string, Elector>();
const SHARED_MAX = 65_536;

/** An equal elector, the one that others use already. */
export function sharedElector(elector: Elector): Elector {
  const name = `${elector.voter}/${elector.role}/${elector.weight}`;
  const shared = SHARED.get(name);
  if (shared !== undefined) return shared;
  if (SHARED.size >= SHARED_MAX) SHARED.clear();
  SHARED.set(name, elector);
  return elector;
}

/** Nobody looks for electors of a session that has ended: the map of them goes. */
export function forgetElectors(electorate: readonly Elector[]): void {
  ELECTORS.delete(electorate);
}

export function findElector(electorate: readonly Elector[], voter: string): Elector | undefined {
  let byVoter = ELECTORS.get(electorate);
  if (byVoter === undefined) {
    byVoter = new Map(electorate.map((elector) => [elector.voter, elector]));
    ELECTORS.set(electorate, byVoter);
  }
  return byVoter.get(voter);
}

export function hasProposal(proposals: readonly ProposalRecord[], proposal: string): boolean {
  let ids = PROPOSALS.get(proposals);
  if (ids === undefined) {
    ids = new Set(proposals.map(({ id }) => id));
    PROPOSALS.set(proposals, ids);
  }
  return ids.has(proposal);
}

/** The observer of this name, unless it was removed. */
export function admittedObserver({ observers }: GovernanceState, name: string): ObserverRow | undefined {
  const row = observers.get(name);
  return row?.removedHeight === undefined ? row : undefined;
}

/** Who may connect beside the validators, by name. */
export function admittedObservers({ observers }: GovernanceState): ObserverRow[] {
  return observers.liveKeys().flatMap((name) => observers.get(name) ?? []);
}
