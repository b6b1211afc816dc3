import { Argument, type Command } from 'commander';
import { hashArgument, idArgument } from '../arguments.ts';
import { type AskOptions, askOptions, listOptions } from '../command-options.ts';
import { write } from '../finality.ts';
import { type ListOptions, showList } from '../listing.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { OperationResult, SpaceResult } from '../rpc-shapes.ts';
import { connect } from '../target.ts';
import { heightText } from './session.ts';

interface CreateOptions extends AskOptions {
  readonly title: string;
  readonly label?: string;
  readonly opener?: readonly string[];
}

const spaceArgument = () => new Argument('<space>', 'space id').argParser(idArgument('space'));

/** `waggle space …`: a repository or organisation with its own sessions. */
export function addSpaceCommands(program: Command, context: CliContext): void {
  const spaces = program.command('space').description('repositories or organisations: list, show, create');
  askOptions(listOptions(spaces.command('list')))
    .description('the spaces of the network')
    .action((options: AskOptions & ListOptions) => listSpaces(options, context));
  askOptions(spaces.command('show').addArgument(spaceArgument()))
    .description('a space and the keys that may open sessions in it')
    .action((id: string, options: AskOptions) => showSpace(id, options, context));
  const opener = hashArgument('--opener');
  askOptions(spaces.command('create').addArgument(spaceArgument()))
    .description('create a space; takes the admin token')
    .requiredOption('--title <text>', 'its title')
    .option('--label <text>', 'its name as people write it')
    .option(
      '--opener <hex>',
      'a key that may open sessions; may be repeated (default: that of the node asked)',
      (text: string, before: readonly string[] = []) => [...before, opener(text)],
    )
    .action((id: string, options: CreateOptions) => createSpace(id, options, context));
}

async function listSpaces(options: AskOptions & ListOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const listing = {
    method: 'space_list',
    params: {},
    columns: [{ name: 'space' }, { name: 'openers', align: 'right' as const }, { name: 'title' }],
    row: (one: SpaceResult) => [one.id, String(one.openers.length), one.title],
    empty: 'no space',
    command: `waggle space list${client.flags}`,
    next: ([first]: readonly SpaceResult[]) =>
      first === undefined
        ? `waggle space create SPACE --title TEXT${client.flags}`
        : `waggle session list --space ${first.id}${client.flags}`,
  };
  await showList(listing, options, client, io);
}

async function showSpace(id: string, options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<SpaceResult>('space_get', { space: id });
  emit(io, options.output, one, () => ({
    title: `${one.id} ${one.title}`,
    columns: [{ name: 'may open sessions' }],
    rows: one.openers.map((key) => [key]),
    next: `waggle session list --space ${id}${client.flags}`,
  }));
}

async function createSpace(id: string, options: CreateOptions, { io }: CliContext): Promise<void> {
  const { title, label, opener: openers } = options;
  const more = { ...(label === undefined ? {} : { label }), ...(openers === undefined ? {} : { openers }) };
  const client = await connect(options, io.env, 'admin');
  const result = await write<OperationResult>(client, io, 'space_create', { id, title, ...more });
  emit(io, options.output, result, () => ({
    title: `space ${id} is there${heightText(result)}`,
    columns: [],
    rows: [],
    next: `waggle session open FILE --space ${id}${client.flags}`,
  }));
}
