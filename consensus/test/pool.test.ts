import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Item } from '../../protocol/chain/segment.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { type BatchPolicy, Pool } from '../batching/pool.ts';

const item = (bytes = 10): Item => ({ kind: 1, bytes: new Uint8Array(bytes) });
const policy: BatchPolicy = {
  itemsTarget: () => 3,
  bytesTarget: () => 10_000,
  lingerMs: () => 5,
  inFlightSegmentsMax: () => 0,
};

test('a batch is due by count, by bytes or by age, and not before', () => {
  const pool = new Pool(2, policy);
  pool.add(1, item(), ZERO_HASH, 100);
  assert.equal(pool.take(1, 104), undefined);
  assert.equal(pool.dueAtMs(1), 105);
  assert.equal(pool.dueAtMs(2), undefined);
  assert.equal(pool.take(1, 105)?.items.length, 1);
  for (let at = 0; at < 3; at++) pool.add(1, item(), ZERO_HASH, 200);
  assert.equal(pool.take(1, 200)?.items.length, 3);
  pool.add(2, item(10_000), ZERO_HASH, 300);
  assert.equal(pool.take(2, 300)?.items.length, 1);
  assert.equal(pool.dueAtMs(2), undefined);
});

test('a segment takes no more than its caps, the control shard no more than a block takes', () => {
  const pool = new Pool(1, policy);
  for (let at = 0; at < LIMITS.blockAddControlItemsMax + 1; at++) pool.add(0, item(), ZERO_HASH, 0);
  assert.equal(pool.take(0, 0)?.items.length, LIMITS.blockAddControlItemsMax);
  assert.equal(pool.waiting(0), 1);
  for (let at = 0; at < 3; at++) pool.add(1, item(LIMITS.segmentBytesMax / 2), ZERO_HASH, 0);
  assert.equal(pool.take(1, 0)?.items.length, 1);
});

test('a segment takes four times the target of bytes at most, but always one item; one may always be in flight', () => {
  const pool = new Pool(1, policy);
  for (let at = 0; at < 50; at++) pool.add(1, item(1_000), ZERO_HASH, 0);
  assert.equal(pool.take(1, 0)?.items.length, 39);
  assert.equal(pool.take(1, 0)?.items.length, 11);
  pool.add(1, item(100_000), ZERO_HASH, 0);
  assert.equal(pool.take(1, 0)?.items.length, 1);
  assert.equal(pool.inFlightSegmentsMax(1), 1);
});

test('a full pool and an unknown shard take nothing', () => {
  const pool = new Pool(1, policy);
  for (let at = 0; at < Pool.itemsMax; at++) assert.ok(pool.add(1, item(1), ZERO_HASH, 0));
  assert.ok(!pool.add(1, item(1), ZERO_HASH, 0));
  assert.ok(!pool.add(9, item(1), ZERO_HASH, 0));
  assert.equal(pool.waiting(1), Pool.itemsMax);
});
