import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equals } from 'uint8arrays/equals';
import { fromString } from 'uint8arrays/from-string';
import { toString as bytesToString } from 'uint8arrays/to-string';
import { exportSeed, generateKeyPair, type KeyPair, keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { type Id, isId } from '../../protocol/ids.ts';
import { syncDirectory } from './journal-file.ts';

const SUFFIX = '.key';
const KEY_HEX = /^[0-9a-f]{64}$/;
const FILE_BYTES_MAX = 4096;

/**
 * The key at `path`, made and saved when there is none.
 * @throws WaggleError WAGGLE_KEY_MODE {path, mode} others than the owner may read it
 * @throws WaggleError WAGGLE_KEY_DAMAGED {path, reason} never with anything of the content
 */
export async function loadOrCreateKey(path: string): Promise<KeyPair> {
  const found = await loadKey(path);
  if (found !== undefined) return found;
  await saveKey(path, generateKeyPair());
  // Read back, so that of two that create it at once both hold the one that won.
  const saved = await loadKey(path);
  if (saved === undefined) throw damagedKey(path, 'gone');
  return saved;
}

/** The key at `path`, undefined when there is none. @throws as loadOrCreateKey */
export async function loadKey(path: string): Promise<KeyPair | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damagedKey(path, (error as NodeJS.ErrnoException).code ?? 'open');
  }
  try {
    const { mode, size } = await handle.stat();
    if ((mode & 0o077) !== 0) throw new WaggleError('WAGGLE_KEY_MODE', { path, mode: (mode & 0o777).toString(8) });
    if (size > FILE_BYTES_MAX) throw damagedKey(path, 'size');
    return decodeKey(path, await handle.readFile('utf8'));
  } finally {
    await handle.close();
  }
}

/** Keys of the models this node operates, by model id. @throws as loadOrCreateKey; WAGGLE_KEY_NAME {path} not an id */
export async function loadModelKeys(directory: string): Promise<Map<Id, KeyPair>> {
  const keys = new Map<Id, KeyPair>();
  const names = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.')).sort();
  for (const name of names) {
    const path = join(directory, name);
    const id = name.slice(0, -SUFFIX.length);
    if (!isId(id)) throw new WaggleError('WAGGLE_KEY_NAME', { path });
    const key = await loadKey(path);
    if (key !== undefined) keys.set(id, key);
  }
  return keys;
}

/**
 * Save the key of a model as `<id>.key`. An id has no slash and no leading dot, so it cannot leave the directory.
 * @throws WaggleError WAGGLE_KEY_NAME not an id; WAGGLE_KEY_EXISTS {path} it has another key already
 */
export async function saveModelKey(directory: string, id: Id, keyPair: KeyPair): Promise<void> {
  if (!isId(id)) throw new WaggleError('WAGGLE_KEY_NAME');
  const path = join(directory, `${id}${SUFFIX}`);
  if (await saveKey(path, keyPair)) return;
  const found = await loadKey(path);
  if (found === undefined || !equals(found.publicKey, keyPair.publicKey)) {
    throw new WaggleError('WAGGLE_KEY_EXISTS', { path });
  }
}

/** Whole or not at all, durable, and never over another key. False when the name is taken. */
async function saveKey(path: string, keyPair: KeyPair): Promise<boolean> {
  const unfinished = join(dirname(path), `.${randomUUID()}.new`);
  const handle = await open(unfinished, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(encodeKey(keyPair));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncDirectory(dirname(path));
  return true;
}

function encodeKey(keyPair: KeyPair): string {
  const publicKey = bytesToString(keyPair.publicKey, 'hex');
  const seed = bytesToString(exportSeed(keyPair), 'hex');
  return `${JSON.stringify({ v: 1, kind: 'ed25519-seed', publicKey, seed })}\n`;
}

function decodeKey(path: string, text: string): KeyPair {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damagedKey(path, 'json');
  }
  if (typeof value !== 'object' || value === null) throw damagedKey(path, 'json');
  const { v, kind, publicKey, seed } = value as Record<string, unknown>;
  if (v !== 1 || kind !== 'ed25519-seed') throw damagedKey(path, 'kind');
  if (typeof seed !== 'string' || !KEY_HEX.test(seed)) throw damagedKey(path, 'seed');
  if (typeof publicKey !== 'string' || !KEY_HEX.test(publicKey)) throw damagedKey(path, 'public key');
  const keyPair = keyPairFromSeed(fromString(seed, 'hex'));
  // A rotted seed would sign with a key nobody knows; better not to start.
  if (!equals(keyPair.publicKey, fromString(publicKey, 'hex'))) throw damagedKey(path, 'mismatch');
  return keyPair;
}

function damagedKey(path: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_KEY_DAMAGED', { path, reason });
}
