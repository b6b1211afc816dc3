import type { Anchor } from '../../consensus/types.ts';
import type { CutEntry, HashedBlock } from '../../protocol/chain/block.ts';
import { readBlock } from '../../protocol/chain/block.ts';
import { readStanding, type Standing, writeStanding } from '../../protocol/chain/standing.ts';
import { Reader } from '../../protocol/codec/reader.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { TABLES } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { OUTCOMES, type Outcome, outcomeName } from '../../protocol/outcome.ts';
import {
  readSignedCheckpoint,
  type SignedCheckpoint,
  writeSignedCheckpoint,
} from '../../protocol/receipt/checkpoint.ts';

/*
 * Values of ledger records that are not an object's own bytes. Fixed layouts; each begins with its version where it may
 * grow. They were written by this node and checked by their envelope, so what does not decode is damage.
 */

const VERSION = 1;

/** meta `anchor`: where execution stands, and how many rows each table had there, so that a lost row is seen at boot. */
export interface StoredAnchor {
  readonly anchor: Anchor;
  /** In the order of TABLES. */
  readonly rowCounts: readonly number[];
}

export function rowCountsOf(state: GovernanceState): number[] {
  return TABLES.map(({ name }) => state[name].size);
}

export function encodeAnchor({ anchor, rowCounts }: StoredAnchor): Uint8Array {
  const { epoch, height, view, hash, timeMs, history, cut, standings } = anchor;
  const writer = new Writer(128 + cut.length * 48).u8(VERSION).u32(epoch).u64(height).u64(view);
  writer.bytes(hash).u64(timeMs).bytes(history).u32(cut.length);
  for (const entry of cut) {
    writer.u16(entry.shard).u16(entry.author).u32(entry.incarnation).u64(entry.height).bytes(entry.tip);
  }
  writer.u8(rowCounts.length);
  for (const count of rowCounts) writer.u64(count);
  // Absent when empty: the same bytes as before there were standings, so a build back reads them.
  for (const standing of standings) writeStanding(writer, standing);
  return writer.finish();
}

/** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_CODEC_* */
export function decodeAnchor(bytes: Uint8Array): StoredAnchor {
  const reader = versioned(bytes);
  const facts = {
    epoch: reader.u32(),
    height: reader.u64(),
    view: reader.u64(),
    hash: reader.bytes(32),
    timeMs: reader.u64(),
    history: reader.bytes(32),
  };
  const cut: CutEntry[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const [shard, author, incarnation] = [reader.u16(), reader.u16(), reader.u32()];
    cut.push({ shard, author, incarnation, height: reader.u64(), tip: reader.bytes(32) });
  }
  const rowCounts: number[] = [];
  for (let left = reader.u8(); left > 0; left--) rowCounts.push(reader.u64());
  const standings: Standing[] = [];
  while (reader.remaining > 0) standings.push(readStanding(reader));
  return { anchor: { ...facts, cut, standings }, rowCounts };
}

/** Consecutive segments of one chain. */
export interface SegmentRun {
  readonly shard: number;
  readonly author: number;
  readonly incarnation: number;
  readonly from: number;
  readonly to: number;
}

/** A block and the segments it ordered, as runs in execution order. */
export interface StoredBlock {
  readonly block: HashedBlock;
  readonly runs: readonly SegmentRun[];
}

export function encodeStoredBlock({ block, runs }: StoredBlock): Uint8Array {
  const writer = new Writer(block.bytes.length + 16 + runs.length * 24).u8(VERSION).bytes32(block.bytes);
  writer.u32(runs.length);
  for (const { shard, author, incarnation, from, to } of runs) {
    writer.u16(shard).u16(author).u32(incarnation).u64(from).u64(to);
  }
  return writer.finish();
}

/** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_BLOCK_*, WAGGLE_CODEC_* */
export function decodeStoredBlock(bytes: Uint8Array): StoredBlock {
  const reader = versioned(bytes);
  const block = readBlock(reader.bytes32(LIMITS.blockBytesMax));
  const runs: SegmentRun[] = [];
  for (let left = reader.u32(); left > 0; left--) {
    const [shard, author, incarnation] = [reader.u16(), reader.u16(), reader.u32()];
    runs.push({ shard, author, incarnation, from: reader.u64(), to: reader.u64() });
  }
  reader.end();
  return { block, runs };
}

/** What became of an item, and where it stands. */
export interface ItemFacts {
  readonly outcome: Outcome;
  readonly height: number;
  readonly shard: number;
  readonly author: number;
}

const ITEM_FACTS_BYTES = 1 + 8 + 2 + 2;

/** Facts, then the item's bytes (a ballot, an operation) or its id (in the index). */
export function encodeItemRecord(facts: ItemFacts, rest: Uint8Array): Uint8Array {
  const writer = new Writer(ITEM_FACTS_BYTES + rest.length).u8(OUTCOMES[facts.outcome]).u64(facts.height);
  return writer.u16(facts.shard).u16(facts.author).bytes(rest).finish();
}

/** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_CODEC_* */
export function decodeItemRecord(bytes: Uint8Array): ItemFacts & { readonly rest: Uint8Array } {
  const reader = new Reader(bytes);
  const outcome = outcomeOf(reader.u8());
  const facts = { outcome, height: reader.u64(), shard: reader.u16(), author: reader.u16() };
  return { ...facts, rest: reader.bytes(reader.remaining) };
}

/** Outcomes of a segment's items in order, and the block that ordered it. */
export function encodeOutcomes(height: number, outcomes: readonly Outcome[]): Uint8Array {
  const writer = new Writer(8 + outcomes.length).u64(height);
  for (const outcome of outcomes) writer.u8(OUTCOMES[outcome]);
  return writer.finish();
}

/** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_CODEC_* */
export function decodeOutcomes(bytes: Uint8Array): { readonly height: number; readonly outcomes: readonly Outcome[] } {
  const reader = new Reader(bytes);
  const height = reader.u64();
  return { height, outcomes: [...reader.bytes(reader.remaining)].map(outcomeOf) };
}

export function encodeCheckpoints(signed: readonly SignedCheckpoint[]): Uint8Array {
  const writer = new Writer(16 + signed.length * 224).u8(VERSION).u8(signed.length);
  for (const one of signed) writeSignedCheckpoint(writer, one);
  return writer.finish();
}

/** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_CODEC_* */
export function decodeCheckpoints(bytes: Uint8Array): SignedCheckpoint[] {
  const reader = versioned(bytes);
  const signed: SignedCheckpoint[] = [];
  for (let left = reader.u8(); left > 0; left--) signed.push(readSignedCheckpoint(reader));
  reader.end();
  return signed;
}

export function encodeHeight(height: number): Uint8Array {
  return new Writer(8).u64(height).finish();
}

/** @throws WaggleError WAGGLE_CODEC_* */
export function decodeHeight(bytes: Uint8Array): number {
  return new Reader(bytes).u64();
}

function outcomeOf(code: number): Outcome {
  const outcome = outcomeName(code);
  if (outcome === undefined) throw new WaggleError('WAGGLE_LEDGER_RECORD', { outcome: code });
  return outcome;
}

function versioned(bytes: Uint8Array): Reader {
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new WaggleError('WAGGLE_LEDGER_RECORD', { version });
  return reader;
}
