import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sealEnvelope } from '../storage/envelope.ts';
import { ballotKey } from '../storage/keys.ts';
import { StoreSums } from '../storage/store-sums.ts';

const PREFIX = 8;
const MODULUS = 2n ** 128n;

const envelope = (at: number): Uint8Array => {
  const key = ballotKey(new Uint8Array(32).fill(at));
  return sealEnvelope(key, Uint8Array.of(at), at).slice();
};

/** The sum an envelope claims, as one number: what the words of the sums have to come to. */
function numberOf(words: readonly number[]): bigint {
  return words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
}
function claimOf(stored: Uint8Array): bigint {
  return [...stored.subarray(10, 26)].reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

test('sums add and take away modulo 2^128, in any order, and are read as they were written', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ at: fc.nat(255), isAdded: fc.boolean() }), { maxLength: 40 }), (steps) => {
      const sums = new StoreSums();
      let expected = 0n;
      for (const { at, isAdded } of steps) {
        const stored = envelope(at);
        if (isAdded) sums.add(PREFIX, stored);
        else sums.take(PREFIX, stored);
        expected += isAdded ? claimOf(stored) : -claimOf(stored);
      }
      assert.equal(numberOf(sums.of(PREFIX).sum), ((expected % MODULUS) + MODULUS) % MODULUS);
      assert.deepEqual(StoreSums.decode(sums.encode()).differences(sums), []);
    }),
  );
});

test('a copy goes its own way, and what was shifted over is what the other had more', () => {
  const before = new StoreSums();
  before.add(PREFIX, envelope(1));
  const after = before.copy();
  after.add(PREFIX, envelope(2));
  assert.deepEqual(before.differences(after), [PREFIX]);
  before.shift(PREFIX, before.copy(), after);
  assert.deepEqual(before.differences(after), []);
});
