import { WaggleError } from '../errors.ts';
import { isCanonicalText } from './text.ts';

const DECODER = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads big-endian fields in one pass and refuses whatever is not canonical, with the offset as a fact.
 * Lengths are checked against what is there before anything is made of them.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  #take(length: number): number {
    const at = this.#offset;
    if (length > this.#bytes.length - at) {
      throw new WaggleError('WAGGLE_CODEC_SHORT', { offset: at, wanted: length });
    }
    this.#offset = at + length;
    return at;
  }

  #number(length: number): number {
    const at = this.#take(length);
    let value = 0;
    for (let place = 0; place < length; place++) value = value * 256 + (this.#bytes[at + place] ?? 0);
    return value;
  }

  u8(): number {
    return this.#number(1);
  }

  u16(): number {
    return this.#number(2);
  }

  u32(): number {
    return this.#number(4);
  }

  /** @throws WaggleError WAGGLE_CODEC_RANGE beyond 2^53 − 1 */
  u64(): number {
    const high = this.#number(4);
    const low = this.#number(4);
    if (high > 0x1fffff) throw new WaggleError('WAGGLE_CODEC_RANGE', { offset: this.#offset });
    return high * 2 ** 32 + low;
  }

  /** A view of the next bytes; nothing is copied. */
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  bytes16(maxBytes: number): Uint8Array {
    return this.bytes(this.#length(this.u16(), maxBytes));
  }

  bytes32(maxBytes: number): Uint8Array {
    return this.bytes(this.#length(this.u32(), maxBytes));
  }

  #length(length: number, maxBytes: number): number {
    if (length > maxBytes) throw new WaggleError('WAGGLE_CODEC_LENGTH', { offset: this.#offset, length, maxBytes });
    return length;
  }

  /** @throws WaggleError WAGGLE_CODEC_TEXT for invalid UTF-8 or text that is not canonical */
  text16(maxBytes: number): string {
    const offset = this.#offset;
    const bytes = this.bytes16(maxBytes);
    const text = decodeText(bytes);
    if (text === undefined) throw new WaggleError('WAGGLE_CODEC_TEXT', { offset });
    return text;
  }

  /** @throws WaggleError WAGGLE_CODEC_TRAILING when bytes are left */
  end(): void {
    if (this.remaining > 0) throw new WaggleError('WAGGLE_CODEC_TRAILING', { offset: this.#offset });
  }
}

/** Strict UTF-8 to canonical text, or undefined. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    const text = DECODER.decode(bytes);
    return isCanonicalText(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
