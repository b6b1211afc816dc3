import { WaggleError } from '../errors.ts';
import { decodeText } from './reader.ts';
import { isCanonicalText, isPlainText } from './text.ts';
import { Writer } from './writer.ts';

/** What canonical dag-cbor may hold here: no floats, no tags, no undefined, safe integers only. */
export type CborValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CborValue[]
  | { readonly [key: string]: CborValue };

export interface CborLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
  readonly itemsMax: number;
}

/** Maps up to here are sorted in place. */
const SHORT_MAP_MAX = 32;
const ENCODER = new TextEncoder();
const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, simple: 7 } as const;

/**
 * The one encoding of a value (dag-cbor: minimal heads, map keys by length, then bytes).
 * @throws WaggleError WAGGLE_CBOR_VALUE for what has no canonical form
 */
export function encodeCanonical(value: CborValue): Uint8Array {
  const writer = new Writer();
  encode(value, writer);
  return writer.finish();
}

/** As `encodeCanonical`, behind what the writer holds already. */
export function writeCanonical(writer: Writer, value: CborValue): void {
  encode(value, writer);
}

function encode(value: CborValue, writer: Writer): void {
  if (value === null) writer.u8(0xf6);
  else if (typeof value === 'boolean') writer.u8(value ? 0xf5 : 0xf4);
  else if (typeof value === 'number') encodeInteger(value, writer);
  else if (typeof value === 'string') encodeText(value, writer);
  else if (value instanceof Uint8Array) head(writer, MAJOR.bytes, value.length).bytes(value);
  else if (Array.isArray(value)) {
    head(writer, MAJOR.list, value.length);
    for (const item of value) encode(item, writer);
  } else if (typeof value === 'object') encodeMap(value as { readonly [key: string]: CborValue }, writer);
  else throw new WaggleError('WAGGLE_CBOR_VALUE', { type: typeof value });
}

function encodeInteger(value: number, writer: Writer): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new WaggleError('WAGGLE_CBOR_VALUE', { value });
  if (value >= 0) head(writer, MAJOR.uint, value);
  else head(writer, MAJOR.negative, -1 - value);
}

function encodeText(value: string, writer: Writer): void {
  if (isPlainText(value)) {
    head(writer, MAJOR.text, value.length).plain(value);
    return;
  }
  if (!isCanonicalText(value)) throw new WaggleError('WAGGLE_CODEC_TEXT', { length: value.length });
  const bytes = ENCODER.encode(value);
  head(writer, MAJOR.text, bytes.length).bytes(bytes);
}

function encodeMap(value: { readonly [key: string]: CborValue }, writer: Writer): void {
  const keys = Object.keys(value);
  if (keys.every(isPlainText)) sortPlain(keys);
  else sortEncoded(keys);
  head(writer, MAJOR.map, keys.length);
  for (const key of keys) {
    encodeText(key, writer);
    encode(value[key] as CborValue, writer);
  }
}

/** Of plain ASCII, units are bytes. Few keys, mostly in order: insertion beats a call a comparison. */
function sortPlain(keys: string[]): void {
  if (keys.length > SHORT_MAP_MAX) {
    keys.sort((a, b) => (isAfter(a, b) ? 1 : -1));
    return;
  }
  for (let from = 1; from < keys.length; from++) {
    const key = keys[from] ?? '';
    let at = from;
    for (; at > 0 && isAfter(keys[at - 1] ?? '', key); at--) keys[at] = keys[at - 1] ?? '';
    keys[at] = key;
  }
}

function isAfter(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}

function sortEncoded(keys: string[]): void {
  const bytes = new Map(keys.map((key) => [key, ENCODER.encode(key)]));
  const none = new Uint8Array(0);
  keys.sort((a, b) => compareKeys(bytes.get(a) ?? none, bytes.get(b) ?? none));
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function head(writer: Writer, major: number, value: number): Writer {
  const first = major << 5;
  if (value < 24) return writer.u8(first | value);
  if (value < 0x100) return writer.u8(first | 24).u8(value);
  if (value < 0x10000) return writer.u8(first | 25).u16(value);
  if (value < 2 ** 32) return writer.u8(first | 26).u32(value);
  return writer.u8(first | 27).u64(value);
}

/**
 * One strict pass over untrusted bytes: what it returns encodes to exactly these bytes again.
 * @throws WaggleError WAGGLE_CBOR_*, WAGGLE_CODEC_*; nothing else
 */
export function decodeCanonical(bytes: Uint8Array, limits: CborLimits): CborValue {
  if (bytes.length > limits.bytesMax) throw new WaggleError('WAGGLE_CBOR_BYTES', { bytes: bytes.length });
  const decoder = new Decoder(bytes, limits);
  const value = decoder.value(0);
  decoder.end();
  return value;
}

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #limits: CborLimits;
  #offset = 0;
  #items = 0;

  constructor(bytes: Uint8Array, limits: CborLimits) {
    this.#bytes = bytes;
    this.#limits = limits;
  }

  end(): void {
    if (this.#offset !== this.#bytes.length) throw new WaggleError('WAGGLE_CODEC_TRAILING', { offset: this.#offset });
  }

  #fault(reason: string): WaggleError {
    return new WaggleError('WAGGLE_CBOR_FORM', { reason, offset: this.#offset });
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw this.#fault('short');
    this.#offset += 1;
    return byte;
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#offset) throw this.#fault('short');
    const taken = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return taken;
  }

  #argument(info: number): number {
    if (info < 24) return info;
    const length = info === 24 ? 1 : info === 25 ? 2 : info === 26 ? 4 : info === 27 ? 8 : 0;
    if (length === 0) throw this.#fault('head');
    let value = 0;
    for (let place = 0; place < length; place++) value = value * 256 + this.#byte();
    const least = length === 1 ? 24 : 2 ** (4 * length);
    if (value < least) throw this.#fault('not minimal');
    if (!Number.isSafeInteger(value)) throw this.#fault('integer');
    return value;
  }

  value(depth: number): CborValue {
    this.#items += 1;
    if (this.#items > this.#limits.itemsMax) throw this.#fault('items');
    if (depth > this.#limits.depthMax) throw this.#fault('depth');
    const byte = this.#byte();
    const major = byte >>> 5;
    if (major === MAJOR.simple) return this.#simple(byte);
    const argument = this.#argument(byte & 31);
    if (major === MAJOR.uint) return argument;
    if (major === MAJOR.negative) return this.#negative(argument);
    if (major === MAJOR.bytes) return this.#take(argument);
    if (major === MAJOR.text) return this.#text(argument);
    if (major === MAJOR.list) return this.#list(argument, depth);
    if (major === MAJOR.map) return this.#map(argument, depth);
    throw this.#fault('tag');
  }

  #simple(byte: number): CborValue {
    if (byte === 0xf6) return null;
    if (byte === 0xf5) return true;
    if (byte === 0xf4) return false;
    throw this.#fault('simple');
  }

  #negative(argument: number): number {
    const value = -1 - argument;
    if (!Number.isSafeInteger(value)) throw this.#fault('integer');
    return value;
  }

  #text(length: number): string {
    const text = decodeText(this.#take(length));
    if (text === undefined) throw this.#fault('text');
    return text;
  }

  /** Every item takes a byte at least, so a count beyond the rest is refused before anything is made. */
  #count(count: number): number {
    if (count > this.#bytes.length - this.#offset) throw this.#fault('short');
    return count;
  }

  #list(length: number, depth: number): CborValue[] {
    const list: CborValue[] = [];
    for (let at = this.#count(length); at > 0; at--) list.push(this.value(depth + 1));
    return list;
  }

  #map(length: number, depth: number): CborValue {
    const map = Object.create(null) as { [key: string]: CborValue };
    let before: Uint8Array | undefined;
    for (let at = this.#count(length); at > 0; at--) {
      const byte = this.#byte();
      if (byte >>> 5 !== MAJOR.text) throw this.#fault('key');
      const start = this.#argument(byte & 31);
      const keyBytes = this.#take(start);
      if (before !== undefined && compareKeys(before, keyBytes) >= 0) throw this.#fault('key order');
      before = keyBytes;
      const key = decodeText(keyBytes);
      if (key === undefined) throw this.#fault('text');
      map[key] = this.value(depth + 1);
    }
    return map;
  }
}
