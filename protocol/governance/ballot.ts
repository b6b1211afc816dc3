import { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { WaggleError } from '../errors.ts';
import { type Hash, hashesEqual, tagged, ZERO_HASH } from '../hash.ts';
import { type Id, parseId } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { TAGS } from '../tags.ts';
import type { Choice, Entry } from './types.ts';

/** One model's signed answer in one session (protocol.md, Ballots). Times in Unix milliseconds. */
export interface Ballot {
  readonly chain: Hash;
  readonly space: Id;
  readonly session: Id;
  readonly voter: Id;
  /** The voter's head in the session as the voter knows it: an optimistic compare-and-set. */
  readonly previous: Hash | undefined;
  readonly notAfterMs: number;
  /** The voter's claim; nothing is decided by it. */
  readonly timeMs: number;
  /** Sorted by proposal, unique, 1…256. */
  readonly entries: readonly Entry[];
}

/** A ballot with what authenticates it: the voter's signature, or nothing for an operator-signed one. */
export interface SignedBallot {
  readonly ballot: Ballot;
  readonly id: Hash;
  readonly signature: Uint8Array | undefined;
  /** The unsigned body as it was read or written: what the id and the signature are over. */
  readonly body: Uint8Array;
}

const VERSION = 1;
const METHOD_CODES = { score: 1, stance: 2 } as const;
const STANCES = ['approve', 'reject', 'abstain'] as const;
const HAS_COMMENT = 1;
const HAS_VETO = 2;
const SIGNATURE_BYTES = 64;
/** Version, chain, three length prefixes, previous, notAfter, time. */
const FIXED_BYTES = 1 + 32 + 3 * 2 + 32 + 8 + 8;

/**
 * The canonical unsigned body.
 * @throws WaggleError WAGGLE_BALLOT_ENTRIES, WAGGLE_CODEC_*
 */
export function encodeBallotBody(ballot: Ballot): Uint8Array {
  const writer = new Writer(256);
  writer.u8(VERSION).bytes(ballot.chain).text16(ballot.space).text16(ballot.session).text16(ballot.voter);
  writer
    .bytes(ballot.previous ?? ZERO_HASH)
    .u64(ballot.notAfterMs)
    .u64(ballot.timeMs);
  checkEntries(ballot.entries);
  writer.u16(ballot.entries.length);
  for (const entry of ballot.entries) writeEntry(writer, entry);
  return writer.finish();
}

function checkEntries(entries: readonly Entry[]): void {
  const count = entries.length;
  if (count === 0 || count > LIMITS.ballotEntriesMax) throw new WaggleError('WAGGLE_BALLOT_ENTRIES', { count });
  for (let at = 1; at < count; at++) {
    const before = entries[at - 1]?.proposal ?? '';
    const here = entries[at]?.proposal ?? '';
    if (before >= here) throw new WaggleError('WAGGLE_BALLOT_ENTRIES', { at, reason: 'unsorted' });
  }
}

function writeEntry(writer: Writer, entry: Entry): void {
  writer.text16(entry.proposal);
  writer.u8(METHOD_CODES[entry.choice.method]).u8(choiceValue(entry.choice));
  writer.u8((entry.comment === undefined ? 0 : HAS_COMMENT) | (entry.veto === undefined ? 0 : HAS_VETO));
  if (entry.comment !== undefined) writer.text16(entry.comment);
  if (entry.veto !== undefined) writer.text16(entry.veto);
}

function choiceValue(choice: Choice): number {
  return choice.method === 'score' ? choice.weight : STANCES.indexOf(choice.stance) + 1;
}

function readEntry(reader: Reader): Entry {
  const proposal = parseId(reader.text16(64));
  const choice = readChoice(reader.u8(), reader.u8());
  const flags = reader.u8();
  if (flags > (HAS_COMMENT | HAS_VETO)) throw new WaggleError('WAGGLE_BALLOT_FLAGS', { flags });
  if (flags === 0) return { proposal, choice };
  const comment = (flags & HAS_COMMENT) === 0 ? undefined : reader.text16(LIMITS.commentBytesMax);
  if (comment !== undefined && flags === HAS_COMMENT) return { proposal, choice, comment };
  const veto = (flags & HAS_VETO) === 0 ? undefined : reader.text16(LIMITS.commentBytesMax);
  return {
    proposal,
    choice,
    ...(comment === undefined ? {} : { comment }),
    ...(veto === undefined ? {} : { veto }),
  };
}

/** A score out of 1…10 still decodes: it is the session's business to call it `invalid-choice`. */
function readChoice(method: number, value: number): Choice {
  if (method === METHOD_CODES.score) return { method: 'score', weight: value };
  const stance = method === METHOD_CODES.stance ? STANCES[value - 1] : undefined;
  if (stance === undefined) throw new WaggleError('WAGGLE_BALLOT_CHOICE', { method, value });
  return { method: 'stance', stance };
}

function readBody(reader: Reader): Ballot {
  const version = reader.u8();
  if (version !== VERSION) throw new WaggleError('WAGGLE_BALLOT_VERSION', { version });
  const chain = reader.bytes(32);
  const space = parseId(reader.text16(64));
  const session = parseId(reader.text16(64));
  const voter = parseId(reader.text16(64));
  const previous = reader.bytes(32);
  const notAfterMs = reader.u64();
  const timeMs = reader.u64();
  const count = reader.u16();
  if (count > LIMITS.ballotEntriesMax) throw new WaggleError('WAGGLE_BALLOT_ENTRIES', { count });
  const entries: Entry[] = [];
  for (let at = 0; at < count; at++) entries.push(readEntry(reader));
  checkEntries(entries);
  const none = hashesEqual(previous, ZERO_HASH);
  return { chain, space, session, voter, previous: none ? undefined : previous, notAfterMs, timeMs, entries };
}

/**
 * An unsigned body alone, as a voter's head keeps it.
 * @throws WaggleError WAGGLE_BALLOT_*, WAGGLE_CODEC_*, WAGGLE_ID_FORM when not canonical
 */
export function decodeBallotBody(body: Uint8Array): Ballot {
  const reader = new Reader(body);
  const ballot = readBody(reader);
  reader.end();
  return ballot;
}

/** What a ballot answers: equal for two ballots of one voter in one session with the same entries. */
export function entriesHash({ ballot, body }: Pick<SignedBallot, 'ballot' | 'body'>): Hash {
  // Version to `time` stand before the entries.
  const offset = FIXED_BYTES + ballot.space.length + ballot.session.length + ballot.voter.length;
  return tagged(TAGS.entries.tag, body.subarray(offset));
}

/** The id of a ballot: the hash of its unsigned body, never of its signature. */
export function ballotId(body: Uint8Array): Hash {
  return tagged(TAGS.ballot.tag, body);
}

/** Pair a ballot with its signature (made over its id), computing body and id. */
export function signBallot(ballot: Ballot, sign: ((message: Uint8Array) => Uint8Array) | undefined): SignedBallot {
  const body = encodeBallotBody(ballot);
  const id = ballotId(body);
  return { ballot, id, body, signature: sign?.(id) };
}

/** Body, then one byte for the authentication: 0 none, 1 a 64-byte signature of the id. */
export function encodeSignedBallot(signed: SignedBallot): Uint8Array {
  const writer = new Writer(signed.body.length + SIGNATURE_BYTES + 1).bytes(signed.body);
  if (signed.signature === undefined) return writer.u8(0).finish();
  return writer.u8(1).bytes(signed.signature).finish();
}

/** @throws WaggleError WAGGLE_BALLOT_*, WAGGLE_CODEC_*, WAGGLE_ID_FORM when not canonical */
export function decodeSignedBallot(bytes: Uint8Array): SignedBallot {
  if (bytes.length > LIMITS.ballotBytesMax) throw new WaggleError('WAGGLE_BALLOT_BYTES', { bytes: bytes.length });
  const reader = new Reader(bytes);
  const ballot = readBody(reader);
  const body = bytes.subarray(0, reader.offset);
  const mode = reader.u8();
  if (mode > 1) throw new WaggleError('WAGGLE_BALLOT_AUTH', { mode });
  const signature = mode === 1 ? reader.bytes(SIGNATURE_BYTES) : undefined;
  reader.end();
  return { ballot, id: ballotId(body), signature, body };
}
