import { ITEM_KINDS, itemLeaf, sealSegment } from '../chain/segment.ts';
import { ZERO_HASH } from '../hash.ts';
import { CHAIN, keyOf } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

/** Two segments of one chain, the second naming the first. Items are opaque here. */
export function vectors(): unknown {
  const key = keyOf(1);
  const items = [Uint8Array.of(1), Uint8Array.of(2, 2), new Uint8Array(0)].map((bytes, at) => ({
    kind: at === 1 ? ITEM_KINDS.operation : ITEM_KINDS.ballot,
    bytes,
  }));
  const place = { chain: CHAIN, epoch: 0, incarnation: 0, shard: 3, author: 0, timeMs: 1_767_225_600_000 };
  const first = sealSegment({ ...place, height: 1, parent: ZERO_HASH }, items, key.sign);
  const second = sealSegment({ ...place, height: 2, parent: first.id }, items.slice(0, 1), key.sign);
  return show({
    items: items.map((item) => ({ ...item, leaf: itemLeaf(item) })),
    author: key.publicKey,
    segments: [first, second].map(({ header, id, signature, bytes }) => ({ header, id, signature, bytes })),
  });
}
