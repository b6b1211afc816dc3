import { readFile } from 'node:fs/promises';
import { exportSeed, type KeyPair } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { type Genesis, genesisRoster, parseGenesis } from '../../protocol/genesis.ts';
import { isId } from '../../protocol/ids.ts';
import { type Roster, type Validator, validatorIndex } from '../../protocol/roster.ts';
import { peerIdOf } from '../network/identity.ts';
import type { HomePaths } from '../storage/home.ts';
import type { KeySubject } from '../storage/key-format.ts';
import type { KeyLock } from '../storage/key-lock.ts';
import { loadKey } from '../storage/keystore.ts';
import { nextKeyPath } from '../storage/next-key.ts';
import type { NodeRole } from './config.ts';

/** Which network, and who this node is in it. */
export interface Identity {
  readonly genesis: Genesis;
  readonly role: NodeRole;
  readonly roster: Roster;
  /** Own ValidatorIndex; undefined for an observer. */
  readonly self: number | undefined;
  /** As the roster has it; an observer's as its configuration has it. */
  readonly name: string;
  /** Signs operations and, of a validator, segments and votes: validator.key, or operator.key of an observer. */
  readonly operatorKey: KeyPair;
  /** Keys it may have a seat by: the operator's, and the next one of a rotation where there is one. */
  readonly keyring: readonly KeyPair[];
  /** A validator of genesis by its node.key, whose validator.key is another by now: its seat is known once the ledger is read. */
  readonly isRotated: boolean;
  /** 32-byte seed of node.key. */
  readonly nodeSeed: Uint8Array;
}

/**
 * Read genesis and keys of a home. A validator must be in the genesis by its node.key; whether its other keys have a seat the
 * ledger may say. No validator of the genesis has the name of an observer.
 * @throws WaggleError WAGGLE_GENESIS_MISSING {path}, WAGGLE_GENESIS_FORM {path, reason}
 * @throws WaggleError WAGGLE_KEY_MISSING {path}, WAGGLE_KEY_LOCKED, WAGGLE_KEY_PASSPHRASE, WAGGLE_KEY_MODE, WAGGLE_KEY_DAMAGED,
 *   WAGGLE_KEY_SUBJECT
 * @throws WaggleError WAGGLE_CONFIG_IDENTITY {reason, name?}
 */
export async function loadIdentity(
  paths: HomePaths,
  name: string | undefined,
  role: NodeRole = 'validator',
  lock?: KeyLock,
): Promise<Identity> {
  const genesis = await loadGenesis(paths.genesis);
  const isObserver = role === 'observer';
  const operatorKey = isObserver
    ? await requireKey(paths.operatorKey, 'operator', lock)
    : await requireKey(paths.validatorKey, 'validator', lock);
  const nodeSeed = exportSeed(await requireKey(paths.nodeKey, 'node', lock));
  const roster = genesisRoster(genesis);
  const next = await loadNextKey(paths, role, lock);
  const keyring = next === undefined ? [operatorKey] : [operatorKey, next];
  const shared = { genesis, role, roster, operatorKey, keyring, nodeSeed };
  if (isObserver) return { ...shared, self: undefined, isRotated: false, name: observerName(roster, name) };
  const self = validatorIndex(roster, operatorKey.publicKey);
  if (self >= 0) {
    return { ...shared, self, isRotated: false, name: validatorName(roster.validators[self], name, nodeSeed) };
  }
  const peer = peerIdOf(nodeSeed);
  const named = roster.validators.find((validator) => validator.peer === peer);
  return { ...shared, self: undefined, isRotated: true, name: validatorName(named, name, nodeSeed) };
}

/** The key that a rotation is to put in the place of the operator's, beside it in the home; undefined without one. */
export async function loadNextKey(
  paths: Pick<HomePaths, 'operatorKey' | 'validatorKey'>,
  role: NodeRole,
  lock: KeyLock | undefined,
): Promise<KeyPair | undefined> {
  const [path, subject] =
    role === 'observer' ? ([paths.operatorKey, 'operator'] as const) : ([paths.validatorKey, 'validator'] as const);
  return await loadKey(nextKeyPath(path), subject, lock);
}

/** Before the first change of the roster no key but that of genesis has a seat. */
export function noSeatError(): WaggleError {
  return new WaggleError('WAGGLE_CONFIG_IDENTITY', { reason: 'validator.key is of no validator in genesis.json' });
}

function validatorName(validator: Validator | undefined, name: string | undefined, nodeSeed: Uint8Array): string {
  if (validator === undefined) throw noSeatError();
  if (name !== undefined && name !== validator.name) {
    const reason = `validator.key is that of ${validator.name}`;
    throw new WaggleError('WAGGLE_CONFIG_IDENTITY', { name, reason });
  }
  if (peerIdOf(nodeSeed) !== validator.peer) {
    const reason = 'node.key is not the one that genesis.json names';
    throw new WaggleError('WAGGLE_CONFIG_IDENTITY', { name: validator.name, reason });
  }
  return validator.name;
}

function observerName(roster: Roster, name: string | undefined): string {
  if (name === undefined || !isId(name)) {
    throw new WaggleError('WAGGLE_CONFIG_IDENTITY', { reason: 'an observer needs a name in config.yaml' });
  }
  if (roster.validators.some((validator) => validator.name === name)) {
    throw new WaggleError('WAGGLE_CONFIG_IDENTITY', { name, reason: 'a validator has this name' });
  }
  return name;
}

async function loadGenesis(path: string): Promise<Genesis> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    throw new WaggleError('WAGGLE_GENESIS_MISSING', { path });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new WaggleError('WAGGLE_GENESIS_FORM', { path: '$', reason: 'not JSON' });
  }
  return parseGenesis(value);
}

async function requireKey(path: string, subject: KeySubject, lock: KeyLock | undefined): Promise<KeyPair> {
  const key = await loadKey(path, subject, lock);
  if (key === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path });
  return key;
}
