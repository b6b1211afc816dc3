import { z } from 'zod';
import { isCanonicalText } from '../../protocol/codec/text.ts';
import { isRegistrableKey } from '../../protocol/crypto/keys.ts';
import { type Id, isId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { RPC_LIMITS } from './limits.ts';
import { readable } from './schema-words.ts';

/*
 * Fields that several methods share: one zod source for validation, types and the OpenRPC document. All refuse, none
 * repairs: a text that this door changed would no longer be what its author signed (reliability.md 6, rule 10).
 */

const ID_FORM = '^[a-z0-9][a-z0-9._-]{0,63}$';
const ID_WORDS = 'an id of 1…64 lower-case letters, digits, dots, hyphens, underscores, a letter or digit first';

/** A text of one form: `words` say what it is, in refusals and in the reference. */
function formed(isForm: (text: string) => boolean, words: string) {
  return z.string().refine(isForm, { error: `expected ${words}` });
}

export const id = formed(isId, ID_WORDS)
  .transform((text) => text as Id)
  .meta({ type: 'string', pattern: ID_FORM, description: ID_WORDS });

const HEX = /^[0-9a-f]*$/;

export function isHexOf(text: string, lengthBytes: number): boolean {
  return text.length === lengthBytes * 2 && HEX.test(text);
}

/** Of a text that is hex. */
export function bytesOfHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  Buffer.from(bytes.buffer).write(text, 'hex');
  return bytes;
}

function hex(lengthBytes: number) {
  const digits = lengthBytes * 2;
  const pattern = `^[0-9a-f]{${digits}}$`;
  const words = `a hex of ${digits} digits in lower case`;
  return formed((text) => isHexOf(text, lengthBytes), words)
    .transform(bytesOfHex)
    .meta({ type: 'string', pattern, description: words });
}

export const hash = hex(32);
/** A key that may be registered: the ledger would refuse another, without saying which (reliability.md 4). */
export const publicKey = hex(32)
  .refine(isRegistrableKey, { error: 'no usable ed25519 public key' })
  .meta({ type: 'string', pattern: '^[0-9a-f]{64}$', description: 'an ed25519 public key in 64 digits of hex' });
export const signature = hex(64);

const TIME_WORDS = 'an RFC 3339 time in UTC such as 2026-01-31T12:00:00.000Z';
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** RFC 3339 in UTC, to Unix milliseconds. A day that no calendar has is refused, not rolled over. */
export const time = formed(isTime, TIME_WORDS)
  .transform((text) => Date.parse(text))
  .meta({ type: 'string', format: 'date-time', description: TIME_WORDS });

export function isTime(text: string): boolean {
  if (!TIME.test(text)) return false;
  const ms = Date.parse(text);
  return ms >= 0 && new Date(ms).toISOString().slice(0, 19) === text.slice(0, 19);
}

const BLANK = /^[\t\n ]*$/;

/** One spelling only (NFC), no controls or bidi overrides, not blank. */
export function text(bytesMax: number) {
  const words = `a text of 1…${readable(bytesMax)} bytes, not blank`;
  return optionalText(bytesMax)
    .refine((value) => !BLANK.test(value), { error: 'blank: expected a text' })
    .meta({ type: 'string', maxLength: bytesMax, description: words });
}

/** In its one spelling, and not too long. */
export function isShortText(text: string, bytesMax: number): boolean {
  return text.length <= bytesMax && isCanonicalText(text) && Buffer.byteLength(text) <= bytesMax;
}

/** As `text`, but may be blank: a comment. */
export function optionalText(bytesMax: number) {
  return z
    .string()
    .refine(isCanonicalText, {
      error: 'expected text in Unicode NFC without control characters, bidi overrides or lone surrogates',
    })
    .refine((value) => Buffer.byteLength(value) <= bytesMax, {
      error: `too long: ${readable(bytesMax)} bytes at most`,
    })
    .meta({ type: 'string', maxLength: bytesMax, description: `a text of at most ${readable(bytesMax)} bytes` });
}

export const title = text(LIMITS.titleBytesMax);
export const reason = text(LIMITS.reasonBytesMax);
export const height = z.int().min(0);

export const fraction = z
  .strictObject({
    num: z.int().min(0).max(LIMITS.fractionPartMax),
    den: z.int().min(1).max(LIMITS.fractionPartMax),
  })
  .meta({ description: 'a fraction {num, den} of whole numbers' });

/** Every list: a page of at most `limit` items behind `cursor`. */
export const page = {
  limit: z.int().min(1).max(RPC_LIMITS.pageMax).default(RPC_LIMITS.pageDefault),
  cursor: z.string().min(1).max(512).optional(),
};

export const awaitFinal = z.enum(['accepted', 'final']).default('final');

/** Shapes of results, for the OpenRPC document and the tests. */
export const out = {
  id: z.string(),
  hex: z.string().regex(/^(?:[0-9a-f]{2})*$/),
  time: z.string().regex(/^\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  height: z.int().min(0),
  count: z.int().min(0),
  /** Not reduced and not bounded by what a rule may say. */
  fraction: z.strictObject({ num: z.int().min(0), den: z.int().min(1) }),
};

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    next: z.string().nullable(),
    at: z.strictObject({ height: out.height }),
  });
}
