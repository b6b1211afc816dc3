import { equals } from 'uint8arrays/equals';
import { fromString } from 'uint8arrays/from-string';
import { toString as textOf } from 'uint8arrays/to-string';
import { exportSeed, type KeyPair, keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import type { KdfFacts, KeyLock, Sealed } from './key-lock.ts';

/*
 * A key file: one JSON object. Version 1 holds the seed as it is, for homes that were made so on purpose; version 2 holds
 * it sealed, and its header is covered by the seal, so that no field can be changed unseen.
 */

const KIND = 'ed25519-seed';
const HEX = /^(?:[0-9a-f]{2})*$/;

/** What a file says without being opened. */
export interface KeyFacts {
  readonly publicKey: Uint8Array;
  readonly encrypted: boolean;
}

interface Parsed {
  readonly publicKey: Uint8Array;
  readonly seed?: Uint8Array;
  readonly kdf?: KdfFacts;
  readonly sealed?: Sealed;
}

export function encodePlainKey(pair: KeyPair): string {
  const [publicKey, seed] = [hex(pair.publicKey), hex(exportSeed(pair))];
  return `${JSON.stringify({ v: 1, kind: KIND, publicKey, seed })}\n`;
}

/** @throws WaggleError WAGGLE_KEY_KDF */
export async function encodeSealedKey(pair: KeyPair, lock: KeyLock): Promise<string> {
  const kdf = lock.kdf();
  const { publicKey } = pair;
  const sealed = await lock.seal(exportSeed(pair), (nonce) => headerOf(publicKey, kdf, nonce), kdf);
  const cipher = { name: 'aes-256-gcm', nonce: hex(sealed.nonce), tag: hex(sealed.tag) };
  const file = { v: 2, kind: KIND, publicKey: hex(publicKey), kdf: { ...kdf, salt: hex(kdf.salt) }, cipher };
  return `${JSON.stringify({ ...file, sealed: hex(sealed.bytes) })}\n`;
}

/** Everything of the file but what is sealed, in one spelling. */
function headerOf(publicKey: Uint8Array, { name, n, r, p, salt }: KdfFacts, nonce: Uint8Array): Uint8Array {
  const header = ['waggle-key', 2, KIND, hex(publicKey), name, n, r, p, hex(salt), 'aes-256-gcm', hex(nonce)];
  return new TextEncoder().encode(JSON.stringify(header));
}

/** @throws WaggleError WAGGLE_KEY_DAMAGED {path, reason} */
export function readKeyFacts(path: string, text: string): KeyFacts {
  const { publicKey, sealed } = parse(path, text);
  return { publicKey, encrypted: sealed !== undefined };
}

/**
 * @throws WaggleError WAGGLE_KEY_DAMAGED {path, reason} never with anything of the content
 * @throws WaggleError WAGGLE_KEY_LOCKED {path}: a passphrase is needed; WAGGLE_KEY_PASSPHRASE {path}: not this one, or damage
 * @throws WaggleError WAGGLE_KEY_KDF {n, r, p}
 */
export async function decodeKey(path: string, text: string, lock: KeyLock | undefined): Promise<KeyPair> {
  const { publicKey, seed, kdf, sealed } = parse(path, text);
  if (seed !== undefined) return pairOf(path, seed, publicKey);
  if (kdf === undefined || sealed === undefined) throw damagedKey(path, 'form');
  if (lock === undefined) throw new WaggleError('WAGGLE_KEY_LOCKED', { path });
  const opened = await lock.open(sealed, headerOf(publicKey, kdf, sealed.nonce), kdf);
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
  if (v === 1) return { publicKey, seed: bytesOf(path, fields.get('seed'), 32, 'seed') };
  if (v !== 2) throw damagedKey(path, 'kind');
  const [kdf, cipher] = [fieldsOf(path, fields.get('kdf'), 'kdf'), fieldsOf(path, fields.get('cipher'), 'cipher')];
  if (kdf.get('name') !== 'scrypt' || cipher.get('name') !== 'aes-256-gcm') throw damagedKey(path, 'cipher');
  const [n, r, p] = ['n', 'r', 'p'].map((name) => wholeOf(path, kdf.get(name))) as [number, number, number];
  return {
    publicKey,
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
