import { link, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { equals } from 'uint8arrays/equals';
import type { KeyPair } from '../../protocol/crypto/keys.ts';
import { syncDirectory } from './journal-file.ts';
import type { KeySubject } from './key-format.ts';
import type { KeyLock } from './key-lock.ts';
import { keyFacts, loadOrCreateKey } from './keystore.ts';

/* The key that a rotation is to put in the place of an operator's stands beside it in the home. */

export function nextKeyPath(path: string): string {
  return `${path}.next`;
}

/** An old key without a seat may still be that of an admin. */
function oldKeyPath(path: string): string {
  return `${path}.old`;
}

/** The next key, made when there is none: it opens, and it is on the disk to stay, before anybody hears of it. @throws as loadKey */
export async function makeNextKey(path: string, subject: KeySubject, lock?: KeyLock): Promise<KeyPair> {
  const pair = await loadOrCreateKey(nextKeyPath(path), subject, lock);
  // Also after a crash that came between the name and its sync.
  await syncDirectory(dirname(path));
  return pair;
}

/**
 * The next key takes the place of the one in use, which is kept. There is a key at `path` all the time.
 * @returns false, and nothing is changed, where another old key stands in the way
 */
export async function replaceByNext(path: string): Promise<boolean> {
  const old = oldKeyPath(path);
  try {
    await link(path, old);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const [kept, current] = [await keyFacts(old), await keyFacts(path)];
    // The same where a run before was broken off between the two steps.
    if (kept === undefined || current === undefined || !equals(kept.publicKey, current.publicKey)) return false;
  }
  await syncDirectory(dirname(path));
  await rename(nextKeyPath(path), path);
  await syncDirectory(dirname(path));
  return true;
}
