import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Segment } from '../../protocol/chain/segment.ts';
import { orderSegments } from '../execution/executor.ts';

const at = (shard: number, author: number, height: number): Segment =>
  ({ header: { shard, author, height } }) as unknown as Segment;
const name = ({ header: { shard, author, height } }: Segment): string => `${shard}/${author}/${height}`;

test('X-02 shards ascending, authors in rotation from height mod n, heights ascending', () => {
  const segments = [at(1, 3, 1), at(1, 0, 2), at(0, 2, 1), at(1, 0, 1), at(1, 2, 1), at(0, 1, 1)];
  assert.deepEqual(orderSegments(segments, 6, 4).map(name), ['0/2/1', '0/1/1', '1/2/1', '1/3/1', '1/0/1', '1/0/2']);
});

test('X-02 the order depends on nothing but places and the block height', () => {
  const places = fc.uniqueArray(fc.tuple(fc.nat(4), fc.nat(6), fc.integer({ min: 1, max: 5 })), {
    selector: (place) => place.join(),
  });
  fc.assert(
    fc.property(places, fc.nat(1_000), fc.integer({ min: 1, max: 9 }), (all, height, turn) => {
      const segments = all.map(([shard, author, chainHeight]) => at(shard, author, chainHeight));
      const turned = [
        ...segments.slice(turn % (segments.length + 1)),
        ...segments.slice(0, turn % (segments.length + 1)),
      ];
      assert.deepEqual(orderSegments(turned, height, 7).map(name), orderSegments(segments, height, 7).map(name));
    }),
  );
});
