import { WaggleError } from '../../../protocol/errors.ts';
import type { Id } from '../../../protocol/ids.ts';
import { usage } from '../arguments.ts';
import { homeFlag, homeLock, type KeyOptions, pathsOf } from '../home-keys.ts';
import { emit } from '../output.ts';
import { lockForNewKeys, lockForSealedKeys } from '../passphrase.ts';
import type { CliContext } from '../program.ts';
import { shellWord } from '../typed-command.ts';

export interface ExportOptions extends KeyOptions {
  readonly public?: boolean;
  readonly force?: boolean;
}

/** `waggle keys export MODEL FILE`: the key in one file of its own, sealed under a salt of its own. */
export async function exportKey(
  model: Id,
  file: string | undefined,
  options: ExportOptions,
  context: CliContext,
): Promise<void> {
  const [keystore, { toHex }] = await rooms();
  const paths = await pathsOf(options.home, context);
  const { current } = keystore.modelKeyPaths(paths.modelKeys, model);
  const facts = await keystore.keyFacts(current);
  if (facts === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: current });
  const key = toHex(facts.publicKey);
  if (options.public === true) return context.io.out(`${key}\n`);
  if (file === undefined) throw usage('name the file to write', `waggle keys export ${model} ${model}.key`);
  const lock = facts.encrypted
    ? await lockForSealedKeys(options)
    : await lockForNewKeys(options, `Passphrase for ${file}: `);
  const subject = keystore.modelSubject(model);
  const pair = await keystore.loadKey(current, subject, lock);
  if (pair === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: current });
  // The salt of the home would tell of which home the file is, and that two files are of one.
  await keystore.writeKeyFile(file, { pair, subject, lock: lock?.apart() }, options.force === true);
  emit(context.io, options.output, { name: model, key, file }, () => ({
    title: `key of ${model} in ${file}, sealed`,
    columns: [],
    rows: [],
    next: `waggle keys import ${model} ${shellWord(file)}   (in the other home)`,
  }));
}

export interface ImportOptions extends KeyOptions {
  readonly homePassphraseFile?: string;
}

/** `waggle keys import MODEL FILE`: the key of a file, sealed as this home's keys are. */
export async function importKey(model: Id, file: string, options: ImportOptions, context: CliContext): Promise<void> {
  const [keystore, { toHex }] = await rooms();
  const { makeDirectory } = await import('../make-directory.ts');
  const facts = await keystore.keyFacts(file);
  if (facts === undefined) {
    throw new WaggleError('WAGGLE_CLI_NO_INPUT', { path: file, next: 'waggle keys export MODEL FILE writes one' });
  }
  const paths = await pathsOf(options.home, context);
  const subject = keystore.modelSubject(model);
  const given = facts.encrypted ? await lockForSealedKeys(options, `Passphrase of ${file}: `) : undefined;
  const pair = await keystore.loadKey(file, subject, given);
  if (pair === undefined) throw new WaggleError('WAGGLE_KEY_MISSING', { path: file });
  const { homePassphraseFile: passphraseFile } = options;
  const own = passphraseFile === undefined ? options : { passphraseFile };
  const lock = options.plain === true ? undefined : await homeLock(paths, own);
  if (facts.encrypted && lock === undefined && options.plain !== true)
    throw wouldUnseal(model, file, homeFlag(options));
  await makeDirectory(paths.modelKeys);
  await keystore.saveModelKey(paths.modelKeys, model, pair, lock);
  const result = { name: model, key: toHex(pair.publicKey), encrypted: lock !== undefined };
  emit(context.io, options.output, result, () => ({
    title: `key of ${model} taken from ${file}${lock === undefined ? ', unencrypted' : ''}`,
    columns: [],
    rows: [],
    next: `waggle model show ${model}${homeFlag(options)}`,
  }));
}

/** The file keeps the key sealed and this home would not: nobody loses a seal unasked. */
function wouldUnseal(model: Id, file: string, flag: string): WaggleError {
  return usage(
    `${file} is sealed, and the keys of this home are not: --plain says that this one shall not be either`,
    `waggle keys import ${model} ${shellWord(file)} --plain${flag}`,
  );
}

async function rooms() {
  return await Promise.all([import('../../storage/keystore.ts'), import('../../../protocol/hex.ts')]);
}
