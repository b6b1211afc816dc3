import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sha256 } from '../../crypto/sha256.ts';
import { sha256 as portable } from '../../crypto/sha256-portable.ts';
import { toHex } from '../../hex.ts';

test('the hash of browsers is the hash of nodes, however the bytes are cut', () => {
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  assert.equal(toHex(portable()), empty);
  assert.equal(toHex(sha256()), empty);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 5 }), (parts) => {
      assert.equal(toHex(portable(...parts)), toHex(sha256(...parts)));
      assert.equal(toHex(portable(Buffer.concat(parts))), toHex(sha256(...parts)));
    }),
  );
});
