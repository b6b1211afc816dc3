import { assert } from '../assert.ts';
import { decodeBallotBody, entriesHash, type SignedBallot } from './ballot.ts';
import { epochOf } from './epochs.ts';
import { findElector } from './lookups.ts';
import { headKey, sessionKey, tallyKey } from './row-keys.ts';
import { keepBytes } from './slab.ts';
import type { BlockContext, GovernanceState, HeadRow, ProgressRow, SessionRow, TallyRow } from './state.ts';
import { addTally, subtractTally, TALLY_ZERO, tallyOfEntry } from './tally.ts';
import type { Elector, Entry } from './types.ts';

export const PROGRESS_ZERO: ProgressRow = { ballots: 0, voters: 0, complete: 0 };

/**
 * Count a ballot that `judgeBallot` found `counted`: its entries go to the sums of its shard, a superseded ballot's
 * entries are taken back first, and the voter's head moves. Only rows of this voter, session and shard change.
 */
export function countBallot(state: GovernanceState, context: BlockContext, signed: SignedBallot, shard: number): void {
  const { space, session, voter, entries } = signed.ballot;
  const key = sessionKey(space, session);
  const row = state.sessions.get(key);
  const elector = row && findElector(row.electorate, voter);
  assert(row !== undefined && elector !== undefined, 'a counted ballot has a session and an elector');
  const headAt = headKey(space, session, voter);
  const head = state.heads.get(headAt);
  const before = head?.body === undefined ? undefined : decodeBallotBody(head.body).entries;
  for (const entry of before ?? []) moveTally({ state, row, shard, entry, elector }, subtractTally);
  for (const entry of entries) moveTally({ state, row, shard, entry, elector }, addTally);
  assert((head === undefined) === (before === undefined), 'only a ballot that may be revised is superseded');
  state.heads.set(headAt, headOf(row, context, signed));
  const all = row.proposals.length;
  const progress = state.progress.get(key) ?? PROGRESS_ZERO;
  state.progress.set(key, {
    ballots: progress.ballots + 1,
    voters: progress.voters + (before === undefined ? 1 : 0),
    complete: progress.complete + (entries.length === all ? 1 : 0) - (before?.length === all ? 1 : 0),
  });
}

function headOf({ rule }: SessionRow, { height }: BlockContext, signed: SignedBallot): HeadRow {
  const ballot = keepBytes(signed.id);
  if (rule.revisable) return { ballot, body: keepBytes(signed.body), height };
  return { ballot, entries: keepBytes(entriesHash(signed)), height };
}

interface Move {
  readonly state: GovernanceState;
  readonly row: SessionRow;
  readonly shard: number;
  readonly entry: Entry;
  readonly elector: Elector;
}

function moveTally(move: Move, combine: (sum: TallyRow, part: TallyRow) => TallyRow): void {
  const { state, row, shard, entry, elector } = move;
  const key = tallyKey(row.space, row.session, entry.proposal, shard);
  state.tallies.set(key, combine(state.tallies.get(key) ?? TALLY_ZERO, tallyOfEntry(row.rule, entry, elector)));
}

/** A proposal's sums over all shards. */
export function sumShards(state: GovernanceState, row: SessionRow, proposal: string): TallyRow {
  let sum = TALLY_ZERO;
  for (let shard = 1; shard <= epochOf(state).shardsMost; shard++) {
    const part = state.tallies.get(tallyKey(row.space, row.session, proposal, shard));
    if (part !== undefined) sum = addTally(sum, part);
  }
  return sum;
}
