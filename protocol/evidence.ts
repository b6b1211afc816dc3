import { type ConsensusVote, readVote, verifyVote, writeVote } from './certificate.ts';
import { readSignedHeader, type SignedHeader } from './chain/segment.ts';
import type { CborValue } from './codec/cbor.ts';
import { Reader } from './codec/reader.ts';
import { Writer } from './codec/writer.ts';
import type { Verify } from './crypto/verify.ts';
import { WaggleError } from './errors.ts';
import { compareBytes, decodeSignedOperation, type SignedOperation } from './governance/operation.ts';
import { type Hash, hashesEqual } from './hash.ts';
import type { Roster } from './roster.ts';

/**
 * What a block may carry about an author beside the cut: proof that it signed two things that cannot both be, or its own
 * word that it starts its chains anew. Self-contained: the roster's keys decide, nobody has to be believed
 * (consensus.md 2.9). `author` is whom it is about.
 */
export type Evidence = VotePair | SegmentPair | Restart;

/** Two votes of one signer and view: one kind and two blocks, or nullify and finalize. */
export interface VotePair {
  readonly kind: 'votes';
  readonly author: number;
  readonly view: number;
  readonly pair: readonly [ConsensusVote, ConsensusVote];
  readonly bytes: Uint8Array;
}

/** Two headers of one place of a vote chain. */
export interface SegmentPair {
  readonly kind: 'segments';
  readonly author: number;
  readonly incarnation: number;
  readonly pair: readonly [SignedHeader, SignedHeader];
  readonly bytes: Uint8Array;
}

/** `chain.restart`: an author that does not know what it sealed continues at its final tips under a new incarnation. */
export interface Restart {
  readonly kind: 'restart';
  readonly epoch: number;
  readonly author: number;
  readonly incarnation: number;
  readonly operation: SignedOperation;
  readonly bytes: Uint8Array;
}

/** First byte; never reused. */
const KINDS = { votes: 1, segments: 2, restart: 3 } as const satisfies Record<Evidence['kind'], number>;

/** The pair in canonical order, so that one fault between two messages has one encoding. */
export function pairVotes(a: ConsensusVote, b: ConsensusVote): VotePair {
  const pair = ordered(a, b, voteBytes);
  const writer = writeVote(writeVote(new Writer(256).u8(KINDS.votes), pair[0]), pair[1]);
  return { kind: 'votes', author: a.signer, view: a.view, pair, bytes: writer.finish() };
}

export function pairSegments(a: SignedHeader, b: SignedHeader): SegmentPair {
  const pair = ordered(a, b, ({ id }) => id);
  const writer = new Writer(512).u8(KINDS.segments).bytes(pair[0].bytes).bytes(pair[1].bytes);
  const { author, incarnation } = a.header;
  return { kind: 'segments', author, incarnation, pair, bytes: writer.finish() };
}

/** @throws WaggleError WAGGLE_EVIDENCE_RESTART, WAGGLE_OPERATION_*, WAGGLE_CODEC_* */
export function restartOf(operationBytes: Uint8Array): Restart {
  return readRestart(new Writer(1 + operationBytes.length).u8(KINDS.restart).bytes(operationBytes).finish());
}

/** The body of a `chain.restart`; the nonce tells one disk's life from the next. */
export function restartBody(epoch: number, author: number, incarnation: number, nonce: Uint8Array): CborValue {
  return { epoch, author, incarnation, nonce };
}

function ordered<Value>(a: Value, b: Value, key: (value: Value) => Uint8Array): readonly [Value, Value] {
  return compareBytes(key(a), key(b)) <= 0 ? [a, b] : [b, a];
}

/** Kind, epoch, view and block: what the order of a pair of votes is by. */
function voteBytes(vote: ConsensusVote): Uint8Array {
  return writeVote(new Writer(160), vote).finish();
}

/** @throws WaggleError WAGGLE_EVIDENCE_*, WAGGLE_VOTE_KIND, WAGGLE_SEGMENT_VERSION, WAGGLE_OPERATION_*, WAGGLE_CODEC_* */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  const reader = new Reader(bytes);
  const kind = reader.u8();
  if (kind === KINDS.restart) return readRestart(bytes);
  let evidence: Evidence | undefined;
  if (kind === KINDS.votes) evidence = pairVotes(readVote(reader), readVote(reader));
  if (kind === KINDS.segments) evidence = pairSegments(readSignedHeader(reader), readSignedHeader(reader));
  if (evidence === undefined) throw new WaggleError('WAGGLE_EVIDENCE_KIND', { kind });
  reader.end();
  if (compareBytes(evidence.bytes, bytes) !== 0) throw new WaggleError('WAGGLE_EVIDENCE_ORDER', {});
  return { ...evidence, bytes };
}

const NONCE_BYTES = 16;

function readRestart(bytes: Uint8Array): Restart {
  const operation = decodeSignedOperation(bytes.subarray(1));
  const { kind, body, seq } = operation.operation;
  if (kind !== 'chain.restart' || seq !== 0 || body === null || typeof body !== 'object') {
    throw new WaggleError('WAGGLE_EVIDENCE_RESTART', {});
  }
  const { epoch, author, incarnation, nonce, ...rest } = body as { readonly [field: string]: CborValue };
  const isWhole = Object.keys(rest).length === 0 && nonce instanceof Uint8Array && nonce.length === NONCE_BYTES;
  if (!isWhole || !isNatural(epoch, 0xffff_ffff)) throw new WaggleError('WAGGLE_EVIDENCE_RESTART', {});
  if (!isNatural(author, 0xffff) || !isNatural(incarnation, 0xffff_ffff)) {
    throw new WaggleError('WAGGLE_EVIDENCE_RESTART', {});
  }
  return { kind: 'restart', epoch, author, incarnation, operation, bytes };
}

function isNatural(value: CborValue | undefined, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max;
}

/** Whether it proves what it says, under the epoch's keys. Two signatures are verified at most. */
export function verifyEvidence(chain: Hash, roster: Roster, evidence: Evidence, verify: Verify): boolean {
  switch (evidence.kind) {
    case 'votes':
      return contradict(...evidence.pair) && evidence.pair.every((vote) => verifyVote(chain, roster, vote, verify));
    case 'segments':
      return isSegmentConflict(chain, roster, evidence) && evidence.pair.every((one) => isSigned(roster, one, verify));
    case 'restart':
      return isOwnWord(chain, roster, evidence, verify);
  }
}

/** Whether no honest validator gives both votes. Notarize with nullify is no fault (consensus.md 2.9). */
export function contradict(a: ConsensusVote, b: ConsensusVote): boolean {
  if (a.signer !== b.signer || a.view !== b.view || a.epoch !== b.epoch) return false;
  if (a.kind !== b.kind) return a.kind !== 'notarize' && b.kind !== 'notarize';
  return a.blockHash !== undefined && b.blockHash !== undefined && !hashesEqual(a.blockHash, b.blockHash);
}

function isSegmentConflict(chain: Hash, roster: Roster, { pair: [a, b] }: SegmentPair): boolean {
  const fields = ['epoch', 'shard', 'author', 'incarnation', 'height'] as const;
  if (fields.some((field) => a.header[field] !== b.header[field]) || hashesEqual(a.id, b.id)) return false;
  return a.header.epoch === roster.epoch && [a, b].every(({ header }) => hashesEqual(header.chain, chain));
}

function isSigned(roster: Roster, { header, id, signature }: SignedHeader, verify: Verify): boolean {
  const key = roster.validators[header.author]?.key;
  return key !== undefined && verify(key, id, signature);
}

/** Signed by the author's validator key alone: nobody else can cut its chains. */
function isOwnWord(chain: Hash, roster: Roster, { epoch, author, operation }: Restart, verify: Verify): boolean {
  const key = roster.validators[author]?.key;
  const [signed, ...others] = operation.signatures;
  if (key === undefined || signed === undefined || others.length > 0 || epoch !== roster.epoch) return false;
  if (!hashesEqual(operation.operation.chain, chain) || !hashesEqual(operation.operation.actor, key)) return false;
  return hashesEqual(signed.key, key) && verify(key, operation.id, signed.signature);
}
