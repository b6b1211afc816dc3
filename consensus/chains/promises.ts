import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Replica } from '../replica-state.ts';

/**
 * C-06: this node said, by its notarize or by building on a certificate, that it holds what a block names. The segments
 * stay until they are executed or a final cut takes another fork: nobody else may have them.
 */
export function promiseSegments({ chains }: Replica, { block }: HashedBlock): void {
  for (const { shard, author, height, tip } of block.cut) chains.find(shard, author)?.promise({ height, tip });
}

/** A view begins, or its block is invalid: what the block of before named gets back into the windows (C-04). */
export function releaseSegments({ chains }: Replica): void {
  for (const chain of chains.all()) chain.release();
}
