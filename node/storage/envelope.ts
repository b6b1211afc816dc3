import { hash } from 'node:crypto';
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

const LENGTH_BYTES = 4;
const ROOM_BYTES_KEPT_MAX = 1024 * 1024;
let room = new Uint8Array(64 * 1024);

/** The stored form of `value` under `key`, in memory that the next call takes over: for who copies it at once. */
export function sealEnvelope(key: LedgerKey, value: Uint8Array, height: number): Uint8Array {
  assert(Number.isSafeInteger(height) && height >= 0, 'a height is a safe integer');
  const valueAt = valuePlace(key);
  const bytes = roomFor(valueAt + value.length);
  const headAt = valueAt - SUM_AT;
  bytes[headAt] = ENVELOPE_VERSION;
  bytes[headAt + 1] = key[0] ?? 0;
  write32(bytes, headAt + 2, Math.floor(height / 2 ** 32));
  write32(bytes, headAt + 6, height);
  bytes.set(value, valueAt);
  const sum = sumInRoom(bytes, key, valueAt, value.length);
  const start = valueAt - ENVELOPE_BYTES;
  bytes.copyWithin(start, headAt, valueAt);
  for (let at = 0; at < SUM_BYTES; at++) bytes[start + SUM_AT + at] = sum.charCodeAt(at);
  return bytes.subarray(start, valueAt + value.length);
}

/** Where a value has to stand so that what is summed before it, or its envelope's head, fits. */
function valuePlace(key: Uint8Array): number {
  return Math.max(LENGTH_BYTES + key.length + SUM_AT, ENVELOPE_BYTES);
}

/** The sum as latin1, of an envelope's head and a value that stand before and behind `valueAt`: one piece, one call. */
function sumInRoom(bytes: Uint8Array, key: Uint8Array, valueAt: number, valueBytes: number): string {
  const keyAt = valueAt - SUM_AT - key.length;
  bytes.set(key, keyAt);
  write32(bytes, keyAt - LENGTH_BYTES, key.length);
  return hash('sha256', bytes.subarray(keyAt - LENGTH_BYTES, valueAt + valueBytes), 'binary');
}

function roomFor(neededBytes: number): Uint8Array {
  if (neededBytes <= room.length) return room;
  const larger = new Uint8Array(neededBytes);
  if (neededBytes <= ROOM_BYTES_KEPT_MAX) room = larger;
  return larger;
}

function write32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
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

/** One of the four 32-bit words of the sum that an envelope claims, the highest first. */
export function envelopeWord(stored: Uint8Array, word: number): number {
  const at = SUM_AT + 4 * word;
  const high = ((stored[at] ?? 0) << 24) | ((stored[at + 1] ?? 0) << 16);
  return (high | ((stored[at + 2] ?? 0) << 8) | (stored[at + 3] ?? 0)) >>> 0;
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
  const valueBytes = stored.length - ENVELOPE_BYTES;
  const valueAt = valuePlace(key);
  const bytes = roomFor(valueAt + valueBytes);
  bytes.set(stored.subarray(0, SUM_AT), valueAt - SUM_AT);
  bytes.set(stored.subarray(ENVELOPE_BYTES), valueAt);
  const sum = sumInRoom(bytes, key, valueAt, valueBytes);
  for (let at = 0; at < SUM_BYTES; at++) {
    if (sum.charCodeAt(at) !== stored[SUM_AT + at]) return 'sum';
  }
  return undefined;
}
