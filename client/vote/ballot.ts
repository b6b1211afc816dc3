import { codeOf } from '../../protocol/errors.ts';
import {
  type Ballot,
  ballotId,
  decodeSignedBallot,
  encodeBallotBody,
  encodeSignedBallot,
  type SignedBallot,
} from '../../protocol/governance/ballot.ts';
import type { Choice, Entry } from '../../protocol/governance/types.ts';
import { fromHex, toHex } from '../../protocol/hex.ts';
import { type Id, isId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { inputError } from '../errors.ts';
import type { BallotSubmitParams } from '../generated/methods.ts';
import type { VoterKey } from '../keys.ts';

/** One answer: a weight 1…10 or a stance, as the session's method wants it. */
export interface VoteEntry {
  readonly proposal: string;
  readonly choice: number | 'approve' | 'reject' | 'abstain';
  readonly comment?: string;
  readonly veto?: string;
}

export interface BallotFields {
  readonly chain: Uint8Array;
  readonly space: string;
  readonly session: string;
  readonly voter: string;
  readonly previous: Uint8Array | undefined;
  readonly notAfterMs: number;
  readonly timeMs: number;
  readonly entries: readonly VoteEntry[];
}

/** Hashed and signed by a key of the voter; no network is needed. @throws WaggleClientError WAGGLE_CLIENT_INPUT */
export async function signVote(fields: BallotFields, key: VoterKey): Promise<SignedBallot> {
  const ballot = ballotOf(fields);
  const body = guarded(() => encodeBallotBody(ballot));
  const id = ballotId(body);
  const signature = await key.sign(id);
  if (signature.length !== 64) throw inputError('a signature has 64 bytes', 'sign the id with ed25519');
  const signed = { ballot, body, id, signature: Uint8Array.from(signature) };
  if (encodeSignedBallot(signed).length > LIMITS.ballotBytesMax) {
    throw inputError('the ballot is too large', 'shorten its comments');
  }
  return signed;
}

function ballotOf(fields: BallotFields): Ballot {
  const { chain, previous, notAfterMs, timeMs } = fields;
  const entries = fields.entries.map(entryOf).sort((a, b) => (a.proposal < b.proposal ? -1 : 1));
  const doubled = entries.find(({ proposal }, at) => entries[at + 1]?.proposal === proposal);
  if (doubled !== undefined) throw inputError(`${doubled.proposal} is answered twice`, 'one entry for each proposal');
  const names = {
    space: idOf('space', fields.space),
    session: idOf('session', fields.session),
    voter: idOf('voter', fields.voter),
  };
  return { ...names, chain, previous, notAfterMs, timeMs, entries };
}

function entryOf({ proposal, choice, comment, veto }: VoteEntry): Entry {
  return {
    proposal: idOf('proposal', proposal),
    choice: choiceOf(choice),
    ...(comment === undefined ? {} : { comment }),
    ...(veto === undefined ? {} : { veto }),
  };
}

function choiceOf(choice: VoteEntry['choice']): Choice {
  if (typeof choice !== 'number') return { method: 'stance', stance: choice };
  if (Number.isInteger(choice) && choice >= 1 && choice <= 10) return { method: 'score', weight: choice };
  throw inputError(`${choice} is no choice`, 'a whole number 1…10, or approve, reject, abstain');
}

function idOf(what: string, text: string): Id {
  if (isId(text)) return text;
  throw inputError(`the ${what} is no id`, 'lower-case letters, digits, dots, hyphens, underscores, at most 64');
}

/** What the codec refuses is the caller's to mend. */
function guarded<Value>(make: () => Value): Value {
  try {
    return make();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw inputError(code, 'texts in NFC, without control characters; comments of at most 2,000 bytes');
  }
}

/** The very ballot as a call; `await` final. */
export function submitParams({ ballot, signature }: SignedBallot): BallotSubmitParams {
  const { space, session, voter, previous, notAfterMs, timeMs, entries } = ballot;
  return {
    space,
    session,
    voter,
    entries: entries.map(({ proposal, choice, comment, veto }) => ({
      proposal,
      choice: choice.method === 'score' ? choice.weight : choice.stance,
      ...(comment === undefined ? {} : { comment }),
      ...(veto === undefined ? {} : { veto }),
    })),
    ...(previous === undefined ? {} : { previous: toHex(previous) }),
    notAfter: new Date(notAfterMs).toISOString(),
    time: new Date(timeMs).toISOString(),
    ...(signature === undefined ? {} : { signature: toHex(signature) }),
    await: 'final',
  };
}

/** A ballot that was kept to go on with. @throws WaggleClientError WAGGLE_CLIENT_INPUT */
export function readSignedBallot(bytes: Uint8Array): SignedBallot {
  const signed = guarded(() => decodeSignedBallot(bytes));
  if (signed.signature === undefined)
    throw inputError('the ballot is not signed', 'hand over what `undecided` carried');
  return signed;
}

/** A 32-byte hash as given by a caller. @throws WaggleClientError WAGGLE_CLIENT_INPUT */
export function hashOf(what: string, given: string | Uint8Array): Uint8Array {
  if (typeof given !== 'string' && given.length === 32) return Uint8Array.from(given);
  if (typeof given === 'string' && /^[0-9a-f]{64}$/.test(given)) return fromHex(given, 32);
  throw inputError(`${what} is no hash`, '32 bytes, or 64 digits of lower-case hex');
}
