import type { Hash } from '../hash.ts';
import { hashesEqual } from '../hash.ts';
import type { Outcome } from '../outcome.ts';
import { type Ballot, entriesHash, type SignedBallot } from './ballot.ts';
import { placeOf } from './epochs.ts';
import { findElector, hasProposal } from './lookups.ts';
import { headKey, sessionKey } from './row-keys.ts';
import type { BlockContext, GovernanceState, HeadRow, SessionRow } from './state.ts';
import type { Entry, SessionRule } from './types.ts';

/** Where an item stands: the shard of its segment and the ValidatorIndex of the segment's author. */
export interface ItemPlace {
  readonly shard: number;
  readonly author: number;
}

export interface BallotVerdict {
  readonly outcome: Outcome;
  /** For `duplicate`: the ballot that counts already. */
  readonly counted?: Hash;
}

const COUNTED: BallotVerdict = { outcome: 'counted' };

/**
 * What a ballot's outcome would be here and now; nothing changes. The checks stand in the order of the outcome codes
 * and the first that fails answers (protocol.md, Execution). How long `notAfter` may be is not judged here: only RPC
 * refuses a far one, since a long life harms nobody but its voter.
 */
export function judgeBallot(
  state: GovernanceState,
  context: BlockContext,
  signed: SignedBallot,
  place: ItemPlace,
): BallotVerdict {
  const { ballot } = signed;
  const misplaced = judgePlace(state, context, ballot, place);
  if (misplaced !== undefined) return { outcome: misplaced };
  const row = state.sessions.get(sessionKey(ballot.space, ballot.session));
  if (row === undefined) return { outcome: 'unknown-session' };
  // An ended session is settled whole: nobody has to keep its heads to judge what comes late (decision 015).
  if (isEnded(row)) return { outcome: 'closed' };
  const head = state.heads.get(headKey(ballot.space, ballot.session, ballot.voter));
  if (head !== undefined && hashesEqual(head.ballot, signed.id)) return { outcome: 'duplicate', counted: head.ballot };
  if (!isAuthentic(state, context, row, signed, place)) return { outcome: 'bad-signature' };
  if (findElector(row.electorate, ballot.voter) === undefined) return { outcome: 'not-eligible' };
  const shut = judgeStatus(row, context.timeMs);
  if (shut !== undefined) return { outcome: shut };
  const preceded = judgeHead(row, head, signed);
  if (preceded !== undefined) return preceded;
  const refused = judgeEntries(row, ballot.entries);
  return refused === undefined ? COUNTED : { outcome: refused };
}

function judgePlace(
  state: GovernanceState,
  context: BlockContext,
  ballot: Ballot,
  place: ItemPlace,
): Outcome | undefined {
  if (!hashesEqual(ballot.chain, state.chain)) return 'wrong-chain';
  if (place.shard !== placeOf(state, ballot.space, ballot.voter)) return 'wrong-shard';
  return context.timeMs > ballot.notAfterMs ? 'expired' : undefined;
}

/**
 * A signature that is there must be the voter's, whoever carries it. Without one, the model must vote through its
 * operator, the session must not ask for `auth: voter`, and the segment must be the operator's (protocol.md, Ballots).
 * Nothing authenticates a model the registry does not know.
 */
function isAuthentic(
  state: GovernanceState,
  context: BlockContext,
  row: SessionRow,
  signed: SignedBallot,
  place: ItemPlace,
): boolean {
  const model = state.models.get(signed.ballot.voter);
  if (model === undefined) return false;
  if (signed.signature !== undefined) {
    return model.key !== undefined && context.verify(model.key, signed.id, signed.signature);
  }
  if (model.auth === 'voter' || row.rule.auth === 'voter') return false;
  return context.roster.validators[place.author]?.name === model.operator;
}

/** Nothing in it changes any more. */
export function isEnded({ status }: SessionRow): boolean {
  return status === 'completed' || status === 'cancelled';
}

/** `not-open` for a draft and before its time, `closed` once ended or past its deadline. */
export function judgeStatus(row: SessionRow, timeMs: number): 'not-open' | 'closed' | undefined {
  if (isEnded(row)) return 'closed';
  if (row.status === 'draft' || row.opensAtMs > timeMs) return 'not-open';
  return row.closesAtMs !== undefined && row.closesAtMs <= timeMs ? 'closed' : undefined;
}

function judgeHead(row: SessionRow, head: HeadRow | undefined, signed: SignedBallot): BallotVerdict | undefined {
  const { ballot } = signed;
  if (head !== undefined && !row.rule.revisable) {
    const repeated = head.entries !== undefined && hashesEqual(entriesHash(signed), head.entries);
    return repeated ? { outcome: 'duplicate', counted: head.ballot } : { outcome: 'already-voted' };
  }
  const { previous } = ballot;
  if (previous === undefined || head === undefined) {
    return previous === head?.ballot ? undefined : { outcome: 'conflict' };
  }
  return hashesEqual(previous, head.ballot) ? undefined : { outcome: 'conflict' };
}

function judgeEntries(row: SessionRow, entries: readonly Entry[]): Outcome | undefined {
  if (!entries.every(({ proposal }) => hasProposal(row.proposals, proposal))) return 'unknown-proposal';
  if (row.rule.complete && entries.length < row.proposals.length) return 'incomplete';
  return entries.every((entry) => isValidChoice(row.rule, entry)) ? undefined : 'invalid-choice';
}

const BLANK = /^[\t\n ]*$/;

/**
 * The session's method, a weight of 1…10, a comment where the rule asks for one, and a veto text only where the rule
 * knows vetoes: elsewhere its voter would believe in a veto that nobody counts. A text beside a weight that is not
 * low, or by another role, is allowed and only reported (domain.md 2, point 3).
 */
function isValidChoice(rule: SessionRule, entry: Entry): boolean {
  const { choice, comment, veto } = entry;
  if (choice.method !== rule.method) return false;
  if (choice.method === 'score' && (choice.weight < 1 || choice.weight > 10)) return false;
  if (rule.commentRequired === true && (comment === undefined || BLANK.test(comment))) return false;
  return veto === undefined || (rule.veto !== undefined && !BLANK.test(veto));
}
