import { RPC_LIMITS } from './limits.ts';

export interface JsonShape {
  /** Why the text is refused before it is parsed. */
  readonly refused?: 'depth' | 'elements';
  /** Names of objects as they are written, each time a name is. */
  readonly names: number;
  /** Every number is a plain whole number of at most 15 digits, so parsing loses nothing. */
  readonly isPlain: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const ZERO = 0x30;
const DIGITS_MAX = 15;

/**
 * One pass over the raw bytes of a JSON text, so that what would be slow or deep is refused before JSON.parse sees it
 * (reliability.md 0.8). It need not know whether the text is valid: a wrong guess on broken text ends as a parse error.
 */
export function scanJson(bytes: Uint8Array): JsonShape {
  const { length } = bytes;
  let depth = 0;
  let elements = 0;
  let names = 0;
  let isPlain = true;
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) at = endOfString(bytes, at);
    else if (byte === 0x5b || byte === 0x7b) {
      elements += 1;
      if (++depth > RPC_LIMITS.depthMax) return { refused: 'depth', names, isPlain };
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === 0x2c) elements += 1;
    else if (byte === COLON) names += 1;
    else if (isNumberByte(byte)) {
      const end = endOfNumber(bytes, at);
      if (!isPlainWhole(bytes, at, end)) isPlain = false;
      at = end - 1;
    }
    if (elements > RPC_LIMITS.elementsMax) return { refused: 'elements', names, isPlain };
  }
  return { names, isPlain };
}

/** Place of the closing quote, or the end of the text. */
function endOfString(bytes: Uint8Array, open: number): number {
  let at = open + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** A digit or a minus sign starts a number; the `e` of `true` does not. */
function isNumberByte(byte: number): boolean {
  return isDigit(byte) || byte === 0x2d;
}

function endOfNumber(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    const isExponent = byte === 0x65 || byte === 0x45;
    if (!isDigit(byte) && !isExponent && byte !== 0x2b && byte !== 0x2d && byte !== 0x2e) break;
  }
  return at;
}

function isPlainWhole(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start > DIGITS_MAX) return false;
  for (let at = start; at < end; at++) if (!isDigit(bytes[at] ?? 0)) return false;
  return true;
}
