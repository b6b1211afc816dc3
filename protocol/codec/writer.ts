import { WaggleError } from '../errors.ts';
import { isCanonicalText } from './text.ts';

const ENCODER = new TextEncoder();
const U32 = 2 ** 32;

/** Appends big-endian fields to a growing buffer. Every method but `finish` returns the writer. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#bytes = new Uint8Array(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  #room(bytes: number): number {
    const at = this.#length;
    const needed = at + bytes;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#length = needed;
    return at;
  }

  #number(value: number, bytes: number): this {
    const max = bytes === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * bytes) - 1;
    if (!Number.isSafeInteger(value) || value < 0 || value > max) {
      throw new WaggleError('WAGGLE_CODEC_RANGE', { value, bytes });
    }
    const at = this.#room(bytes);
    let rest = value;
    for (let place = bytes - 1; place >= 0; place--) {
      this.#bytes[at + place] = rest % 256;
      rest = Math.floor(rest / 256);
    }
    return this;
  }

  u8(value: number): this {
    return this.#number(value, 1);
  }

  u16(value: number): this {
    return this.#number(value, 2);
  }

  u32(value: number): this {
    return this.#number(value, 4);
  }

  /** Safe integers only. @throws WaggleError WAGGLE_CODEC_RANGE */
  u64(value: number): this {
    return this.#number(value, 8);
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
    if (!isCanonicalText(value)) throw new WaggleError('WAGGLE_CODEC_TEXT', { length: value.length });
    return this.bytes16(ENCODER.encode(value));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
