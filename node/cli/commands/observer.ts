import type { Command } from 'commander';
import { idArgument } from '../arguments.ts';
import { type AskOptions, askOptions, listOptions } from '../command-options.ts';
import { write } from '../finality.ts';
import { type ListOptions, showList } from '../listing.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { OperationResult } from '../rpc-shapes.ts';
import { connect } from '../target.ts';
import { heightText } from './session.ts';

interface ObserverResult {
  readonly name: string;
  readonly peer: string;
  readonly sponsor?: string;
  readonly status: 'admitted' | 'removed';
}

/** `waggle observer …`: operators without a seat whose nodes may connect; `waggle invite` lets one in. */
export function addObserverCommands(program: Command, context: CliContext): void {
  const observers = program.command('observer').description('operators without a validator seat: list, remove');
  askOptions(listOptions(observers.command('list')))
    .description('whose nodes may connect beside the validators')
    .action((options: AskOptions & ListOptions) => listObservers(options, context));
  askOptions(observers.command('remove'))
    .description('let a node in no more; by the validator that invited it, or an admin')
    .argument('<name>', 'name of the observer', idArgument('name'))
    .action((name: string, options: AskOptions) => remove(name, options, context));
}

async function listObservers(options: AskOptions & ListOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const listing = {
    method: 'observer_list',
    params: {},
    columns: [{ name: 'name' }, { name: 'status' }, { name: 'by' }, { name: 'peer' }],
    row: ({ name, status, sponsor, peer }: ObserverResult) => [name, status, sponsor ?? 'the admins', peer],
    empty: 'nobody but the validators',
    command: `waggle observer list${client.flags}`,
    next: () => `waggle invite NAME${client.flags}`,
  };
  await showList(listing, options, client, io);
}

async function remove(name: string, options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const result = await write<OperationResult>(client, io, 'observer_remove', { name });
  emit(io, options.output, result, () => ({
    title: `${name} is let in no more${heightText(result)}`,
    columns: [],
    rows: [],
    next: `waggle observer list${client.flags}`,
  }));
}
