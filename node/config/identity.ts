import { readFile } from 'node:fs/promises';
import { exportSeed, type KeyPair } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { type Genesis, genesisRoster, parseGenesis } from '../../protocol/genesis.ts';
import { type Roster, validatorIndex } from '../../protocol/roster.ts';
import { peerIdOf } from '../network/identity.ts';
import type { HomePaths } from '../storage/home.ts';
import { loadKey } from '../storage/keystore.ts';

/** Which network, and who this node is in it. */
export interface Identity {
  readonly genesis: Genesis;
  readonly roster: Roster;
  /** Own ValidatorIndex. */
  readonly self: number;
  readonly name: string;
  readonly validatorKey: KeyPair;
  /** 32-byte seed of node.key. */
  readonly nodeSeed: Uint8Array;
}

/**
 * Read genesis and keys of a home; the validator must be in the roster with exactly these keys.
 * @throws WaggleError WAGGLE_GENESIS_MISSING {path}, WAGGLE_GENESIS_FORM {path, reason}
 * @throws WaggleError WAGGLE_KEY_MISSING {path}, WAGGLE_KEY_MODE, WAGGLE_KEY_DAMAGED
 * @throws WaggleError WAGGLE_CONFIG_IDENTITY {reason, name?}
 */
export async function loadIdentity(paths: HomePaths, name: string | undefined): Promise<Identity> {
  const genesis = await loadGenesis(paths.genesis);
  const validatorKey = await requireKey(paths.validatorKey);
  const nodeSeed = exportSeed(await requireKey(paths.nodeKey));
  const roster = genesisRoster(genesis);
  const self = validatorIndex(roster, validatorKey.publicKey);
  const validator = roster.validators[self];
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
  return { genesis, roster, self, name: validator.name, validatorKey, nodeSeed };
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

async function requireKey(path: string): Promise<KeyPair> {
  const key = await loadKey(path);
  if (key === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path });
  return key;
}
