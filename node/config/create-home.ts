import { createHash, randomBytes } from 'node:crypto';
import { access, chmod, mkdir, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { type KeyPair, keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { type Genesis, genesisToJson } from '../../protocol/genesis.ts';
import type { Id } from '../../protocol/ids.ts';
import { type HomePaths, homePaths } from '../storage/home.ts';
import type { KeyLock } from '../storage/key-lock.ts';
import { saveModelKey, saveNewKey } from '../storage/keystore.ts';
import type { NodeRole } from './config.ts';
import type { ConfigFile } from './config-file.ts';
import { TOKEN_SCOPES, type TokenScope, tokenHashesPath, tokenPath } from './tokens.ts';

export interface HomeFacts {
  /** Absent for who has its keys and awaits an invite. */
  readonly genesis?: Genesis;
  readonly name: string;
  /** Default: validator. */
  readonly role?: NodeRole;
  readonly rpcPort: number;
  /** Multiaddrs. */
  readonly listen: readonly string[];
  /** Multiaddrs by the names of validators, in the place of those in the roster. */
  readonly dial?: Readonly<Record<string, string>>;
  /** 32-byte seeds. */
  readonly nodeSeed: Uint8Array;
  /** Of validator.key, or of an observer's operator.key. */
  readonly validatorSeed: Uint8Array;
  readonly modelKeys?: ReadonlyMap<Id, KeyPair>;
  readonly logLevel?: string;
  /** Seals the keys; without it they are plain. */
  readonly lock?: KeyLock | undefined;
}

/**
 * Write the home of one node: genesis.json, config.yaml, keys, tokens. Directories 0700, secrets 0600.
 * @throws WaggleError WAGGLE_HOME_EXISTS {path} there is a genesis already; WAGGLE_KEY_EXISTS {path}
 */
export async function createHome(directory: string, facts: HomeFacts): Promise<HomePaths> {
  const paths = homePaths(directory);
  if (await isThere(paths.genesis)) throw new WaggleError('WAGGLE_HOME_EXISTS', { path: paths.directory });
  for (const path of [paths.directory, paths.keys, paths.modelKeys, paths.tokens]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  const { lock } = facts;
  await saveNewKey(paths.nodeKey, { pair: keyPairFromSeed(facts.nodeSeed), subject: 'node', lock });
  const isObserver = facts.role === 'observer';
  await saveNewKey(isObserver ? paths.operatorKey : paths.validatorKey, {
    pair: keyPairFromSeed(facts.validatorSeed),
    subject: isObserver ? 'operator' : 'validator',
    lock,
  });
  for (const [id, key] of facts.modelKeys ?? []) await saveModelKey(paths.modelKeys, id, key, lock);
  await writeTokens(paths.tokens);
  if (!(await isThere(paths.config))) await writeFile(paths.config, stringify(configOf(facts)));
  // Last: a home with a genesis is a whole one, and one without is written again.
  await writeFile(paths.firstStart, '');
  if (facts.genesis !== undefined) {
    await writeFile(paths.genesis, `${JSON.stringify(genesisToJson(facts.genesis), null, 2)}\n`);
  }
  return paths;
}

function configOf({ name, role, rpcPort, listen, dial, logLevel }: HomeFacts): ConfigFile {
  return {
    name,
    ...(role === undefined ? {} : { role }),
    rpc: { host: '127.0.0.1', port: rpcPort },
    p2p: { listen, ...(dial === undefined ? {} : { dial }) },
    ...(logLevel === undefined ? {} : { log: { level: logLevel } }),
  };
}

/** One token for each scope, for whoever may read this home; the node itself keeps hashes only. */
async function writeTokens(directory: string): Promise<void> {
  const hashes: { scope: TokenScope; sha256: string }[] = [];
  for (const scope of TOKEN_SCOPES) {
    const token = randomBytes(32).toString('hex');
    await writeSecret(tokenPath(directory, scope), `${token}\n`);
    hashes.push({ scope, sha256: createHash('sha256').update(token, 'utf8').digest('hex') });
  }
  await writeSecret(tokenHashesPath(directory), `${JSON.stringify(hashes, null, 2)}\n`);
}

/** The mode is set again, as it is kept from a file that was there. */
async function writeSecret(path: string, content: string): Promise<void> {
  await writeFile(path, content, { mode: 0o600 });
  await chmod(path, 0o600);
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
