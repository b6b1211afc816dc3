import { WaggleError } from './errors.ts';

const DIGITS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const FORM = /^(?:[0-9a-f]{2})*$/;

/** Lower-case hex without a prefix. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

/**
 * Strict: lower case, even, and exactly `lengthBytes` when given.
 * @throws WaggleError WAGGLE_CODEC_HEX
 */
export function fromHex(text: string, lengthBytes?: number): Uint8Array {
  if (!FORM.test(text) || (lengthBytes !== undefined && text.length !== lengthBytes * 2)) {
    throw new WaggleError('WAGGLE_CODEC_HEX', { length: text.length });
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at++) bytes[at] = Number.parseInt(text.slice(at * 2, at * 2 + 2), 16);
  return bytes;
}
