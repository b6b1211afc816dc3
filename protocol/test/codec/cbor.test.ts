import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as dagCbor from '@ipld/dag-cbor';
import fc from 'fast-check';
import { type CborValue, decodeCanonical, encodeCanonical } from '../../codec/cbor.ts';

const LIMITS = { bytesMax: 1_000_000, depthMax: 32, itemsMax: 100_000 };

/** Values that both encodings know: no floats, text in its one spelling, keys that are no prototype names. */
const { value } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger().map((number) => number + 0),
    fc.string({ unit: fc.constantFrom(...'abcXYZ 0189-_é€') }).map((text) => text.normalize('NFC')),
    fc.uint8Array({ maxLength: 40 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: fc.constantFrom(...'abcdefgh'), maxLength: 30 }), tie('value'), { maxKeys: 5 }),
    fc.dictionary(fc.string({ unit: fc.constantFrom(...'abé€👍'), maxLength: 4 }), tie('value'), { maxKeys: 5 }),
    fc.dictionary(fc.string({ unit: fc.constantFrom(...'ab'), maxLength: 8 }), fc.nat(300), { maxKeys: 60 }),
  ),
}));

test('the canonical encoding is dag-cbor, byte for byte, and both read it alike', () => {
  fc.assert(
    fc.property(value, (one) => {
      const bytes = encodeCanonical(one);
      assert.deepEqual(bytes, new Uint8Array(dagCbor.encode(one)));
      assert.deepEqual(encodeCanonical(dagCbor.decode<CborValue>(bytes)), bytes);
      assert.deepEqual(encodeCanonical(decodeCanonical(bytes, LIMITS)), bytes);
    }),
  );
});
