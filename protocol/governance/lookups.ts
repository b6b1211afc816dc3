import type { Elector, ProposalRecord } from './types.ts';

/** Electorates have up to 10,000 entries and never change once a session is opened: one map each, made when asked. */
const ELECTORS = new WeakMap<readonly Elector[], ReadonlyMap<string, Elector>>();
const PROPOSALS = new WeakMap<readonly ProposalRecord[], ReadonlySet<string>>();

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
