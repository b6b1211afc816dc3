import { Reader } from '../../../protocol/codec/reader.ts';
import { Writer } from '../../../protocol/codec/writer.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import type { Hash } from '../../../protocol/hash.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import {
  encodeSnapshot,
  readSignedSnapshot,
  readSnapshot,
  type SignedSnapshot,
  type Snapshot,
  writeSignedSnapshot,
} from '../../../protocol/snapshot/snapshot.ts';

const VERSION = 1;

/** A snapshot in the ledger store. */
export interface StoredSnapshot {
  readonly snapshot: Snapshot;
  readonly leaves: readonly Hash[];
  /** Every chunk is there: it may be served and installed. */
  readonly isWhole: boolean;
  /** Made here from what this node executed: it may be signed. */
  readonly isOwn: boolean;
}

export function encodeStoredSnapshot({ snapshot, leaves, isWhole, isOwn }: StoredSnapshot): Uint8Array {
  const writer = new Writer(160 + leaves.length * 32).u8(VERSION).u8((isWhole ? 1 : 0) + (isOwn ? 2 : 0));
  writer.bytes(encodeSnapshot(snapshot)).u32(leaves.length);
  for (const leaf of leaves) writer.bytes(leaf);
  return writer.finish();
}

/** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_CODEC_* */
export function decodeStoredSnapshot(bytes: Uint8Array): StoredSnapshot {
  const reader = versioned(bytes);
  const flags = reader.u8();
  const snapshot = readSnapshot(reader);
  const count = reader.u32();
  if (count > LIMITS.snapshotChunksMax) throw new WaggleError('WAGGLE_LEDGER_RECORD', { leaves: count });
  const leaves = Array.from({ length: count }, () => reader.bytes(32));
  reader.end();
  return { snapshot, leaves, isWhole: (flags & 1) !== 0, isOwn: (flags & 2) !== 0 };
}

export function encodeSnapshotSignatures(signed: readonly SignedSnapshot[]): Uint8Array {
  const writer = new Writer(16 + signed.length * 208).u8(VERSION).u8(signed.length);
  for (const one of signed) writeSignedSnapshot(writer, one);
  return writer.finish();
}

/** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_SNAPSHOT_SIGNER, WAGGLE_CODEC_* */
export function decodeSnapshotSignatures(bytes: Uint8Array): SignedSnapshot[] {
  const reader = versioned(bytes);
  const signed: SignedSnapshot[] = [];
  for (let left = reader.u8(); left > 0; left--) signed.push(readSignedSnapshot(reader));
  reader.end();
  return signed;
}

/** Up to where this node has no blocks: it gave them up, or began above them. */
export interface HistoryFloor {
  readonly height: number;
  /** Of the block at that height. */
  readonly hash: Hash;
  /** Up to where it has no ballots either: it began above them. */
  readonly ballotsHeight: number;
}

export function encodeFloor({ height, hash, ballotsHeight }: HistoryFloor): Uint8Array {
  return new Writer(49).u8(VERSION).u64(height).bytes(hash).u64(ballotsHeight).finish();
}

/** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_CODEC_* */
export function decodeFloor(bytes: Uint8Array): HistoryFloor {
  const reader = versioned(bytes);
  const floor = { height: reader.u64(), hash: reader.bytes(32).slice(), ballotsHeight: reader.u64() };
  reader.end();
  return floor;
}

function versioned(bytes: Uint8Array): Reader {
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new WaggleError('WAGGLE_LEDGER_RECORD', { version });
  return reader;
}
