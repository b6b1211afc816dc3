import type { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Verify } from '../crypto/verify.ts';
import { WaggleError } from '../errors.ts';
import { type Hash, hashesEqual, tagged } from '../hash.ts';
import { LIMITS } from '../limits.ts';
import { merkleRoot } from '../merkle.ts';
import { faultBound, type Roster } from '../roster.ts';
import { TAGS } from '../tags.ts';

/** What a validator signs of the state after a block at a snapshot height. */
export interface Snapshot {
  readonly chain: Hash;
  readonly epoch: number;
  readonly height: number;
  readonly blockHash: Hash;
  /** As in the checkpoint of the block: commits every block up to it. */
  readonly history: Hash;
  /** Merkle root over the chunks of the state; the count under it fixes their number. */
  readonly root: Hash;
}

export interface SignedSnapshot {
  readonly snapshot: Snapshot;
  readonly signer: number;
  readonly signature: Uint8Array;
}

export function chunkLeaf(chunk: Uint8Array): Hash {
  return tagged(TAGS['snapshot-chunk'].tag, chunk);
}

export function snapshotRoot(leaves: readonly Hash[]): Hash {
  return merkleRoot(TAGS['snapshot-tree'].tag, leaves);
}

export function encodeSnapshot({ chain, epoch, height, blockHash, history, root }: Snapshot): Uint8Array {
  return new Writer(140).bytes(chain).u32(epoch).u64(height).bytes(blockHash).bytes(history).bytes(root).finish();
}

export function snapshotDigest(snapshot: Snapshot): Hash {
  return tagged(TAGS.snapshot.tag, encodeSnapshot(snapshot));
}

export function isSameSnapshot(a: Snapshot, b: Snapshot): boolean {
  return hashesEqual(snapshotDigest(a), snapshotDigest(b));
}

/** Whether the signer of this roster and its epoch signed it. */
export function verifySnapshot(roster: Roster, chain: Hash, signed: SignedSnapshot, verify: Verify): boolean {
  const { snapshot, signer, signature } = signed;
  const key = roster.validators[signer]?.key;
  if (key === undefined || snapshot.epoch !== roster.epoch || !hashesEqual(snapshot.chain, chain)) return false;
  return verify(key, snapshotDigest(snapshot), signature);
}

/**
 * The snapshot on which f + 1 validators agree, so that an honest one is among them and executed it; undefined when no
 * f + 1 signatures of different signers hold for the same one.
 */
export function agreedSnapshot(
  roster: Roster,
  chain: Hash,
  signed: readonly SignedSnapshot[],
  verify: Verify,
): Snapshot | undefined {
  const valid = signed.filter((one) => verifySnapshot(roster, chain, one, verify));
  for (const { snapshot } of valid) {
    const signers = new Set(valid.flatMap((one) => (isSameSnapshot(one.snapshot, snapshot) ? [one.signer] : [])));
    if (signers.size > faultBound(roster.validators.length)) return snapshot;
  }
  return undefined;
}

export function writeSignedSnapshot(writer: Writer, signed: SignedSnapshot): Writer {
  return writer.bytes(encodeSnapshot(signed.snapshot)).u16(signed.signer).bytes(signed.signature);
}

/** @throws WaggleError WAGGLE_CODEC_* */
export function readSnapshot(reader: Reader): Snapshot {
  return {
    chain: reader.bytes(32),
    epoch: reader.u32(),
    height: reader.u64(),
    blockHash: reader.bytes(32),
    history: reader.bytes(32),
    root: reader.bytes(32),
  };
}

/** @throws WaggleError WAGGLE_SNAPSHOT_SIGNER, WAGGLE_CODEC_* */
export function readSignedSnapshot(reader: Reader): SignedSnapshot {
  const snapshot = readSnapshot(reader);
  const signer = reader.u16();
  if (signer >= LIMITS.validatorsMax) throw new WaggleError('WAGGLE_SNAPSHOT_SIGNER', { signer });
  return { snapshot, signer, signature: reader.bytes(64) };
}
