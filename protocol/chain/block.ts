import { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { decodeEpoch, type Epoch, encodeEpoch } from '../epoch.ts';
import { codeOf, WaggleError } from '../errors.ts';
import { type Hash, tagged } from '../hash.ts';
import { LIMITS } from '../limits.ts';
import { TAGS } from '../tags.ts';

export const BLOCK_FLAGS = { flush: 1, seal: 2 } as const;

/** One line of a cut: a vote chain's new tip. Only chains that advanced are listed. */
export interface CutEntry {
  readonly shard: number;
  readonly author: number;
  readonly incarnation: number;
  readonly height: number;
  readonly tip: Hash;
}

/** What a leader proposes: tips only, so a block stays small at any load (protocol.md, Blocks). */
export interface Block {
  readonly chain: Hash;
  readonly epoch: number;
  readonly view: number;
  readonly height: number;
  readonly parentView: number;
  readonly parentHash: Hash;
  readonly proposer: number;
  readonly flags: number;
  /** max(parent + 1, the leader's clock), Unix milliseconds. */
  readonly timeMs: number;
  /** Sorted by (shard, author), unique. */
  readonly cut: readonly CutEntry[];
  /** Encoded evidence of equivocation. */
  readonly evidence: readonly Uint8Array[];
  /** In the block that ends its epoch, with the flag SEAL. */
  readonly reconfig?: Reconfig;
}

/** What follows the epoch, and by which executed block it was approved. */
export interface Reconfig {
  readonly height: number;
  readonly epoch: Epoch;
  /** The epoch as it stands in the block. */
  readonly bytes: Uint8Array;
}

const VERSION = 1;
/** Whether a reconfiguration follows. */
const RECONFIG = { none: 0, some: 1 } as const;
const EVIDENCE_BYTES_MAX = 4 * 1024;

/** The canonical bytes. A reconfiguration is announced by one byte. */
export function encodeBlock(block: Block): Uint8Array {
  const writer = new Writer(160 + block.cut.length * 48).u8(VERSION).bytes(block.chain).u32(block.epoch);
  writer.u64(block.view).u64(block.height).u64(block.parentView).bytes(block.parentHash).u16(block.proposer);
  writer.u8(block.flags).u64(block.timeMs).u16(block.cut.length);
  for (const { shard, author, incarnation, height, tip } of block.cut) {
    writer.u16(shard).u16(author).u32(incarnation).u64(height).bytes(tip);
  }
  writer.u8(block.evidence.length);
  for (const evidence of block.evidence) writer.bytes16(evidence);
  const { reconfig } = block;
  if (reconfig === undefined) return writer.u8(RECONFIG.none).finish();
  return writer.u8(RECONFIG.some).u64(reconfig.height).bytes32(reconfig.bytes).finish();
}

/** @throws WaggleError WAGGLE_BLOCK_*, WAGGLE_CODEC_* when not canonical */
export function decodeBlock(bytes: Uint8Array): Block {
  if (bytes.length > LIMITS.blockBytesMax) throw new WaggleError('WAGGLE_BLOCK_BYTES', { bytes: bytes.length });
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new WaggleError('WAGGLE_BLOCK_VERSION', { version });
  const block = {
    chain: reader.bytes(32),
    epoch: reader.u32(),
    view: reader.u64(),
    height: reader.u64(),
    parentView: reader.u64(),
    parentHash: reader.bytes(32),
    proposer: reader.u16(),
    flags: reader.u8(),
    timeMs: reader.u64(),
    cut: readCut(reader),
    evidence: readEvidence(reader),
  };
  const reconfig = readReconfig(reader);
  reader.end();
  return reconfig === undefined ? block : { ...block, reconfig };
}

function readReconfig(reader: Reader): Reconfig | undefined {
  const mark = reader.u8();
  if (mark === RECONFIG.none) return undefined;
  if (mark !== RECONFIG.some) throw new WaggleError('WAGGLE_BLOCK_RECONFIG', { mark });
  const height = reader.u64();
  const bytes = reader.bytes32(LIMITS.epochBytesMax);
  try {
    return { height, epoch: decodeEpoch(bytes), bytes };
  } catch (error) {
    throw new WaggleError('WAGGLE_BLOCK_RECONFIG', { reason: codeOf(error) ?? 'unknown' });
  }
}

/** The reconfiguration of a block that ends an epoch. */
export function reconfigOf(height: number, epoch: Epoch): Reconfig {
  return { height, epoch, bytes: encodeEpoch(epoch) };
}

function readCut(reader: Reader): CutEntry[] {
  const count = reader.u16();
  if (count > LIMITS.blockCutEntriesMax) throw new WaggleError('WAGGLE_BLOCK_CUT', { count });
  const cut: CutEntry[] = [];
  for (let at = 0; at < count; at++) {
    const entry = {
      shard: reader.u16(),
      author: reader.u16(),
      incarnation: reader.u32(),
      height: reader.u64(),
      tip: reader.bytes(32),
    };
    const before = cut[at - 1];
    if (before !== undefined && compareCutEntries(before, entry) >= 0) {
      throw new WaggleError('WAGGLE_BLOCK_CUT', { at, reason: 'unsorted' });
    }
    cut.push(entry);
  }
  return cut;
}

function readEvidence(reader: Reader): Uint8Array[] {
  const count = reader.u8();
  if (count > LIMITS.blockEvidenceMax) throw new WaggleError('WAGGLE_BLOCK_EVIDENCE', { count });
  const evidence: Uint8Array[] = [];
  for (let at = 0; at < count; at++) evidence.push(reader.bytes16(EVIDENCE_BYTES_MAX));
  return evidence;
}

/** Order of a cut: shard, then author. */
export function compareCutEntries(a: { shard: number; author: number }, b: { shard: number; author: number }): number {
  return a.shard - b.shard || a.author - b.author;
}

/** The id of a block. */
export function blockHash(bytes: Uint8Array): Hash {
  return tagged(TAGS.block.tag, bytes);
}

/** A block with its bytes as received or made, and its hash. */
export interface HashedBlock {
  readonly block: Block;
  readonly bytes: Uint8Array;
  readonly hash: Hash;
}

export function hashBlock(block: Block): HashedBlock {
  const bytes = encodeBlock(block);
  return { block, bytes, hash: blockHash(bytes) };
}

/** @throws WaggleError WAGGLE_BLOCK_*, WAGGLE_CODEC_* */
export function readBlock(bytes: Uint8Array): HashedBlock {
  return { block: decodeBlock(bytes), bytes, hash: blockHash(bytes) };
}
