import type { CutEntry } from '../chain/block.ts';
import { readStanding, type Standing, writeStanding } from '../chain/standing.ts';
import { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { WaggleError } from '../errors.ts';
import type { Hash } from '../hash.ts';
import { LIMITS } from '../limits.ts';

/** What a snapshot begins with: where execution stands after the block, and how many rows follow. */
export interface SnapshotHead {
  readonly chain: Hash;
  readonly epoch: number;
  readonly height: number;
  readonly view: number;
  /** The block after which the rows stand like this. */
  readonly hash: Hash;
  readonly timeMs: number;
  readonly history: Hash;
  /** The whole cut: every chain that ever advanced, sorted by shard and author. */
  readonly cut: readonly CutEntry[];
  /** What blocks settled about authors, ascending by author. */
  readonly standings: readonly Standing[];
  /** Rows of each table, ascending by table number. */
  readonly rowCounts: readonly { readonly table: number; readonly rows: number }[];
}

const VERSION = 1;
const CUT_MAX = (LIMITS.shardsMax + 1) * LIMITS.validatorsMax;

export function encodeSnapshotHead(head: SnapshotHead): Uint8Array {
  const writer = new Writer(192 + head.cut.length * 48).u8(VERSION).bytes(head.chain).u32(head.epoch);
  writer.u64(head.height).u64(head.view).bytes(head.hash).u64(head.timeMs).bytes(head.history);
  writer.u32(head.cut.length);
  for (const { shard, author, incarnation, height, tip } of head.cut) {
    writer.u16(shard).u16(author).u32(incarnation).u64(height).bytes(tip);
  }
  writer.u8(head.standings.length);
  for (const standing of head.standings) writeStanding(writer, standing);
  writer.u8(head.rowCounts.length);
  for (const { table, rows } of head.rowCounts) writer.u8(table).u64(rows);
  return writer.finish();
}

/** @throws WaggleError WAGGLE_SNAPSHOT_FORM, WAGGLE_CODEC_* */
export function decodeSnapshotHead(bytes: Uint8Array): SnapshotHead {
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new WaggleError('WAGGLE_SNAPSHOT_FORM', { version });
  const place = {
    chain: reader.bytes(32).slice(),
    epoch: reader.u32(),
    height: reader.u64(),
    view: reader.u64(),
    hash: reader.bytes(32).slice(),
    timeMs: reader.u64(),
    history: reader.bytes(32).slice(),
  };
  const entries = reader.u32();
  if (entries > CUT_MAX) throw new WaggleError('WAGGLE_SNAPSHOT_FORM', { cut: entries });
  const cut: CutEntry[] = [];
  for (let at = 0; at < entries; at++) {
    const [shard, author, incarnation] = [reader.u16(), reader.u16(), reader.u32()];
    cut.push({ shard, author, incarnation, height: reader.u64(), tip: reader.bytes(32).slice() });
  }
  const standings: Standing[] = [];
  for (let left = reader.u8(); left > 0; left--) standings.push(readStanding(reader));
  const rowCounts: SnapshotHead['rowCounts'][number][] = [];
  for (let left = reader.u8(); left > 0; left--) rowCounts.push({ table: reader.u8(), rows: reader.u64() });
  reader.end();
  return { ...place, cut, standings, rowCounts };
}
