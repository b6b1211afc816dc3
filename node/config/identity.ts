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
import type { NodeRole } from './config.ts';

/** Which network, and who this node is in it. */
export interface Identity {
  readonly genesis: Genesis;
  readonly roster: Roster;
  /** Own ValidatorIndex; undefined for an observer. */
  readonly self: number | undefined;
  /** As the roster has it; an observer's as its configuration has it. */
  readonly name: string;
  /** Signs operations and, of a validator, segments and votes: validator.key, or operator.key of an observer. */
  readonly operatorKey: KeyPair;
  /** 32-byte seed of node.key. */
  readonly nodeSeed: Uint8Array;
}

/**
 * Read genesis and keys of a home. A validator must be in the roster with exactly these keys; an observer must not be.
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
  const shared = { genesis, roster, operatorKey, nodeSeed };
  if (isObserver) return { ...shared, self: undefined, name: observerName(roster, name) };
  const self = validatorIndex(roster, operatorKey.publicKey);
  return { ...shared, self, name: validatorName(roster.validators[self], name, nodeSeed) };
}

function validatorName(validator: Validator | undefined, name: string | undefined, nodeSeed: Uint8Array): string {
  if (validator === undefined) {
    throw new WaggleError('WAGGLE_CONFIG_IDENTITY', { reason: 'validator.key is of no validator in genesis.json' });
  }
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
