import type { ExecutedBlock } from '../../../consensus/types.ts';
import { ITEM_KINDS } from '../../../protocol/chain/segment.ts';
import { Writer } from '../../../protocol/codec/writer.ts';
import type { Hash } from '../../../protocol/hash.ts';
import type { Outcome } from '../../../protocol/outcome.ts';

interface Carried {
  readonly id: Hash;
  readonly outcome: Outcome;
  readonly bytes: Uint8Array;
}

/** As much of an executed block of height 9 with one segment as those need who wait for outcomes. */
export function executedBlock(
  place: { readonly author: number; readonly shard: number },
  items: readonly Carried[],
): ExecutedBlock {
  const body = new Writer(64);
  for (const { bytes } of items) body.u8(ITEM_KINDS.ballot).bytes32(bytes);
  const segment = { header: { ...place, count: items.length }, body: body.finish() };
  return { block: { block: { height: 9 } }, segments: [{ segment, items }] } as unknown as ExecutedBlock;
}
