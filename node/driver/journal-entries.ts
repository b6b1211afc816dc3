import type { JournalEntry } from '../../consensus/types.ts';
import { readCertificate, readVote, writeCertificate, writeVote } from '../../protocol/certificate.ts';
import { readBlock } from '../../protocol/chain/block.ts';
import { readStoredSegment } from '../../protocol/chain/segment.ts';
import { Reader } from '../../protocol/codec/reader.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { decodeEvidence } from '../../protocol/evidence.ts';
import type { JournalRecord } from '../storage/journal.ts';

/** What a compaction gave up: every block up to this height was synced in the ledger (compaction.ts). */
export interface JournalFloor {
  readonly kind: 'floor';
  readonly executedHeight: number;
}

/** Of which epoch all records after it are; those before are of none any more. Without one: of the first. */
export interface JournalEpoch {
  readonly kind: 'epoch';
  readonly epoch: number;
}

export type StoredEntry = JournalEntry | JournalFloor | JournalEpoch;

/** Types of journal records; append only, never reused. */
const TYPES = {
  segment: 1,
  block: 2,
  certificate: 3,
  notarize: 4,
  nullify: 5,
  finalize: 6,
  floor: 7,
  fence: 8,
  evidence: 9,
  epoch: 10,
  leftover: 11,
} as const satisfies Record<StoredEntry['kind'], number>;

const NAMES = new Map<number, StoredEntry['kind']>(
  Object.entries(TYPES).map(([name, type]) => [type, name as StoredEntry['kind']]),
);

/** Fixed layouts: a vote or certificate as it travels, then a block's bytes up to the end where one belongs to it. */
export function encodeEntry(entry: StoredEntry): JournalRecord {
  return { type: TYPES[entry.kind], bytes: bytesOf(entry) };
}

function bytesOf(entry: StoredEntry): Uint8Array {
  switch (entry.kind) {
    case 'segment':
      return entry.segment.bytes;
    case 'block':
      return entry.block.bytes;
    case 'certificate':
      return writeCertificate(new Writer(), entry.certificate).finish();
    case 'notarize':
      return writeVote(new Writer(), entry.vote).bytes(entry.block.bytes).finish();
    case 'nullify':
      return writeVote(new Writer(), entry.vote).finish();
    case 'finalize':
      return writeCertificate(writeVote(new Writer(), entry.vote), entry.notarization).finish();
    case 'floor':
      return new Writer(8).u64(entry.executedHeight).finish();
    case 'epoch':
      return new Writer(4).u32(entry.epoch).finish();
    case 'evidence':
      return entry.evidence.bytes;
    case 'leftover':
      return new Writer(8 + entry.item.bytes.length)
        .u16(entry.shard)
        .u8(entry.item.kind)
        .bytes(entry.item.bytes)
        .finish();
    case 'fence':
      return fenceBytes(entry);
  }
}

/**
 * The entry of a record this node wrote.
 * @throws WaggleError WAGGLE_JOURNAL_RECORD {type} and those of the objects inside: written by another build, or a bug
 */
export function decodeEntry({ type, bytes }: JournalRecord): StoredEntry {
  const kind = NAMES.get(type);
  if (kind === undefined) throw new WaggleError('WAGGLE_JOURNAL_RECORD', { type });
  if (kind === 'segment') return { kind, segment: readStoredSegment(bytes) };
  const reader = new Reader(bytes);
  const entry = readEntry(kind, reader);
  reader.end();
  return entry;
}

function readEntry(kind: Exclude<StoredEntry['kind'], 'segment'>, reader: Reader): StoredEntry {
  switch (kind) {
    case 'block':
      return { kind, block: readBlock(reader.bytes(reader.remaining)) };
    case 'certificate':
      return { kind, certificate: readCertificate(reader) };
    case 'notarize':
      return { kind, vote: readVote(reader), block: readBlock(reader.bytes(reader.remaining)) };
    case 'nullify':
      return { kind, vote: readVote(reader) };
    case 'finalize':
      return { kind, vote: readVote(reader), notarization: readCertificate(reader) };
    case 'floor':
      return { kind, executedHeight: reader.u64() };
    case 'epoch':
      return { kind, epoch: reader.u32() };
    case 'evidence':
      return { kind, evidence: decodeEvidence(reader.bytes(reader.remaining)) };
    case 'leftover': {
      const shard = reader.u16();
      return { kind, shard, item: { kind: reader.u8(), bytes: reader.bytes(reader.remaining) } };
    }
    case 'fence':
      return readFence(reader);
  }
}

type FenceEntry = Extract<JournalEntry, { kind: 'fence' }>;

/** Nothing while the view is not known; then the view, and a byte where it was inherited (F-04). */
function fenceBytes({ view, isInherited }: FenceEntry): Uint8Array {
  if (view === undefined) return new Uint8Array();
  const writer = new Writer(9).u64(view);
  return isInherited === true ? writer.u8(1).finish() : writer.finish();
}

function readFence(reader: Reader): FenceEntry {
  if (reader.remaining === 0) return { kind: 'fence', view: undefined };
  const view = reader.u64();
  return reader.remaining > 0 && reader.u8() === 1
    ? { kind: 'fence', view, isInherited: true }
    : { kind: 'fence', view };
}
