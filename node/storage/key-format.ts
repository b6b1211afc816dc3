import { equals } from 'uint8arrays/equals';
import { fromString } from 'uint8arrays/from-string';
import { toString as textOf } from 'uint8arrays/to-string';
import { exportSeed, type KeyPair, keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import type { KdfFacts, KeyLock, Sealed } from './key-lock.ts';

/*
 * A key file: one JSON object. Version 1 holds the seed as it is, for homes that were made so on purpose; versions 2 and 3
 * hold it sealed, and the header is covered by the seal, so that no field can be changed unseen. Version 3 says whose key
 * it is, so that a file renamed to another model's is noticed; version 2 is still read, and cannot say.
 */

const KIND = 'ed25519-seed';
const HEX = /^(?:[0-9a-f]{2})*$/;

/** Whose key it is: a model id has no slash, so no model can take the place of a key of the node. */
export type KeySubject = 'node' | 'validator' | 'operator' | `model/${string}`;

/** What a file says without being opened. */
export interface KeyFacts {
  readonly publicKey: Uint8Array;
  readonly encrypted: boolean;
  /** As the file has it, undefined in those of earlier versions; a seal covers it, and only opening proves that. */
  readonly subject: string | undefined;
}

interface Parsed {
  readonly publicKey: Uint8Array;
  readonly subject: string | undefined;
  readonly seed?: Uint8Array;
  readonly kdf?: KdfFacts;
  readonly sealed?: Sealed;
}

export function encodePlainKey(pair: KeyPair, subject: KeySubject): string {
  const [publicKey, seed] = [hex(pair.publicKey), hex(exportSeed(pair))];
  return `${JSON.stringify({ v: 1, kind: KIND, subject, publicKey, seed })}\n`;
}

/** @throws WaggleError WAGGLE_KEY_KDF */
export async function encodeSealedKey(pair: KeyPair, subject: KeySubject, lock: KeyLock): Promise<string> {
  const kdf = lock.kdf();
  const { publicKey } = pair;
  const sealed = await lock.seal(exportSeed(pair), (nonce) => headerOf({ publicKey, subject }, kdf, nonce), kdf);
  const cipher = { name: 'aes-256-gcm', nonce: hex(sealed.nonce), tag: hex(sealed.tag) };
  const file = { v: 3, kind: KIND, subject, publicKey: hex(publicKey), kdf: { ...kdf, salt: hex(kdf.salt) }, cipher };
  return `${JSON.stringify({ ...file, sealed: hex(sealed.bytes) })}\n`;
}

/** Everything of the file but what is sealed, in one spelling. Without a subject: version 2. */
function headerOf(
  { publicKey, subject }: Pick<Parsed, 'publicKey' | 'subject'>,
  { name, n, r, p, salt }: KdfFacts,
  nonce: Uint8Array,
): Uint8Array {
  const whose = subject === undefined ? [2, KIND] : [3, KIND, subject];
  const header = ['waggle-key', ...whose, hex(publicKey), name, n, r, p, hex(salt), 'aes-256-gcm', hex(nonce)];
  return new TextEncoder().encode(JSON.stringify(header));
}

/** @throws WaggleError WAGGLE_KEY_DAMAGED {path, reason} */
export function readKeyFacts(path: string, text: string): KeyFacts {
  const { publicKey, sealed, subject } = parse(path, text);
  return { publicKey, encrypted: sealed !== undefined, subject };
}

/**
 * @throws WaggleError WAGGLE_KEY_SUBJECT {path, subject, wanted}: the file was renamed
 * @throws WaggleError WAGGLE_KEY_DAMAGED {path, reason} never with anything of the content
 * @throws WaggleError WAGGLE_KEY_LOCKED {path}: a passphrase is needed; WAGGLE_KEY_PASSPHRASE {path}: not this one, or damage
 * @throws WaggleError WAGGLE_KEY_KDF {n, r, p}
 */
export async function decodeKey(
  path: string,
  text: string,
  lock: KeyLock | undefined,
  wanted: KeySubject,
): Promise<KeyPair> {
  const { publicKey, subject, seed, kdf, sealed } = parse(path, text);
  if (subject !== undefined && subject !== wanted)
    throw new WaggleError('WAGGLE_KEY_SUBJECT', { path, subject, wanted });
  if (seed !== undefined) return pairOf(path, seed, publicKey);
  if (kdf === undefined || sealed === undefined) throw damagedKey(path, 'form');
  if (lock === undefined) throw new WaggleError('WAGGLE_KEY_LOCKED', { path });
  const opened = await lock.open(sealed, headerOf({ publicKey, subject }, kdf, sealed.nonce), kdf);
  if (opened === undefined) throw new WaggleError('WAGGLE_KEY_PASSPHRASE', { path });
  return pairOf(path, opened, publicKey);
}

/** A rotted seed would sign with a key nobody knows; better not to start. */
function pairOf(path: string, seed: Uint8Array, publicKey: Uint8Array): KeyPair {
  const pair = keyPairFromSeed(seed);
  if (!equals(pair.publicKey, publicKey)) throw damagedKey(path, 'mismatch');
  return pair;
}

function parse(path: string, text: string): Parsed {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damagedKey(path, 'json');
  }
  const fields = fieldsOf(path, value, 'json');
  if (fields.get('kind') !== KIND) throw damagedKey(path, 'kind');
  const publicKey = bytesOf(path, fields.get('publicKey'), 32, 'public key');
  const v = fields.get('v');
  const subject = v === 2 ? undefined : subjectOf(path, fields.get('subject'));
  if (v === 1) return { publicKey, subject, seed: bytesOf(path, fields.get('seed'), 32, 'seed') };
  if (v !== 2 && (v !== 3 || subject === undefined)) throw damagedKey(path, 'kind');
  const [kdf, cipher] = [fieldsOf(path, fields.get('kdf'), 'kdf'), fieldsOf(path, fields.get('cipher'), 'cipher')];
  if (kdf.get('name') !== 'scrypt' || cipher.get('name') !== 'aes-256-gcm') throw damagedKey(path, 'cipher');
  const [n, r, p] = ['n', 'r', 'p'].map((name) => wholeOf(path, kdf.get(name))) as [number, number, number];
  return {
    publicKey,
    subject,
    kdf: { name: 'scrypt', n, r, p, salt: bytesOf(path, kdf.get('salt'), 16, 'salt') },
    sealed: {
      nonce: bytesOf(path, cipher.get('nonce'), 12, 'nonce'),
      tag: bytesOf(path, cipher.get('tag'), 16, 'tag'),
      bytes: bytesOf(path, fields.get('sealed'), 32, 'sealed'),
    },
  };
}

function fieldsOf(path: string, value: unknown, reason: string): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damagedKey(path, reason);
  return new Map(Object.entries(value));
}

function subjectOf(path: string, value: unknown): string | undefined {
  if (value !== undefined && typeof value !== 'string') throw damagedKey(path, 'subject');
  return value;
}

function bytesOf(path: string, value: unknown, length: number, reason: string): Uint8Array {
  if (typeof value !== 'string' || value.length !== 2 * length || !HEX.test(value)) throw damagedKey(path, reason);
  return fromString(value, 'hex');
}

function wholeOf(path: string, value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw damagedKey(path, 'kdf');
  return value;
}

function hex(bytes: Uint8Array): string {
  return textOf(bytes, 'hex');
}

export function damagedKey(path: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_KEY_DAMAGED', { path, reason });
}
