import { Reader } from './codec/reader.ts';
import { Writer } from './codec/writer.ts';
import type { Verify } from './crypto/verify.ts';
import { WaggleError } from './errors.ts';
import { type Hash, tagged, ZERO_HASH } from './hash.ts';
import { quorum, type Roster } from './roster.ts';
import { TAGS } from './tags.ts';

/** Verbs are votes, nouns are certificates: notarize → notarization, nullify → nullification, finalize → finalization. */
export const VOTE_KINDS = ['notarize', 'nullify', 'finalize'] as const;
export type VoteKind = (typeof VOTE_KINDS)[number];

/** One validator's signed word on a view. `blockHash` is absent exactly for nullify. */
export interface ConsensusVote {
  readonly kind: VoteKind;
  readonly epoch: number;
  readonly view: number;
  readonly blockHash: Hash | undefined;
  readonly signer: number;
  readonly signature: Uint8Array;
}

/** q votes of one kind, view and block. Not canonical (any q signers): never derive an identity from its bytes. */
export interface Certificate {
  readonly kind: VoteKind;
  readonly epoch: number;
  readonly view: number;
  readonly blockHash: Hash | undefined;
  /** Validator indices, ascending and distinct. */
  readonly signers: readonly number[];
  readonly signatures: readonly Uint8Array[];
}

/** What all votes of a certificate are over: kind, chain and epoch are inside, so none counts elsewhere. */
export interface VoteSubject {
  readonly kind: VoteKind;
  readonly epoch: number;
  readonly view: number;
  readonly blockHash: Hash | undefined;
}

/** The digest a validator signs: tagged with one namespace for the three kinds, the kind byte inside. */
export function voteDigest(chain: Hash, subject: VoteSubject): Hash {
  const writer = new Writer(77).u8(VOTE_KINDS.indexOf(subject.kind)).bytes(chain).u32(subject.epoch);
  return tagged(
    TAGS.vote.tag,
    writer
      .u64(subject.view)
      .bytes(subject.blockHash ?? ZERO_HASH)
      .finish(),
  );
}

export function verifyVote(chain: Hash, roster: Roster, vote: ConsensusVote, verify: Verify): boolean {
  const key = roster.validators[vote.signer]?.key;
  return key !== undefined && vote.epoch === roster.epoch && verify(key, voteDigest(chain, vote), vote.signature);
}

/** True iff q distinct validators of this epoch signed exactly this subject. */
export function verifyCertificate(chain: Hash, roster: Roster, certificate: Certificate, verify: Verify): boolean {
  const { signers, signatures } = certificate;
  if (certificate.epoch !== roster.epoch || signers.length < quorum(roster.validators.length)) return false;
  if (signatures.length !== signers.length || signers.some((signer, at) => at > 0 && signer <= (signers[at - 1] ?? 0)))
    return false;
  const digest = voteDigest(chain, certificate);
  return signers.every((signer, at) => {
    const key = roster.validators[signer]?.key;
    const signature = signatures[at];
    return key !== undefined && signature !== undefined && verify(key, digest, signature);
  });
}

function writeSubject(writer: Writer, subject: VoteSubject): Writer {
  writer.u8(VOTE_KINDS.indexOf(subject.kind)).u32(subject.epoch).u64(subject.view);
  if (subject.blockHash !== undefined) writer.bytes(subject.blockHash);
  return writer;
}

function readSubject(reader: Reader): VoteSubject {
  const code = reader.u8();
  const kind = VOTE_KINDS[code];
  if (kind === undefined) throw new WaggleError('WAGGLE_VOTE_KIND', { code });
  const epoch = reader.u32();
  const view = reader.u64();
  return { kind, epoch, view, blockHash: kind === 'nullify' ? undefined : reader.bytes(32) };
}

export function writeVote(writer: Writer, vote: ConsensusVote): Writer {
  return writeSubject(writer, vote).u16(vote.signer).bytes(vote.signature);
}

/** @throws WaggleError WAGGLE_VOTE_KIND, WAGGLE_CODEC_* */
export function readVote(reader: Reader): ConsensusVote {
  const subject = readSubject(reader);
  const signer = reader.u16();
  return { ...subject, signer, signature: reader.bytes(64) };
}

/** Subject, a bitmap of the signers as long as the roster needs, then the signatures in index order. */
export function writeCertificate(writer: Writer, certificate: Certificate): Writer {
  writeSubject(writer, certificate);
  const last = certificate.signers.at(-1) ?? 0;
  const bitmap = new Uint8Array((last >>> 3) + 1);
  for (const signer of certificate.signers) bitmap[signer >>> 3] = (bitmap[signer >>> 3] ?? 0) | (1 << (signer & 7));
  writer.u8(bitmap.length).bytes(bitmap);
  for (const signature of certificate.signatures) writer.bytes(signature);
  return writer;
}

/** @throws WaggleError WAGGLE_CERTIFICATE_BITMAP, WAGGLE_VOTE_KIND, WAGGLE_CODEC_* */
export function readCertificate(reader: Reader): Certificate {
  const subject = readSubject(reader);
  const length = reader.u8();
  const bitmap = reader.bytes(length);
  if (length === 0 || length > 16 || bitmap[length - 1] === 0) {
    throw new WaggleError('WAGGLE_CERTIFICATE_BITMAP', { length });
  }
  const signers: number[] = [];
  for (let at = 0; at < length * 8; at++) {
    if (((bitmap[at >>> 3] ?? 0) & (1 << (at & 7))) !== 0) signers.push(at);
  }
  const signatures = signers.map(() => reader.bytes(64));
  return { ...subject, signers, signatures };
}

export function encodeCertificate(certificate: Certificate): Uint8Array {
  return writeCertificate(new Writer(64 + certificate.signers.length * 64), certificate).finish();
}

/** @throws WaggleError as readCertificate */
export function decodeCertificate(bytes: Uint8Array): Certificate {
  const reader = new Reader(bytes);
  const certificate = readCertificate(reader);
  reader.end();
  return certificate;
}
