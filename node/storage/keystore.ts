import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { equals } from 'uint8arrays/equals';
import { generateKeyPair, type KeyPair } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { type Id, isId } from '../../protocol/ids.ts';
import { syncDirectory } from './journal-file.ts';
import {
  damagedKey,
  decodeKey,
  encodePlainKey,
  encodeSealedKey,
  type KeyFacts,
  type KeySubject,
  readKeyFacts,
} from './key-format.ts';
import type { KeyLock } from './key-lock.ts';

const SUFFIX = '.key';
const FILE_BYTES_MAX = 4096;

/**
 * The key at `path`, made and saved when there is none.
 * @throws WaggleError WAGGLE_KEY_MODE {path, mode} others than the owner may read it
 * @throws WaggleError WAGGLE_KEY_DAMAGED {path, reason} never with anything of the content
 */
export async function loadOrCreateKey(path: string, subject: KeySubject, lock?: KeyLock): Promise<KeyPair> {
  const found = await loadKey(path, subject, lock);
  if (found !== undefined) return found;
  await saveKey(path, { pair: generateKeyPair(), subject, lock }, link);
  // Read back, so that of two that create it at once both hold the one that won.
  const saved = await loadKey(path, subject, lock);
  if (saved === undefined) throw damagedKey(path, 'gone');
  return saved;
}

/** The key at `path`, undefined when there is none. @throws as loadOrCreateKey and decodeKey */
export async function loadKey(path: string, subject: KeySubject, lock?: KeyLock): Promise<KeyPair | undefined> {
  const text = await readKeyFile(path);
  return text === undefined ? undefined : await decodeKey(path, text, lock, subject);
}

/** What a key file says without being opened, undefined when there is none. @throws as loadOrCreateKey */
export async function keyFacts(path: string): Promise<KeyFacts | undefined> {
  const text = await readKeyFile(path);
  return text === undefined ? undefined : readKeyFacts(path, text);
}

async function readKeyFile(path: string): Promise<string | undefined> {
  let handle: FileHandle;
  try {
    // A link would let somebody else choose which file is read.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw damagedKey(path, (error as NodeJS.ErrnoException).code ?? 'open');
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw damagedKey(path, 'no file');
    const { mode, size } = stats;
    if ((mode & 0o077) !== 0) throw new WaggleError('WAGGLE_KEY_MODE', { path, mode: (mode & 0o777).toString(8) });
    if (size > FILE_BYTES_MAX) throw damagedKey(path, 'size');
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** Keys of the models this node operates, by model id. @throws as loadKey; WAGGLE_KEY_NAME {path} not an id */
export async function loadModelKeys(directory: string, lock?: KeyLock): Promise<Map<Id, KeyPair>> {
  const keys = new Map<Id, KeyPair>();
  for (const id of await modelKeyNames(directory)) {
    const key = await loadKey(join(directory, `${id}${SUFFIX}`), modelSubject(id), lock);
    if (key !== undefined) keys.set(id, key);
  }
  return keys;
}

/** Models with a key file, by id. @throws WaggleError WAGGLE_KEY_NAME {path} not an id */
export async function modelKeyNames(directory: string): Promise<Id[]> {
  return (await modelKeyFiles(directory)).map((name) => {
    if (!isId(name)) throw new WaggleError('WAGGLE_KEY_NAME', { path: join(directory, `${name}${SUFFIX}`) });
    return name;
  });
}

/** What key files are named after, model ids or not, sorted. */
export async function modelKeyFiles(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX) && !name.startsWith('.')).sort();
  return names.map((name) => name.slice(0, -SUFFIX.length));
}

export function modelSubject(id: Id): KeySubject {
  return `model/${id}`;
}

/** Where the key of a model is, and where its next one waits during a rotation. */
export function modelKeyPaths(directory: string, id: Id): { readonly current: string; readonly next: string } {
  if (!isId(id)) throw new WaggleError('WAGGLE_KEY_NAME');
  const current = join(directory, `${id}${SUFFIX}`);
  return { current, next: `${current}.next` };
}

/**
 * The next key of a model, made when there is none, and proven: it opens, and it is on the disk to stay, before anybody
 * hears of it. Of two that make it at once both get the one that won.
 * @throws as loadKey
 */
export async function prepareNextKey(directory: string, id: Id, lock?: KeyLock): Promise<KeyPair> {
  const { next } = modelKeyPaths(directory, id);
  const subject = modelSubject(id);
  if ((await keyFacts(next)) === undefined) await saveKey(next, { pair: generateKeyPair(), subject, lock }, link);
  // Also after a crash that came between the name and its sync.
  await syncDirectory(directory);
  const pair = await loadKey(next, subject, lock);
  if (pair === undefined) throw damagedKey(next, 'gone');
  return pair;
}

/**
 * The next key becomes the current one; what was current is gone. Done already by another run: nothing is left to do.
 * @throws WaggleError WAGGLE_KEY_MISSING {path} neither is the key that was meant
 */
export async function promoteNextKey(directory: string, id: Id, publicKey: Uint8Array): Promise<void> {
  const { current, next } = modelKeyPaths(directory, id);
  const waiting = await keyFacts(next);
  if (waiting !== undefined && equals(waiting.publicKey, publicKey)) await rename(next, current);
  else if (!equals((await keyFacts(current))?.publicKey ?? new Uint8Array(), publicKey)) {
    throw new WaggleError('WAGGLE_KEY_MISSING', { path: next });
  }
  await syncDirectory(directory);
}

/**
 * Save the key of a model as `<id>.key`. An id has no slash and no leading dot, so it cannot leave the directory.
 * @throws WaggleError WAGGLE_KEY_NAME not an id; WAGGLE_KEY_EXISTS {path} it has another key already
 */
export async function saveModelKey(directory: string, id: Id, pair: KeyPair, lock?: KeyLock): Promise<void> {
  await saveNewKey(modelKeyPaths(directory, id).current, { pair, subject: modelSubject(id), lock });
}

export interface NewKey {
  readonly pair: KeyPair;
  readonly subject: KeySubject;
  /** Plain without one. */
  readonly lock?: KeyLock | undefined;
}

/** @throws WaggleError WAGGLE_KEY_EXISTS {path} there is another key already */
export async function saveNewKey(path: string, key: NewKey): Promise<void> {
  if (await saveKey(path, key, link)) return;
  const found = await keyFacts(path);
  if (found === undefined || !equals(found.publicKey, key.pair.publicKey)) {
    throw new WaggleError('WAGGLE_KEY_EXISTS', { path });
  }
}

/**
 * Write a key to a file outside the home; with `mayReplace` in the place of whatever file is there.
 * @throws WaggleError WAGGLE_KEY_FILE {path, reason} it is there already, or cannot be written
 */
export async function writeKeyFile(path: string, key: NewKey, mayReplace: boolean): Promise<void> {
  let isWritten: boolean;
  try {
    isWritten = await saveKey(path, key, mayReplace ? rename : link);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new WaggleError('WAGGLE_KEY_FILE', { path, reason: `cannot be written (${code})` });
  }
  if (!isWritten) throw new WaggleError('WAGGLE_KEY_FILE', { path, reason: 'is there already' });
}

/** Whole or not at all, and durable; by `link` never over another file. False when the name is taken. */
async function saveKey(path: string, { pair, subject, lock }: NewKey, place: typeof link): Promise<boolean> {
  const content = lock === undefined ? encodePlainKey(pair, subject) : await encodeSealedKey(pair, subject, lock);
  const unfinished = join(dirname(path), `.${randomUUID()}.new`);
  const handle = await open(unfinished, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await place(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncDirectory(dirname(path));
  return true;
}
