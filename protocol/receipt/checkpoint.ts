import type { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import type { Verify } from '../crypto/verify.ts';
import { WaggleError } from '../errors.ts';
import { type Hash, tagged } from '../hash.ts';
import { LIMITS } from '../limits.ts';
import { merkleRoot } from '../merkle.ts';
import type { Roster } from '../roster.ts';
import { TAGS } from '../tags.ts';

/** What executing one block did to one shard. */
export interface ShardRoots {
  readonly shard: number;
  /** Over (item id, outcome) in execution order. */
  readonly outcomesRoot: Hash;
  /** Over the partial tallies the block touched. */
  readonly talliesRoot: Hash;
}

/** What a validator signs after executing a non-empty block (protocol.md, Checkpoints). */
export interface Checkpoint {
  readonly chain: Hash;
  readonly epoch: number;
  readonly height: number;
  readonly blockHash: Hash;
  readonly timeMs: number;
  /** Commits every earlier block and its roots. */
  readonly history: Hash;
  /** Merkle root over the shards the block touched. */
  readonly root: Hash;
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly signer: number;
  readonly signature: Uint8Array;
}

/** The leaf of one shard in a checkpoint's tree. */
export function shardLeaf(roots: ShardRoots): Hash {
  const writer = new Writer(66).u16(roots.shard).bytes(roots.outcomesRoot).bytes(roots.talliesRoot);
  return tagged(TAGS.shard.tag, writer.finish());
}

/** Merkle root over the shards, ascending. */
export function shardsRoot(shards: readonly ShardRoots[]): Hash {
  return merkleRoot(TAGS['checkpoint-tree'].tag, shards.map(shardLeaf));
}

/** history(h) = H(history(h−1), blockHash, root). */
export function nextHistory(previous: Hash, blockHash: Hash, root: Hash): Hash {
  return tagged(TAGS.history.tag, previous, blockHash, root);
}

export function checkpointDigest(checkpoint: Checkpoint): Hash {
  return tagged(TAGS.checkpoint.tag, encodeCheckpoint(checkpoint));
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const { chain, epoch, height, blockHash, timeMs, history, root } = checkpoint;
  const writer = new Writer(148).bytes(chain).u32(epoch).u64(height).bytes(blockHash).u64(timeMs);
  return writer.bytes(history).bytes(root).finish();
}

export function verifyCheckpoint(roster: Roster, signed: SignedCheckpoint, verify: Verify): boolean {
  const key = roster.validators[signed.signer]?.key;
  if (key === undefined || signed.checkpoint.epoch !== roster.epoch) return false;
  return verify(key, checkpointDigest(signed.checkpoint), signed.signature);
}

export function writeSignedCheckpoint(writer: Writer, signed: SignedCheckpoint): Writer {
  return writer.bytes(encodeCheckpoint(signed.checkpoint)).u16(signed.signer).bytes(signed.signature);
}

/** @throws WaggleError WAGGLE_CHECKPOINT_SIGNER, WAGGLE_CODEC_* */
export function readSignedCheckpoint(reader: Reader): SignedCheckpoint {
  const checkpoint = {
    chain: reader.bytes(32),
    epoch: reader.u32(),
    height: reader.u64(),
    blockHash: reader.bytes(32),
    timeMs: reader.u64(),
    history: reader.bytes(32),
    root: reader.bytes(32),
  };
  const signer = reader.u16();
  if (signer >= LIMITS.validatorsMax) throw new WaggleError('WAGGLE_CHECKPOINT_SIGNER', { signer });
  return { checkpoint, signer, signature: reader.bytes(64) };
}
