import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CborValue, decodeCanonical, encodeCanonical } from '../codec/cbor.ts';
import { exportSeed, isRegistrableKey, keyPairFromSeed } from '../crypto/keys.ts';
import { verify } from '../crypto/verify.ts';
import { WaggleError } from '../errors.ts';
import { toHex } from '../hex.ts';
import { merkleProof, merkleRoot, verifyProof } from '../merkle.ts';
import { faultBound, quorum } from '../roster.ts';
import { TAGS } from '../tags.ts';

const LIMITS = { bytesMax: 65_536, depthMax: 8, itemsMax: 1_000 };
const leaf = fc.uint8Array({ minLength: 32, maxLength: 32 });
const tag = TAGS['items-tree'].tag;

test('canonical values decode to what was encoded', () => {
  const value = fc.letrec<{ value: CborValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger().map((n) => n + 0),
      fc.stringMatching(/^[ -~]{0,20}$/),
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (input) => {
      const bytes = encodeCanonical(input);
      assert.equal(toHex(encodeCanonical(decodeCanonical(bytes, LIMITS))), toHex(bytes));
    }),
  );
});

test('any bytes give a canonical value or a typed refusal', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        assert.equal(toHex(encodeCanonical(decodeCanonical(bytes, LIMITS))), toHex(bytes));
      } catch (error) {
        assert.ok(error instanceof WaggleError, String(error));
      }
    }),
    { numRuns: 2_000 },
  );
});

test('every leaf proves and no other does', () => {
  fc.assert(
    fc.property(fc.array(leaf, { minLength: 1, maxLength: 20 }), fc.nat(), fc.nat(), (leaves, a, b) => {
      const index = a % leaves.length;
      const other = b % leaves.length;
      const path = merkleProof(leaves, index);
      const claim = {
        leaf: leaves[index] as Uint8Array,
        index,
        count: leaves.length,
        path,
        root: merkleRoot(tag, leaves),
      };
      assert.ok(verifyProof(tag, claim));
      assert.ok(!verifyProof(tag, { ...claim, count: leaves.length * 2 }));
      assert.ok(!verifyProof(tag, { ...claim, path: [...path, leaves[0] as Uint8Array] }));
      const moved = { ...claim, leaf: leaves[other] as Uint8Array };
      assert.equal(verifyProof(tag, moved), toHex(moved.leaf) === toHex(claim.leaf));
    }),
  );
});

test('lists that differ only by a repeated last leaf have different roots (CVE-2012-2459)', () => {
  const leaves = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
  const repeated = [...leaves, leaves[2] as Uint8Array];
  assert.notEqual(toHex(merkleRoot(tag, leaves)), toHex(merkleRoot(tag, repeated)));
});

test('signatures: deterministic, exact lengths, no secret printed', () => {
  const pair = keyPairFromSeed(new Uint8Array(32).fill(7));
  const message = new Uint8Array(32).fill(1);
  const signature = pair.sign(message);
  assert.equal(toHex(signature), toHex(pair.sign(message)));
  assert.ok(verify(pair.publicKey, message, signature));
  assert.ok(!verify(pair.publicKey, message, new Uint8Array([...signature, 0])));
  assert.ok(!verify(pair.publicKey, new Uint8Array(32), signature));
  assert.ok(isRegistrableKey(pair.publicKey));
  assert.ok(!isRegistrableKey(new Uint8Array(32)));
  assert.ok(!`${JSON.stringify(pair)}${String(pair)}`.includes(toHex(exportSeed(pair))));
});

test('quorums are n − f, so two of them share an honest validator, for n ≤ 21', () => {
  const expected = [1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 9, 10, 11, 11, 12, 13, 13, 14, 15];
  for (const [at, size] of expected.entries()) {
    const validators = at + 1;
    assert.equal(quorum(validators), size);
    assert.ok(2 * size - validators > faultBound(validators));
  }
});
