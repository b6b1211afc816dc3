import { createHash } from 'node:crypto';
import { toString as bytesToString } from 'uint8arrays/to-string';
import { assert } from '../../protocol/assert.ts';
import { WaggleError } from '../../protocol/errors.ts';
import type { LedgerKey } from './keys.ts';

/*
 * Envelope = version u8 ‖ type u8 (the key's prefix) ‖ height u64 ‖ sum(16) ‖ value
 * sum = first 16 bytes of sha256(u32 length of key ‖ key ‖ version ‖ type ‖ height ‖ value)
 *
 * LevelDB returns damaged bytes without an error (reliability.md 0.3). The sum finds them, and since it covers the key, also
 * a whole record that came back under another key.
 */

const ENVELOPE_VERSION = 1;
const SUM_AT = 10;
const SUM_BYTES = 16;
export const ENVELOPE_BYTES = SUM_AT + SUM_BYTES;

export interface Enveloped {
  readonly value: Uint8Array;
  /** Height of the block that wrote the record; 0 for what belongs to none. */
  readonly height: number;
}

/** The stored form of `value` under `key`. */
export function sealEnvelope(key: LedgerKey, value: Uint8Array, height: number): Uint8Array {
  assert(Number.isSafeInteger(height) && height >= 0, 'a height is a safe integer');
  const bytes = new Uint8Array(ENVELOPE_BYTES + value.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = ENVELOPE_VERSION;
  bytes[1] = key[0] ?? 0;
  view.setBigUint64(2, BigInt(height));
  bytes.set(value, ENVELOPE_BYTES);
  bytes.set(sumOf(key, bytes), SUM_AT);
  return bytes;
}

/**
 * The value, a view into `stored`, if it is what was stored under `key`.
 * @throws WaggleError WAGGLE_STORE_DAMAGED {prefix, key, reason}
 */
export function openEnvelope(key: Uint8Array, stored: Uint8Array): Enveloped {
  const fault = faultOf(key, stored);
  if (fault !== undefined) throw damagedRecord(key, fault);
  const height = Number(new DataView(stored.buffer, stored.byteOffset).getBigUint64(2));
  return { value: stored.subarray(ENVELOPE_BYTES), height };
}

/** Whether `stored` is what was stored under `key`. */
export function isSealed(key: Uint8Array, stored: Uint8Array): boolean {
  return faultOf(key, stored) === undefined;
}

/** The sum that an envelope claims, as a number of 128 bits. */
export function envelopeSum(stored: Uint8Array): bigint {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length);
  return (view.getBigUint64(SUM_AT) << 64n) | view.getBigUint64(SUM_AT + 8);
}

/** A record that is not what was stored: its key says what to fetch anew from peers. */
export function damagedRecord(key: Uint8Array, reason: string): WaggleError {
  return new WaggleError('WAGGLE_STORE_DAMAGED', {
    prefix: key[0],
    key: bytesToString(key.subarray(1), 'hex'),
    reason,
  });
}

function faultOf(key: Uint8Array, stored: Uint8Array): string | undefined {
  if (stored.length < ENVELOPE_BYTES) return 'short';
  if (stored[0] !== ENVELOPE_VERSION) return 'version';
  if (stored[1] !== key[0]) return 'type';
  const sum = sumOf(key, stored);
  for (let at = 0; at < SUM_BYTES; at++) {
    if (sum[at] !== stored[SUM_AT + at]) return 'sum';
  }
  return undefined;
}

function sumOf(key: Uint8Array, envelope: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, key.length);
  return createHash('sha256')
    .update(length)
    .update(key)
    .update(envelope.subarray(0, SUM_AT))
    .update(envelope.subarray(ENVELOPE_BYTES))
    .digest()
    .subarray(0, SUM_BYTES);
}
