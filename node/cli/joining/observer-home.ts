import { exportSeed, generateKeyPair } from '../../../protocol/crypto/keys.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import { createHome } from '../../config/create-home.ts';
import { peerIdOf } from '../../network/identity.ts';
import { homePaths } from '../../storage/home.ts';
import type { KeyLock } from '../../storage/key-lock.ts';
import { keyFacts, loadKey } from '../../storage/keystore.ts';
import { makeDirectory } from '../make-directory.ts';
import { lockForNewKeys, lockForSealedKeys, type PassphraseOptions } from '../passphrase.ts';
import type { ReadInvite } from './invite-file.ts';
import type { Finding } from './preflight.ts';

export interface ObserverSeeds {
  /** Undefined when there is none that the invite is for. */
  readonly nodeSeed: Uint8Array | undefined;
  readonly operatorSeed: Uint8Array;
  readonly finding: Finding;
}

/** The keys to join with: those of the home, else the invite's and a new one. @throws as loadKey */
export async function seedsFor(
  directory: string,
  invite: ReadInvite,
  lock: KeyLock | undefined,
): Promise<ObserverSeeds> {
  const paths = homePaths(directory);
  const own = await loadKey(paths.nodeKey, 'node', lock);
  const operator = (await loadKey(paths.operatorKey, 'operator', lock)) ?? generateKeyPair();
  const nodeSeed = own === undefined ? invite.nodeSeed : exportSeed(own);
  const peer = nodeSeed === undefined ? undefined : peerIdOf(nodeSeed);
  const where = own === undefined ? 'the invite' : paths.nodeKey;
  const ok = peer === invite.peer;
  const detail = ok
    ? `node key of ${where}`
    : peer === undefined
      ? `no key here, and none in the invite, which is for ${invite.peer}`
      : `the key of ${where} is ${peer}, the invite is for ${invite.peer}`;
  const finding: Finding = { check: 'key', subject: invite.name, ok, detail };
  return { nodeSeed: ok ? nodeSeed : undefined, operatorSeed: exportSeed(operator), finding };
}

/** Keys first, genesis last: a home with a genesis is a whole one. @throws WaggleError those of createHome */
export async function writeHome(
  directory: string,
  { genesis, name }: ReadInvite,
  { nodeSeed, operatorSeed }: ObserverSeeds,
  rpcPort: number,
  lock: KeyLock | undefined,
): Promise<void> {
  if (nodeSeed === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: homePaths(directory).nodeKey });
  await makeDirectory(directory);
  const role = 'observer';
  await createHome(directory, {
    genesis,
    name,
    role,
    rpcPort,
    listen: [],
    nodeSeed,
    validatorSeed: operatorSeed,
    lock,
  });
}

/** `waggle init --observer`: keys without a network. @returns the peer id to be invited */
export async function initObserver(
  directory: string,
  name: string,
  rpcPort: number,
  lock: KeyLock | undefined,
): Promise<string> {
  await makeDirectory(directory);
  const [nodeSeed, operatorSeed] = [exportSeed(generateKeyPair()), exportSeed(generateKeyPair())];
  await createHome(directory, {
    name,
    role: 'observer',
    rpcPort,
    listen: [],
    nodeSeed,
    validatorSeed: operatorSeed,
    lock,
  });
  return peerIdOf(nodeSeed);
}

/** Keys that are there are opened, new ones sealed; only a home made with --plain stays plain. */
export async function lockOf(directory: string, options: PassphraseOptions): Promise<KeyLock | undefined> {
  const facts = await keyFacts(homePaths(directory).nodeKey);
  if (facts === undefined) return await lockForNewKeys(options);
  return facts.encrypted ? await lockForSealedKeys(options) : undefined;
}
