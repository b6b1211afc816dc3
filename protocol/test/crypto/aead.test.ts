import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seal, unseal } from '../../crypto/aead.ts';

/** RFC 8439, 2.8.2. */
const TEXT = new TextEncoder().encode(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
);
const KEY = Uint8Array.from({ length: 32 }, (_, at) => 0x80 + at);
const NONCE = Buffer.from('070000004041424344454647', 'hex');
const ATTACHED = Buffer.from('50515253c0c1c2c3c4c5c6c7', 'hex');
const TAG = '1ae10b594f09e26a7e902ecbd0600691';

test('seals as the RFC does', () => {
  const sealed = Buffer.from(seal(TEXT, NONCE, ATTACHED, KEY));
  assert.equal(sealed.toString('hex', 0, 8), 'd31a8d34648e60db');
  assert.equal(sealed.toString('hex', TEXT.length), TAG);
  assert.deepEqual(unseal(sealed, NONCE, ATTACHED, KEY), TEXT);
  unseal(sealed, NONCE, ATTACHED, KEY, sealed.subarray(0, TEXT.length));
  assert.deepEqual(Uint8Array.from(sealed.subarray(0, TEXT.length)), TEXT);
});

test('opens nothing of which one bit differs', () => {
  const sealed = seal(TEXT, NONCE, ATTACHED, KEY);
  const parts = [sealed, NONCE, ATTACHED, KEY];
  for (const [changed, part] of parts.entries()) {
    for (let at = 0; at < part.length; at += 1) {
      const bytes = Uint8Array.from(part);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      const [a = sealed, b = NONCE, c = ATTACHED, d = KEY] = parts.map((own, index) =>
        index === changed ? bytes : own,
      );
      assert.throws(() => unseal(a, b, c, d));
    }
  }
  assert.throws(() => unseal(sealed.subarray(0, 15), NONCE, ATTACHED, KEY));
});
