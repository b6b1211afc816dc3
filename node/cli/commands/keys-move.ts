import { WaggleError } from '../../../protocol/errors.ts';
import { usage } from '../arguments.ts';
import { homeLock, type KeyOptions, pathsOf } from '../home-keys.ts';
import { emit } from '../output.ts';
import { lockForNewKeys, lockForSealedKeys } from '../passphrase.ts';
import type { CliContext } from '../program.ts';

/** `waggle keys export MODEL FILE`: the key in one file of its own, sealed. */
export async function exportKey(
  model: string,
  file: string | undefined,
  options: KeyOptions & { readonly public?: boolean },
  context: CliContext,
): Promise<void> {
  const [keystore, { parseId }, { toHex }] = await rooms();
  const paths = await pathsOf(options.home, context);
  const { current } = keystore.modelKeyPaths(paths.modelKeys, parseId(model));
  const facts = await keystore.keyFacts(current);
  if (facts === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: current });
  const key = toHex(facts.publicKey);
  if (options.public === true) return context.io.out(`${key}\n`);
  if (file === undefined) throw usage('name the file to write', `waggle keys export ${model} ${model}.key`);
  const lock = facts.encrypted ? await lockForSealedKeys(options) : await lockForNewKeys(options);
  const pair = await keystore.loadKey(current, lock);
  if (pair === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: current });
  await keystore.saveNewKey(file, pair, lock);
  emit(context.io, options.output, { name: model, key, file }, () => ({
    title: `key of ${model} in ${file}, sealed`,
    columns: [],
    rows: [],
    next: `waggle keys import ${model} ${file}   (in the other home)`,
  }));
}

/** `waggle keys import MODEL FILE`: the key of a file, sealed as this home's keys are. */
export async function importKey(
  model: string,
  file: string,
  options: KeyOptions & { readonly homePassphraseFile?: string },
  context: CliContext,
): Promise<void> {
  const [keystore, { parseId }, { toHex }] = await rooms();
  const { makeDirectory } = await import('../make-directory.ts');
  const facts = await keystore.keyFacts(file);
  if (facts === undefined) {
    throw new WaggleError('WAGGLE_CLI_NO_INPUT', { path: file, next: 'waggle keys export MODEL FILE writes one' });
  }
  const pair = await keystore.loadKey(file, facts.encrypted ? await lockForSealedKeys(options) : undefined);
  if (pair === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: file });
  const paths = await pathsOf(options.home, context);
  const { homePassphraseFile: passphraseFile } = options;
  const own = passphraseFile === undefined ? options : { passphraseFile };
  const lock = options.plain === true ? undefined : await homeLock(paths, own);
  await makeDirectory(paths.modelKeys);
  await keystore.saveModelKey(paths.modelKeys, parseId(model), pair, lock);
  const result = { name: model, key: toHex(pair.publicKey), encrypted: lock !== undefined };
  emit(context.io, options.output, result, () => ({
    title: `key of ${model} taken from ${file}`,
    columns: [],
    rows: [],
    next: `waggle model show ${model}`,
  }));
}

async function rooms() {
  return await Promise.all([
    import('../../storage/keystore.ts'),
    import('../../../protocol/ids.ts'),
    import('../../../protocol/hex.ts'),
  ]);
}
