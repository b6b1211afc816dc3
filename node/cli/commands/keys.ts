import type { Command } from 'commander';
import { idArgument } from '../arguments.ts';
import { emit, type OutputFormat, parseFormat } from '../output.ts';
import type { CliContext } from '../program.ts';

interface Options {
  readonly home?: string;
  readonly output: OutputFormat;
}

interface KeyFacts {
  /** Model id, or `validator`. */
  readonly name: string;
  readonly kind: 'validator' | 'model';
  /** Public key, hex. */
  readonly key: string;
}

export function addKeyCommands(program: Command, context: CliContext): void {
  const keys = program.command('keys').description('signing keys in a home: new, list');
  keyOptions(keys.command('new'))
    .description('make the key of a model and save it in the home')
    .argument('<model>', 'model id', idArgument('model'))
    .action((model: string, options: Options) => newKey(model, options, context));
  keyOptions(keys.command('list'))
    .description('public keys of this home; secrets are never shown')
    .action((options: Options) => listKeys(options, context));
}

function keyOptions(command: Command): Command {
  return command
    .option('--home <dir>', 'the home (default: WAGGLE_HOME, else the user’s data directory)')
    .option('-o, --output <format>', 'table, json or ndjson', parseFormat, 'table');
}

async function newKey(model: string, options: Options, { io }: CliContext): Promise<void> {
  const [{ makeDirectory }, { homeDirectory, homePaths }, keystore, { generateKeyPair }, { parseId }, { toHex }] =
    await Promise.all([
      import('../make-directory.ts'),
      import('../../storage/home.ts'),
      import('../../storage/keystore.ts'),
      import('../../../protocol/crypto/keys.ts'),
      import('../../../protocol/ids.ts'),
      import('../../../protocol/hex.ts'),
    ]);
  const { modelKeys } = homePaths(homeDirectory(options.home, io.env));
  await makeDirectory(modelKeys);
  const pair = generateKeyPair();
  await keystore.saveModelKey(modelKeys, parseId(model), pair);
  const facts: KeyFacts = { name: model, kind: 'model', key: toHex(pair.publicKey) };
  emit(io, options.output, facts, () => ({
    title: `key of ${model} saved`,
    columns: [{ name: 'model' }, { name: 'public key' }],
    rows: [[facts.name, facts.key]],
    next: `register it with an admin’s model_register, then: waggle vote SESSION PROPOSAL CHOICE --as ${model}`,
  }));
}

async function listKeys(options: Options, { io }: CliContext): Promise<void> {
  const [{ homeDirectory, homePaths }, keystore, { toHex }] = await Promise.all([
    import('../../storage/home.ts'),
    import('../../storage/keystore.ts'),
    import('../../../protocol/hex.ts'),
  ]);
  const paths = homePaths(homeDirectory(options.home, io.env));
  const found: KeyFacts[] = [];
  const validator = await keystore.loadKey(paths.validatorKey);
  if (validator !== undefined) found.push({ name: 'validator', kind: 'validator', key: toHex(validator.publicKey) });
  for (const [name, pair] of await keystore.loadModelKeys(paths.modelKeys)) {
    found.push({ name, kind: 'model', key: toHex(pair.publicKey) });
  }
  emit(
    io,
    options.output,
    found,
    () => ({
      columns: [{ name: 'name' }, { name: 'kind' }, { name: 'public key' }],
      rows: found.map(({ name, kind, key }) => [name, kind, key]),
      notes: found.length === 0 ? ['no keys here'] : [],
      next: 'waggle keys new MODEL',
    }),
    found,
  );
}
