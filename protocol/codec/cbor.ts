import { WaggleError } from '../errors.ts';
import { decodeText } from './reader.ts';
import { isCanonicalText } from './text.ts';

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

const ENCODER = new TextEncoder();
const MAJOR = { uint: 0, negative: 1, bytes: 2, text: 3, list: 4, map: 5, simple: 7 } as const;

/**
 * The one encoding of a value (dag-cbor: minimal heads, map keys by length, then bytes).
 * @throws WaggleError WAGGLE_CBOR_VALUE for what has no canonical form
 */
export function encodeCanonical(value: CborValue): Uint8Array {
  const chunks: Uint8Array[] = [];
  encode(value, chunks);
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function encode(value: CborValue, chunks: Uint8Array[]): void {
  if (value === null) chunks.push(Uint8Array.of(0xf6));
  else if (typeof value === 'boolean') chunks.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === 'number') encodeInteger(value, chunks);
  else if (typeof value === 'string') encodeText(value, chunks);
  else if (value instanceof Uint8Array) chunks.push(head(MAJOR.bytes, value.length), value);
  else if (Array.isArray(value)) {
    chunks.push(head(MAJOR.list, value.length));
    for (const item of value) encode(item, chunks);
  } else if (typeof value === 'object') encodeMap(value as { readonly [key: string]: CborValue }, chunks);
  else throw new WaggleError('WAGGLE_CBOR_VALUE', { type: typeof value });
}

function encodeInteger(value: number, chunks: Uint8Array[]): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new WaggleError('WAGGLE_CBOR_VALUE', { value });
  chunks.push(value >= 0 ? head(MAJOR.uint, value) : head(MAJOR.negative, -1 - value));
}

function encodeText(value: string, chunks: Uint8Array[]): void {
  if (!isCanonicalText(value)) throw new WaggleError('WAGGLE_CODEC_TEXT', { length: value.length });
  const bytes = ENCODER.encode(value);
  chunks.push(head(MAJOR.text, bytes.length), bytes);
}

function encodeMap(value: { readonly [key: string]: CborValue }, chunks: Uint8Array[]): void {
  const entries = Object.keys(value).map((key) => ({ key, bytes: ENCODER.encode(key) }));
  entries.sort((a, b) => compareKeys(a.bytes, b.bytes));
  chunks.push(head(MAJOR.map, entries.length));
  for (const { key } of entries) {
    encodeText(key, chunks);
    encode(value[key] as CborValue, chunks);
  }
}

function compareKeys(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) return a.length - b.length;
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function head(major: number, value: number): Uint8Array {
  const first = major << 5;
  if (value < 24) return Uint8Array.of(first | value);
  const [info, length] = value < 0x100 ? [24, 1] : value < 0x10000 ? [25, 2] : value < 2 ** 32 ? [26, 4] : [27, 8];
  const bytes = new Uint8Array(1 + length);
  bytes[0] = first | info;
  let rest = value;
  for (let place = length; place > 0; place--) {
    bytes[place] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
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
