import type { Id } from '../../protocol/ids.ts';
import type { HomePaths } from '../storage/home.ts';
import type { KeyLock } from '../storage/key-lock.ts';
import type { OutputFormat } from './output.ts';
import { lockForNewKeys, lockForSealedKeys, type PassphraseOptions } from './passphrase.ts';
import type { CliContext } from './program.ts';

export interface KeyOptions extends PassphraseOptions {
  readonly home?: string;
  readonly output: OutputFormat;
}

export async function pathsOf(home: string | undefined, { io }: CliContext): Promise<HomePaths> {
  const { homeDirectory, homePaths } = await import('../storage/home.ts');
  return homePaths(homeDirectory(home, io.env));
}

/** The lock of the keys of a home, proven on one of them; undefined where they are plain, or shall be. */
export async function homeLock(paths: HomePaths, options: PassphraseOptions): Promise<KeyLock | undefined> {
  const { keyFacts, loadKey, modelKeyNames, modelKeyPaths } = await import('../storage/keystore.ts');
  const models = await modelKeyNames(paths.modelKeys).catch((): Id[] => []);
  const all = [paths.nodeKey, paths.validatorKey, paths.operatorKey];
  const files = [...all, ...models.map((id) => modelKeyPaths(paths.modelKeys, id).current)];
  let isPlain = false;
  for (const file of files) {
    const facts = await keyFacts(file);
    isPlain ||= facts?.encrypted === false;
    if (facts?.encrypted !== true) continue;
    const lock = await lockForSealedKeys(options, 'Passphrase of this home: ');
    await loadKey(file, lock);
    return lock;
  }
  return isPlain ? undefined : await lockForNewKeys(options);
}
