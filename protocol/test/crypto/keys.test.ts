import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Point } from '@noble/ed25519';
import fc from 'fast-check';
import { isRegistrableKey, keyPairFromSeed } from '../../crypto/keys.ts';
import { fromHex, toHex } from '../../hex.ts';
import { isRegistrableByNoble } from './noble-key.ts';

/** A point of order 8: added to a good key it makes a mixed-order one. */
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', false);

test('two implementations agree on which keys may be registered', () => {
  const good = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((seed) => keyPairFromSeed(seed).publicKey);
  const mixed = good.map((key) => fromHex(Point.fromHex(toHex(key), false).add(TORSION).toHex()));
  const any = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.oneof(good, mixed, any), (key) => assert.equal(isRegistrableKey(key), isRegistrableByNoble(key))),
    { numRuns: 60 },
  );
});

test('small order, torsion, non-canonical and short keys are refused, a made one is taken', () => {
  const one = `01${'00'.repeat(31)}`;
  const nonCanonical = `ee${'ff'.repeat(30)}7f`;
  for (const hex of [one, '00'.repeat(32), nonCanonical, TORSION.toHex(), 'ff'.repeat(32)]) {
    assert.equal(isRegistrableKey(fromHex(hex)), false, hex);
  }
  const { publicKey } = keyPairFromSeed(new Uint8Array(32).fill(3));
  assert.equal(isRegistrableKey(publicKey.subarray(1)), false);
  assert.equal(isRegistrableKey(publicKey), true);
});
