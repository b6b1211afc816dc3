import { type Command, Option } from 'commander';
import { hashArgument, idArgument, usage, wordOption } from '../arguments.ts';
import { type AskOptions, askOptions, flagsTyped, listOptions, modelArgument } from '../command-options.ts';
import { readDocument } from '../document.ts';
import { write } from '../finality.ts';
import { type ListOptions, showList } from '../listing.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { ModelResult, OperationResult } from '../rpc-shapes.ts';
import { connect } from '../target.ts';
import { heightText } from './session.ts';

interface ModelOptions extends AskOptions {
  readonly file?: string;
  readonly key?: string;
  readonly revokeKey?: boolean;
  readonly operator?: string;
  readonly auth?: string;
  readonly label?: string;
  readonly provider?: string;
  readonly role?: string;
  readonly sizeClass?: string;
  readonly alias?: readonly string[];
}

/** `waggle model …`: the registry of who may vote, and by which key. */
export function addModelCommands(program: Command, context: CliContext): void {
  const models = program.command('model').description('the registry of models: list, show, register, update');
  askOptions(listOptions(models.command('list')))
    .description('the models of the registry')
    .option('--operator <name>', 'of this operator only', idArgument('--operator'))
    .action((options: AskOptions & ListOptions & { operator?: string }) => listModels(options, context));
  askOptions(models.command('show').addArgument(modelArgument()))
    .description('a model of the registry')
    .action((id: string, options: AskOptions) => showModel(id, options, context));
  askOptions(aboutOptions(models.command('register')))
    .description('register a model; takes the admin token')
    .argument('[model]', 'model id', idArgument('model'))
    .option('--file <file>', 'a JSON or YAML file instead: one model, or a list as models')
    .action((id: string | undefined, options: ModelOptions) => register(id, options, context));
  askOptions(aboutOptions(models.command('update').addArgument(modelArgument())))
    .description('change what is given of a model; takes the admin token')
    .addOption(new Option('--revoke-key', 'its key is given up and never comes back').conflicts('key'))
    .action((id: string, options: ModelOptions) => update(id, options, context));
}

function aboutOptions(command: Command): Command {
  const collect = (text: string, before: readonly string[] = []) => [...before, text];
  return command
    .option('--key <hex>', 'its public key, as keys list prints it', hashArgument('--key'))
    .option('--operator <name>', 'the node that operates it (default: the one asked)', idArgument('--operator'))
    .addOption(wordOption('--auth <mode>', 'who signs its ballots', ['voter', 'operator']))
    .option('--label <text>', 'its name as people write it')
    .option('--provider <text>', 'who makes it')
    .option('--role <role>', 'its role in electorates, such as general')
    .option('--size-class <class>', 'its size class')
    .option('--alias <text>', 'another name of it; may be repeated', collect);
}

function about(options: ModelOptions): Record<string, unknown> {
  const { key, operator, auth, label, provider, role, sizeClass, alias: aliases } = options;
  const given = { key, operator, auth, label, provider, role, sizeClass, aliases };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

async function listModels(
  options: AskOptions & ListOptions & { readonly operator?: string },
  { io }: CliContext,
): Promise<void> {
  const client = await connect(options, io.env);
  const { operator } = options;
  const listing = {
    method: 'model_list',
    params: operator === undefined ? {} : { operator },
    columns: [
      { name: 'model' },
      { name: 'operator' },
      { name: 'auth' },
      { name: 'status' },
      { name: 'role' },
      { name: 'key' },
    ],
    row: (one: ModelResult) => [
      one.id ?? '',
      one.operator,
      one.auth,
      one.status ?? '-',
      one.role ?? '-',
      one.key ?? '-',
    ],
    empty: `no model in the registry${operator === undefined ? '' : ` of ${operator}`}`,
    command: `waggle model list${flagsTyped({ operator })}${client.flags}`,
    next: (items: readonly ModelResult[]) =>
      items.length === 0
        ? `waggle model register MODEL${client.flags}`
        : `waggle model show ${items.at(-1)?.id}${client.flags}`,
  };
  await showList(listing, options, client, io);
}

async function showModel(id: string, options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<ModelResult>('model_get', { model: id });
  const rows = Object.entries(one).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : String(value),
  ]);
  emit(io, options.output, one, () => ({
    columns: [{ name: 'field' }, { name: 'value' }],
    rows,
    next: `waggle vote SESSION PROPOSAL CHOICE --as ${id}${client.flags}`,
  }));
}

async function register(id: string | undefined, options: ModelOptions, { io }: CliContext): Promise<void> {
  if ((id === undefined) === (options.file === undefined)) throw usage('give the id of a model, or --file');
  const own = about(options);
  if (options.file !== undefined && Object.keys(own).length > 0) throw usage('what is said of models stands in --file');
  const params = options.file === undefined ? { id, ...own } : await readDocument(options.file);
  const client = await connect(options, io.env, 'admin');
  const result = await write<OperationResult>(client, io, 'model_register', params);
  const count = 'models' in params && Array.isArray(params.models) ? params.models.length : 1;
  emit(io, options.output, result, () => ({
    title: `${count === 1 ? (id ?? 'one model') : `${count} models`} registered${heightText(result)}`,
    columns: [],
    rows: [],
    next: id === undefined ? `waggle model list${client.flags}` : `waggle model show ${id}${client.flags}`,
  }));
}

async function update(id: string, options: ModelOptions, { io }: CliContext): Promise<void> {
  const change = { ...about(options), ...(options.revokeKey === true ? { key: null } : {}) };
  if (Object.keys(change).length === 0) throw usage('nothing to change: name what is new, --role for example');
  const client = await connect(options, io.env, 'admin');
  const result = await write<OperationResult>(client, io, 'model_update', { id, ...change });
  emit(io, options.output, result, () => ({
    title: `${id} has a new ${Object.keys(change).join(', ')}${heightText(result)}`,
    columns: [],
    rows: [],
    next: `waggle model show ${id}${client.flags}`,
  }));
}
