import { WaggleError } from '../errors.ts';
import { isCanonicalText, isPlainText } from './text.ts';

const ENCODER = new TextEncoder();
const U16_MAX = 0xffff;
const U32 = 2 ** 32;
/** Texts up to here are copied unit by unit: a native call costs more. */
const SHORT_TEXT_MAX = 24;
/** Buffers that writers borrow until they finish, a few for those inside of others; none ever leaves this file. */
const SPARES: Uint8Array[] = [];
const SPARES_MAX = 4;
const SPARE_BYTES = 4_096;

/** Appends big-endian fields to a growing buffer. Every method but `finish` returns the writer. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;
  #isSpare: boolean;

  constructor(capacityBytes = 256) {
    this.#isSpare = capacityBytes <= SPARE_BYTES;
    // A writer that never finished, for an error, keeps its buffer: another is made.
    this.#bytes = this.#isSpare ? (SPARES.pop() ?? new Uint8Array(SPARE_BYTES)) : new Uint8Array(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  #room(bytes: number): number {
    const at = this.#length;
    const needed = at + bytes;
    if (needed > this.#bytes.length) this.#grow(needed);
    this.#length = needed;
    return at;
  }

  #grow(needed: number): void {
    const before = this.#bytes;
    this.#bytes = new Uint8Array(Math.max(needed, before.length * 2));
    this.#bytes.set(before.subarray(0, this.#length));
    this.#giveBack(before);
  }

  #giveBack(bytes: Uint8Array): void {
    if (this.#isSpare && SPARES.length < SPARES_MAX) SPARES.push(bytes);
    this.#isSpare = false;
  }

  u8(value: number): this {
    if (value >>> 0 !== value || value > 0xff) throw outOfRange(value, 1);
    const at = this.#room(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    if (value >>> 0 !== value || value > U16_MAX) throw outOfRange(value, 2);
    const at = this.#room(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    if (value >>> 0 !== value) throw outOfRange(value, 4);
    this.#put32(this.#room(4), value);
    return this;
  }

  /** Safe integers only. @throws WaggleError WAGGLE_CODEC_RANGE */
  u64(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) throw outOfRange(value, 8);
    const at = this.#room(8);
    this.#put32(at, Math.floor(value / U32));
    this.#put32(at + 4, value >>> 0);
    return this;
  }

  #put32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
  }

  /** Raw bytes of a length both sides know. */
  bytes(value: Uint8Array): this {
    // Making room may replace the buffer, so it comes first.
    const at = this.#room(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** u16 length, then the bytes. */
  bytes16(value: Uint8Array): this {
    return this.u16(value.length).bytes(value);
  }

  /** u32 length, then the bytes. */
  bytes32(value: Uint8Array): this {
    if (value.length >= U32) throw new WaggleError('WAGGLE_CODEC_RANGE', { bytes: value.length });
    return this.u32(value.length).bytes(value);
  }

  /** u16 length, then UTF-8. @throws WaggleError WAGGLE_CODEC_TEXT for text that is not canonical */
  text16(value: string): this {
    if (isPlainText(value)) return this.u16(value.length).plain(value);
    if (!isCanonicalText(value)) throw new WaggleError('WAGGLE_CODEC_TEXT', { length: value.length });
    return this.bytes16(ENCODER.encode(value));
  }

  /** Text of which `isPlainText` holds: its units are its bytes. */
  plain(value: string): this {
    const at = this.#room(value.length);
    const bytes = this.#bytes;
    if (value.length > SHORT_TEXT_MAX) ENCODER.encodeInto(value, bytes.subarray(at));
    else for (let place = 0; place < value.length; place++) bytes[at + place] = value.charCodeAt(place);
    return this;
  }

  /** What was written, in memory of its own. */
  finish(): Uint8Array {
    const bytes = this.#bytes;
    if (!this.#isSpare && this.#length === bytes.length) return bytes; // as long as was said: no copy
    const finished = bytes.slice(0, this.#length);
    this.#giveBack(bytes);
    this.#bytes = finished;
    return finished;
  }
}

function outOfRange(value: number, bytes: number): WaggleError {
  return new WaggleError('WAGGLE_CODEC_RANGE', { value, bytes });
}
