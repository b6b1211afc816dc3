import { z } from 'zod';
import { decodeItems, ITEM_KINDS, type Item, itemLeaf } from '../../../protocol/chain/segment.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import { decodeSignedBallot } from '../../../protocol/governance/ballot.ts';
import { decodeSignedOperation } from '../../../protocol/governance/operation.ts';
import { toHex } from '../../../protocol/hex.ts';
import { OUTCOMES } from '../../../protocol/outcome.ts';
import { out } from '../fields.ts';
import type { SegmentFacts } from '../node-api.ts';
import { defined, toBase64, toTime } from '../render.ts';

const item = z.strictObject({
  kind: z.enum(['ballot', 'operation', 'unknown']),
  /** Of the ballot or operation; of the item itself where it does not decode. */
  id: out.hex,
  outcome: z.enum(Object.keys(OUTCOMES) as [string, ...string[]]).nullable(),
  /** Who voted where; the whole ballot is in `bytes`, or at ballot_get. */
  space: out.id.optional(),
  session: out.id.optional(),
  voter: out.id.optional(),
  /** Of an operation: what it is, by which key. */
  operation: z.string().optional(),
  actor: out.hex.optional(),
  /** As it stands in the segment, base64. */
  bytes: z.string(),
});

export const segmentShape = z.strictObject({
  id: out.hex,
  chain: out.hex,
  epoch: out.count,
  incarnation: out.count,
  shard: out.count,
  author: out.count,
  name: z.string(),
  height: out.height,
  parent: out.hex,
  count: out.count,
  sizeBytes: out.count,
  bodyHash: out.hex,
  root: out.hex,
  time: out.time,
  signature: out.hex,
  /** Height of the block that ordered it. */
  orderedAt: out.height,
  items: z.array(item),
});

export function renderSegment({ segment, height: orderedAt, outcomes }: SegmentFacts, name: string) {
  const { header, id, signature, body } = segment;
  const { chain, epoch, incarnation, shard, author, height, parent, count, bytes, bodyHash, root, timeMs } = header;
  return {
    id: toHex(id),
    chain: toHex(chain),
    epoch,
    incarnation,
    shard,
    author,
    name,
    height,
    parent: toHex(parent),
    count,
    sizeBytes: bytes,
    bodyHash: toHex(bodyHash),
    root: toHex(root),
    time: toTime(timeMs),
    signature: toHex(signature),
    orderedAt,
    items: decodeItems(body, count).map((one, at) => ({ ...renderItem(one), outcome: outcomes[at] ?? null })),
  };
}

/** What does not decode is shown as it is: it has an outcome all the same. */
function renderItem(one: Item) {
  const bytes = toBase64(one.bytes);
  try {
    if (one.kind === ITEM_KINDS.ballot) {
      const { ballot, id } = decodeSignedBallot(one.bytes);
      const { space, session, voter } = ballot;
      return { kind: 'ballot' as const, id: toHex(id), space, session, voter, bytes };
    }
    if (one.kind === ITEM_KINDS.operation) {
      const { operation, id } = decodeSignedOperation(one.bytes);
      const { kind, actor } = operation;
      return defined({ kind: 'operation' as const, id: toHex(id), operation: kind, actor: toHex(actor), bytes });
    }
  } catch (error) {
    if (!(error instanceof WaggleError)) throw error;
  }
  return { kind: 'unknown' as const, id: toHex(itemLeaf(one)), bytes };
}
