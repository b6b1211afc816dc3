import { WaggleError } from '../errors.ts';
import { isCanonicalText, isPlain } from './text.ts';

/** Texts up to here are read byte by byte: a native call costs more. */
const SHORT_TEXT_BYTES_MAX = 12;
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

  u8(): number {
    const at = this.#take(1);
    return this.#bytes[at] ?? 0;
  }

  u16(): number {
    const at = this.#take(2);
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }

  u32(): number {
    const bytes = this.#bytes;
    const at = this.#take(4);
    const word = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
    return (word | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
  }

  /** @throws WaggleError WAGGLE_CODEC_RANGE beyond 2^53 − 1 */
  u64(): number {
    const high = this.u32();
    const low = this.u32();
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
  if (bytes.length <= SHORT_TEXT_BYTES_MAX) {
    const plain = shortPlainText(bytes);
    if (plain !== undefined) return plain;
  }
  try {
    const text = DECODER.decode(bytes);
    return isCanonicalText(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

function shortPlainText(bytes: Uint8Array): string | undefined {
  let text = '';
  for (const byte of bytes) {
    if (!isPlain(byte)) return undefined;
    text += String.fromCharCode(byte);
  }
  return text;
}
