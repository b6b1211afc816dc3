import assert from 'node:assert/strict';
import { codeOf, WaggleError } from '../../protocol/errors.ts';

/** Small things that are made of what was read: hashes and the like. */
const MADE_BYTES_MAX = 64;

/**
 * What was decoded is made of the bytes it came in: every byte array is a view of them or as small as a hash, and no
 * list is longer than they are. So no length that a stranger wrote became an allocation.
 */
export function checkDecoded(value: unknown, bytes: Uint8Array, depth = 0): void {
  assert.ok(depth < 64, 'a decoded value is not that deep');
  if (value instanceof Uint8Array) {
    const isView = value.buffer === bytes.buffer && value.length <= bytes.length;
    assert.ok(isView || value.length <= MADE_BYTES_MAX, `${value.length} bytes that are no view of the message`);
  } else if (Array.isArray(value)) {
    assert.ok(value.length <= bytes.length, `a list of ${value.length} from ${bytes.length} bytes`);
    for (const item of value) checkDecoded(item, bytes, depth + 1);
  } else if (typeof value === 'number') {
    assert.ok(Number.isSafeInteger(value), `${value} is no whole number that can be held`);
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) checkDecoded(item, bytes, depth + 1);
  }
}

/** The code of a typed refusal; anything else that was thrown is a fault and is thrown on. */
export function refusalOf(error: unknown): string {
  if (!(error instanceof WaggleError) || codeOf(error) === 'WAGGLE_INVARIANT') throw error;
  return error.code;
}
