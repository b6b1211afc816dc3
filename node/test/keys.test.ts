import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compare } from 'uint8arrays/compare';
import {
  ballotIndexKey,
  beginningWith,
  blockKey,
  ledgerKey,
  metaKey,
  PREFIXES,
  rowKey,
  segmentKey,
  sessionIndexKey,
  textsSuffix,
} from '../storage/keys.ts';

describe('ledger keys', () => {
  it('have prefixes that are unique bytes below the last', () => {
    const values = Object.values(PREFIXES);
    assert.equal(new Set(values).size, values.length);
    // The upper bound of a range is the prefix plus one.
    for (const value of values) assert.ok(Number.isInteger(value) && value > 0 && value < 0xff);
  });

  it('never change: they are the format of the store', () => {
    assert.deepEqual([...metaKey('schema')], [1, ...new TextEncoder().encode('schema')]);
    assert.deepEqual([...blockKey(258)], [2, 0, 0, 0, 0, 0, 0, 1, 2]);
    assert.deepEqual(
      [...segmentKey({ epoch: 7, shard: 1, author: 2, incarnation: 3, height: 4 })],
      [5, 0, 0, 0, 7, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4],
    );
    assert.deepEqual([...rowKey(9, Uint8Array.of(1, 2))], [7, 9, 1, 2]);
    assert.deepEqual([...sessionIndexKey('a', 'b')], [13, 97, 0, 98]);
    assert.deepEqual(
      [...ballotIndexKey('a', 'b', 'c', 5, 6)],
      [9, 97, 0, 98, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 6],
    );
  });

  it('sort as what they stand for sorts', () => {
    const place = fc.record({
      epoch: fc.nat(300),
      shard: fc.nat(3),
      author: fc.nat(300),
      incarnation: fc.nat(300),
      height: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(place, place, (a, b) => {
        const expected =
          a.epoch - b.epoch ||
          a.shard - b.shard ||
          a.author - b.author ||
          a.incarnation - b.incarnation ||
          Math.sign(a.height - b.height);
        assert.equal(Math.sign(compare(segmentKey(a), segmentKey(b))), Math.sign(expected));
      }),
      { seed: 20261124 },
    );
  });

  it('bound all suffixes that begin with some bytes, and no other', () => {
    const bytes = fc.uint8Array({ maxLength: 4 });
    fc.assert(
      fc.property(bytes, bytes, (start, suffix) => {
        const { gte, lt } = beginningWith(start);
        const inside = compare(suffix, gte) >= 0 && (lt === undefined || compare(suffix, lt) < 0);
        assert.equal(
          inside,
          start.every((byte, at) => suffix[at] === byte),
        );
      }),
      { seed: 20261124, numRuns: 1000 },
    );
  });

  it('keep texts apart and refuse a zero in one', () => {
    assert.notDeepEqual(textsSuffix('ab', 'c'), textsSuffix('a', 'bc'));
    assert.throws(() => textsSuffix('a\0b'), { code: 'WAGGLE_INVARIANT' });
    assert.throws(() => sessionIndexKey('a', 'b\0'), { code: 'WAGGLE_INVARIANT' });
    assert.throws(() => blockKey(-1), { code: 'WAGGLE_INVARIANT' });
    assert.throws(() => blockKey(2 ** 53), { code: 'WAGGLE_INVARIANT' });
    assert.deepEqual([...ledgerKey(PREFIXES.ballot, Uint8Array.of(7))], [8, 7]);
  });
});
