import type { Command } from 'commander';
import { WaggleError } from '../../../protocol/errors.ts';
import type { Id } from '../../../protocol/ids.ts';
import { type AskOptions, outputOption } from '../command-options.ts';
import { homeFlag, homeLock, type KeyOptions, modelArgument, pathsOf } from '../home-keys.ts';
import { emit } from '../output.ts';
import { lockForNewKeys, type PassphraseOptions, passphraseOptions, plainOption } from '../passphrase.ts';
import type { CliContext } from '../program.ts';
import { targetOptions } from '../target.ts';
import { type KeyResult, listKeys } from './keys-list.ts';
import { type ExportOptions, exportKey, type ImportOptions, importKey } from './keys-move.ts';
import { type NextOptions, nextKey } from './keys-next.ts';
import { revokeKey, rotateKey } from './keys-rotate.ts';

export function addKeyCommands(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('signing keys in a home: new, list, export, import …');
  plainOption(keyOptions(keys.command('new')))
    .description('make the key of a model and save it in the home')
    .argument('<model>', 'model id', modelArgument)
    .action((model: Id, options: KeyOptions) => newKey(model, options, context));
  keyOptions(keys.command('list'))
    .description('public keys of this home; secrets are never shown')
    .action((options: KeyOptions) => listKeys(options, context));
  passphraseOptions(keyOptions(keys.command('export')))
    .description('write the key of a model to one sealed file, or with --public print its public key')
    .argument('<model>', 'model id', modelArgument)
    .argument('[file]', 'where to; must not exist')
    .option('--public', 'the public key alone')
    .option('--force', 'replace the file that is there')
    .action((model: Id, file: string | undefined, options: ExportOptions) => exportKey(model, file, options, context));
  plainOption(keyOptions(keys.command('import')))
    .description('take the key of a model from a file that keys export wrote')
    .argument('<model>', 'model id', modelArgument)
    .argument('<file>', 'the file')
    .option('--home-passphrase-file <file>', 'file with the passphrase of this home, where it is another one')
    .action((model: Id, file: string, options: ImportOptions) => importKey(model, file, options, context));
  passphraseOptions(outputOption(targetOptions(keys.command('rotate'))))
    .description('give a model a new key, in the home and on the ledger')
    .argument('<model>', 'model id', modelArgument)
    .action((model: Id, options: AskOptions & PassphraseOptions) => rotateKey(model, options, context));
  passphraseOptions(keyOptions(keys.command('next')))
    .description('make the key that this node is to sign with after a rotation, or show it')
    .option(
      '--promote',
      'put it in the place of the one in use; only while the node is stopped, and once it has the seat',
    )
    .action((options: NextOptions) => nextKey(options, context));
  outputOption(targetOptions(keys.command('revoke')))
    .description('give the key of a model up for good; it can vote no more until an admin gives it another')
    .argument('<model>', 'model id', modelArgument)
    .option('--yes', 'do not ask')
    .action((model: Id, options: AskOptions & { yes?: boolean }) => revokeKey(model, options, context));
}

function keyOptions(command: Command): Command {
  return outputOption(
    command.option('--home <dir>', 'the home (default: WAGGLE_HOME, else the user’s data directory)'),
  );
}

async function newKey(model: Id, options: KeyOptions, context: CliContext): Promise<void> {
  const [{ makeDirectory }, keystore, { generateKeyPair }, { toHex }] = await Promise.all([
    import('../make-directory.ts'),
    import('../../storage/keystore.ts'),
    import('../../../protocol/crypto/keys.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const paths = await pathsOf(options.home, context);
  const { current } = keystore.modelKeyPaths(paths.modelKeys, model);
  if ((await keystore.keyFacts(current)) !== undefined) {
    throw new WaggleError('WAGGLE_KEY_EXISTS', { path: current });
  }
  const lock = options.plain === true ? await lockForNewKeys(options) : await homeLock(paths, options);
  await makeDirectory(paths.modelKeys);
  const pair = generateKeyPair();
  await keystore.saveModelKey(paths.modelKeys, model, pair, lock);
  const key = toHex(pair.publicKey);
  const facts: KeyResult = { name: model, kind: 'model', key, encrypted: lock !== undefined };
  emit(context.io, options.output, facts, () => ({
    title: `key of ${model} saved${lock === undefined ? ', unencrypted' : ''}`,
    columns: [{ name: 'model' }, { name: 'public key' }],
    rows: [[model, key]],
    next: `waggle model register ${model} --key ${key}${homeFlag(options)}   (by an admin)`,
  }));
}
