import { concat } from 'uint8arrays/concat';
import { fromString } from 'uint8arrays/from-string';
import { toString as bytesToString } from 'uint8arrays/to-string';
import { assert } from '../../protocol/assert.ts';
import { isPlainText } from '../../protocol/codec/text.ts';
import { Writer } from '../../protocol/codec/writer.ts';

/** The first byte of every ledger key. Never reused, never renumbered: it is also the type in the record's envelope. */
export const PREFIXES = {
  /** name → facts about the store itself: `schema`, `executedHeight`, … */
  meta: 0x01,
  /** height u64 → final block */
  block: 0x02,
  /** height u64 → finalization */
  certificate: 0x03,
  /** block hash → height u64 */
  blockHeight: 0x04,
  /** epoch u32 ‖ shard u16 ‖ author u16 ‖ incarnation u32 ‖ height u64 → segment */
  segment: 0x05,
  /** segment id → segment key suffix */
  segmentRef: 0x06,
  /** table u8 ‖ row key → row of the governance state */
  row: 0x07,
  /** ballot id → a ballot that was not counted, or whose segment was given up */
  ballot: 0x08,
  /** space ‖ 0 ‖ session ‖ 0 ‖ voter ‖ 0 ‖ height u64 ‖ index u32 → ballot id; not where the voter's head says it */
  ballotIndex: 0x09,
  /** height u64 → checkpoint with its signatures */
  checkpoint: 0x0a,
  /** segment key suffix → outcome codes of its items */
  outcomes: 0x0b,
  /** operation id → operation */
  operation: 0x0c,
  /** space ‖ 0 ‖ session → where the session stands */
  sessionIndex: 0x0d,
  /** height u64 → a snapshot of the state: what is signed, and the leaves of its chunks */
  snapshot: 0x0e,
  /** height u64 ‖ index u32 → chunk of a snapshot */
  snapshotChunk: 0x0f,
  /** height u64 → f + 1 signatures of a snapshot */
  snapshotSignatures: 0x10,
  /** ballot id → where the counted ballot stands: segment, item, block */
  ballotPlace: 0x11,
  /** epoch u32 → what proves its end: the last block, the empty ones above it, the certificate */
  epochEnd: 0x12,
} as const;

export type LedgerPrefix = (typeof PREFIXES)[keyof typeof PREFIXES];

/** Prefix byte ‖ suffix, made by the functions below only. */
export type LedgerKey = Uint8Array & { readonly __brand: 'LedgerKey' };

/** Place of a segment: chains begin anew in each epoch, and `incarnation` grows when an author resumes after losing its disk. */
export interface SegmentPlace {
  readonly epoch: number;
  readonly shard: number;
  readonly author: number;
  readonly incarnation: number;
  readonly height: number;
}

/** A key under any prefix from its raw suffix, for suffixes that came out of the store. */
export function ledgerKey(prefix: LedgerPrefix, suffix: Uint8Array): LedgerKey {
  const key = new Uint8Array(1 + suffix.length);
  key[0] = prefix;
  key.set(suffix, 1);
  return key as LedgerKey;
}

export const metaKey = (name: string): LedgerKey => ledgerKey(PREFIXES.meta, fromString(name, 'utf8'));
export const blockKey = (height: number): LedgerKey => ledgerKey(PREFIXES.block, u64(height));
export const certificateKey = (height: number): LedgerKey => ledgerKey(PREFIXES.certificate, u64(height));
export const blockHeightKey = (hash: Uint8Array): LedgerKey => ledgerKey(PREFIXES.blockHeight, hash);
export const segmentKey = (place: SegmentPlace): LedgerKey => ledgerKey(PREFIXES.segment, segmentSuffix(place));
export const segmentRefKey = (id: Uint8Array): LedgerKey => ledgerKey(PREFIXES.segmentRef, id);
export const ballotKey = (id: Uint8Array): LedgerKey => ledgerKey(PREFIXES.ballot, id);
export const ballotPlaceKey = (id: Uint8Array): LedgerKey => ledgerKey(PREFIXES.ballotPlace, id);
export const checkpointKey = (height: number): LedgerKey => ledgerKey(PREFIXES.checkpoint, u64(height));
export const outcomesKey = (place: SegmentPlace): LedgerKey => ledgerKey(PREFIXES.outcomes, segmentSuffix(place));
export const operationKey = (id: Uint8Array): LedgerKey => ledgerKey(PREFIXES.operation, id);
export const epochEndKey = (epoch: number): LedgerKey => ledgerKey(PREFIXES.epochEnd, u32(epoch));
export const snapshotKey = (height: number): LedgerKey => ledgerKey(PREFIXES.snapshot, u64(height));
export const snapshotSignaturesKey = (height: number): LedgerKey => ledgerKey(PREFIXES.snapshotSignatures, u64(height));

export function snapshotChunkKey(height: number, index: number): LedgerKey {
  return ledgerKey(PREFIXES.snapshotChunk, concat([u64(height), u32(index)]));
}

/** `table`: the number of a state table, 0…255. */
export function rowKey(table: number, row: Uint8Array): LedgerKey {
  assert(Number.isInteger(table) && table >= 0 && table <= 0xff, 'a table number is one byte');
  return finished(new Writer(64).u8(PREFIXES.row).u8(table).bytes(row));
}

/** As `rowKey`, of the row's key in the state. */
export function stateRowKey(table: number, row: string): LedgerKey {
  if (!isPlainText(row)) return rowKey(table, fromString(row, 'utf8'));
  assert(Number.isInteger(table) && table >= 0 && table <= 0xff, 'a table number is one byte');
  return finished(new Writer(64).u8(PREFIXES.row).u8(table).plain(row));
}

/** A key, or a hash, as text for maps: a unit a byte. */
export function nameOfKey(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
}

function finished(writer: Writer): LedgerKey {
  return writer.finish() as LedgerKey;
}

/** `index`: place of the ballot in its block, so that two of one block keep their order. */
export function ballotIndexKey(
  space: string,
  session: string,
  voter: string,
  height: number,
  index: number,
): LedgerKey {
  const writer = new Writer(128).u8(PREFIXES.ballotIndex);
  for (const text of [space, session, voter]) {
    if (isPlainText(text)) writer.plain(text).u8(0);
    else writer.bytes(checkedText(text)).u8(0);
  }
  return finished(writer.u64(height).u32(index));
}

/** The key of a row of the state, as text, from the suffix of its ledger key. */
export function rowNameOf(suffix: Uint8Array): string {
  return bytesToString(suffix.subarray(1), 'utf8');
}

/** Without the closing 0 of `textsSuffix`: one session, one key. */
export function sessionIndexKey(space: string, session: string): LedgerKey {
  return ledgerKey(PREFIXES.sessionIndex, concat([textsSuffix(space), checkedText(session)]));
}

/** Each text and a 0: what ballots of a space, a session or a voter, and the sessions of a space, begin with. */
export function textsSuffix(...texts: readonly string[]): Uint8Array {
  return concat(texts.flatMap((text) => [checkedText(text), Uint8Array.of(0)]));
}

/** Bounds of all suffixes that begin with `start`, for `range`. */
export function beginningWith(start: Uint8Array): { gte: Uint8Array; lt?: Uint8Array } {
  const lt = after(start);
  return lt === undefined ? { gte: start } : { gte: start, lt };
}

/** The lowest bytes above everything that begins with `start`; undefined when there are none. */
function after(start: Uint8Array): Uint8Array | undefined {
  const last = start.findLastIndex((byte) => byte !== 0xff);
  if (last < 0) return undefined;
  const bytes = start.slice(0, last + 1);
  bytes[last] = (bytes[last] ?? 0) + 1;
  return bytes;
}

/** Big-endian, so that the order of keys is the order of heights. */
export function u64(value: number): Uint8Array {
  assert(Number.isSafeInteger(value) && value >= 0, 'a height is a safe integer');
  return new Writer(8).u64(value).finish();
}

function u32(value: number): Uint8Array {
  assert(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff, 'an index is 32 bits');
  return new Writer(4).u32(value).finish();
}

function segmentSuffix({ epoch, shard, author, incarnation, height }: SegmentPlace): Uint8Array {
  assert(Number.isInteger(epoch) && epoch >= 0 && epoch <= 0xffff_ffff, 'an epoch is 32 bits');
  assert(Number.isInteger(shard) && shard >= 0 && shard <= 0xffff, 'a shard is 16 bits');
  assert(Number.isInteger(author) && author >= 0 && author <= 0xffff, 'an author is 16 bits');
  assert(Number.isInteger(incarnation) && incarnation >= 0 && incarnation <= 0xffff_ffff, 'an index is 32 bits');
  assert(Number.isSafeInteger(height) && height >= 0, 'a height is a safe integer');
  return new Writer(20).u32(epoch).u16(shard).u16(author).u32(incarnation).u64(height).finish();
}

function checkedText(text: string): Uint8Array {
  const bytes = fromString(text, 'utf8');
  assert(!bytes.includes(0), 'a text in a key has no zero byte');
  return bytes;
}
