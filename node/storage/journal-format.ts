import { assert } from '../../protocol/assert.ts';
import { crc32c } from './crc32c.ts';

/*
 * File   = header ‖ record*                                                            all integers big-endian
 * Header = magic(8) ‖ version u32 ‖ journal id(16) ‖ sequence u64 ‖ first u64 ‖ previous bytes u64 ‖ previous chain u32 ‖ crc u32
 * Record = word u32 (bit 31: first of its batch; below: length of bytes) ‖ type u8 ‖ head crc u32 ‖ body crc u32 ‖ bytes
 *
 * head crc = CRC32C(header crc, offset u64 ‖ word ‖ type), body crc = CRC32C(head crc, bytes). A record is thus bound to its
 * file and to its place in it: copied elsewhere it fails. The head has its own checksum so that looking for records behind a
 * damaged one costs one small checksum an offset whatever stands there; the random journal id under every checksum keeps a
 * peer, whose segments are journalled, from planting bytes that pass for records.
 * The chain of a file = CRC32C over the body crcs of its records, from its header crc. The next file names it and the size,
 * so a file that is missing, swapped, exchanged or cut at a record boundary is seen; and a file with a successor says so in
 * its last record, so a missing newest file is seen too.
 */

export const JOURNAL_VERSION = 1;
export const HEADER_BYTES = 60;
export const HEAD_BYTES = 13;
/** Longest `bytes` of a record; a larger length is damage, so reading is bounded in memory. */
export const RECORD_BYTES_MAX = 8 * 1024 * 1024;
/** The journal's own record: `u64 first`, files below it are given up. */
export const TYPE_PRUNED = 255;
/** The journal's own record, empty: the last one of a file that has a successor. */
export const TYPE_CONTINUED = 254;
/** Highest type of a caller's record. */
export const TYPE_MAX = 253;

const MAGIC = new TextEncoder().encode('waggle-j');
const BATCH_BIT = 0x8000_0000;
const JOURNAL_ID_BYTES = 16;

export interface JournalHeader {
  readonly version: number;
  /** Random, made with the first file, the same in all files of one journal. */
  readonly journalId: Uint8Array;
  readonly sequence: number;
  /** Lowest sequence still needed when this file was made. */
  readonly first: number;
  readonly previousBytes: number;
  readonly previousChain: number;
  readonly crc: number;
}

/** Header bytes; the checksum is computed here. */
export function encodeHeader(header: Omit<JournalHeader, 'version' | 'crc'>): Uint8Array {
  assert(header.journalId.length === JOURNAL_ID_BYTES, 'a journal id has 16 bytes');
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  bytes.set(MAGIC, 0);
  view.setUint32(8, JOURNAL_VERSION);
  bytes.set(header.journalId, 12);
  view.setBigUint64(28, BigInt(header.sequence));
  view.setBigUint64(36, BigInt(header.first));
  view.setBigUint64(44, BigInt(header.previousBytes));
  view.setUint32(52, header.previousChain);
  view.setUint32(56, crc32c(bytes, 0, 0, HEADER_BYTES - 4));
  return bytes;
}

/** The header, or undefined when magic or checksum are wrong. The version is for the caller to judge. */
export function decodeHeader(bytes: Uint8Array): JournalHeader | undefined {
  if (bytes.length < HEADER_BYTES || MAGIC.some((byte, at) => bytes[at] !== byte)) return undefined;
  const view = viewOf(bytes);
  const crc = view.getUint32(56);
  if (crc32c(bytes, 0, 0, HEADER_BYTES - 4) !== crc) return undefined;
  return {
    version: view.getUint32(8),
    journalId: bytes.slice(12, 28),
    sequence: Number(view.getBigUint64(28)),
    first: Number(view.getBigUint64(36)),
    previousBytes: Number(view.getBigUint64(44)),
    previousChain: view.getUint32(52),
    crc,
  };
}

export interface RecordHead {
  readonly batchStart: boolean;
  readonly type: number;
  readonly lengthBytes: number;
  readonly headCrc: number;
  readonly bodyCrc: number;
}

/**
 * Write one record into `target` at `at`; `offset` is where it will stand in the file.
 * @returns the body crc, which the file's chain takes in
 */
export function encodeRecord(
  target: Uint8Array,
  at: number,
  record: { readonly type: number; readonly bytes: Uint8Array },
  place: { readonly seed: number; readonly offset: number; readonly batchStart: boolean },
): number {
  const { type, bytes } = record;
  const word = (place.batchStart ? BATCH_BIT : 0) + bytes.length;
  const headCrc = crcOfHead(place.seed, place.offset, word, type);
  const bodyCrc = crc32c(bytes, headCrc);
  const view = viewOf(target);
  view.setUint32(at, word);
  view.setUint8(at + 4, type);
  view.setUint32(at + 5, headCrc);
  view.setUint32(at + 9, bodyCrc);
  target.set(bytes, at + HEAD_BYTES);
  return bodyCrc;
}

/** The head at `at` of `view`, or undefined when none stands there or the record would reach beyond `room` bytes. */
export function decodeHead(
  view: DataView,
  at: number,
  place: { readonly seed: number; readonly offset: number; readonly room: number },
): RecordHead | undefined {
  if (place.room < HEAD_BYTES || view.byteLength - at < HEAD_BYTES) return undefined;
  const word = view.getUint32(at);
  const lengthBytes = word % BATCH_BIT;
  if (lengthBytes > RECORD_BYTES_MAX || lengthBytes > place.room - HEAD_BYTES) return undefined;
  const type = view.getUint8(at + 4);
  const headCrc = view.getUint32(at + 5);
  if (crcOfHead(place.seed, place.offset, word, type) !== headCrc) return undefined;
  return { batchStart: word >= BATCH_BIT, type, lengthBytes, headCrc, bodyCrc: view.getUint32(at + 9) };
}

/** A file's chain after one more record. */
export function nextChain(chain: number, bodyCrc: number): number {
  viewOf(SCRATCH).setUint32(0, bodyCrc);
  return crc32c(SCRATCH, chain, 0, 4);
}

const SCRATCH = new Uint8Array(HEAD_BYTES);
const SCRATCH_VIEW = viewOf(SCRATCH);

function crcOfHead(seed: number, offset: number, word: number, type: number): number {
  SCRATCH_VIEW.setUint32(0, Math.floor(offset / 2 ** 32));
  SCRATCH_VIEW.setUint32(4, offset % 2 ** 32);
  SCRATCH_VIEW.setUint32(8, word);
  SCRATCH_VIEW.setUint8(12, type);
  return crc32c(SCRATCH, seed);
}

/** A DataView of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
