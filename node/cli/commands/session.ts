import type { Command } from 'commander';
import { timeArgument, wordOption } from '../arguments.ts';
import {
  flagsTyped,
  listOptions,
  type SpaceOptions,
  sessionArgument,
  spaceFlag,
  spaceOptions,
} from '../command-options.ts';
import { readDocument } from '../document.ts';
import { write } from '../finality.ts';
import { type ListOptions, showList } from '../listing.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { OperationResult, SessionSummary } from '../rpc-shapes.ts';
import { connect } from '../target.ts';
import { showSession } from './session-show.ts';

interface EndOptions extends SpaceOptions {
  readonly reason?: string;
  readonly closesAt?: string;
}

const STATUSES = ['draft', 'active', 'completed', 'cancelled'] as const;

export function addSessionCommands(program: Command, context: CliContext): void {
  const sessions = program.command('session').description('voting rounds: open, list, show, close …');
  spaceOptions(sessions.command('open'))
    .description('open a session')
    .argument('<file>', 'JSON or YAML with its proposals, rule and electorate ("-" reads stdin)')
    .action((file: string, options: SpaceOptions) => openSession(file, options, context));
  spaceOptions(listOptions(sessions.command('list')))
    .description('the sessions of a space')
    .addOption(wordOption('--status <status>', 'with this status only', STATUSES))
    .action((options: SpaceOptions & ListOptions & { status?: string }) => listSessions(options, context));
  spaceOptions(sessions.command('show').addArgument(sessionArgument()))
    .description('record, state and progress of a session')
    .action((id: string, options: SpaceOptions) => showSession(id, options, context));
  spaceOptions(sessions.command('activate').addArgument(sessionArgument()))
    .description('open a draft for votes')
    .action((id: string, options: SpaceOptions) => change('session_activate', id, options, context));
  spaceOptions(sessions.command('close').addArgument(sessionArgument()))
    .description('close a session; its result is recorded')
    .option('--reason <text>', 'why, on record', 'closed by its opener')
    .action((id: string, options: EndOptions) => change('session_close', id, options, context));
  spaceOptions(sessions.command('cancel').addArgument(sessionArgument()))
    .description('cancel a session: no result is recorded')
    .requiredOption('--reason <text>', 'why, on record')
    .action((id: string, options: EndOptions) => change('session_cancel', id, options, context));
  spaceOptions(sessions.command('extend').addArgument(sessionArgument()))
    .description('move an announced deadline to a later time')
    .requiredOption('--closes-at <time>', 'the new deadline, in UTC', timeArgument('--closes-at'))
    .requiredOption('--reason <text>', 'why, on record')
    .action((id: string, options: EndOptions) => change('session_extend', id, options, context));
}

async function openSession(file: string, options: SpaceOptions, { io }: CliContext): Promise<void> {
  const params = { space: options.space, ...(await readDocument(file)) } as Readonly<Record<string, unknown>>;
  const client = await connect(options, io.env);
  const result = await write<OperationResult>(client, io, 'session_open', params);
  const id = String(result.session ?? params.session);
  const tail = `${id}${spaceFlag(options, params.space)}${client.flags}`;
  const next = result.status === 'draft' ? `waggle session activate ${tail}` : `waggle session show ${tail}`;
  emit(io, options.output, result, () => ({
    title: `session ${id} is ${result.status ?? 'open'}${heightText(result)}`,
    columns: [],
    rows: [],
    next,
  }));
}

async function listSessions(
  options: SpaceOptions & ListOptions & { readonly status?: string },
  { io }: CliContext,
): Promise<void> {
  const client = await connect(options, io.env);
  const { space, status } = options;
  const where = `${spaceFlag(options)}${client.flags}`;
  const listing = {
    method: 'session_list',
    params: { space, ...(status === undefined ? {} : { status }) },
    columns: [
      { name: 'session' },
      { name: 'status' },
      { name: 'voted', align: 'right' as const },
      { name: 'closes' },
      { name: 'title' },
    ],
    row: (one: SessionSummary) => [
      one.session,
      one.status,
      `${one.progress?.voters ?? 0}/${one.progress?.electors ?? '?'}`,
      one.closedAt ?? one.closesAt ?? '-',
      one.title ?? '',
    ],
    empty: `no ${status === undefined ? '' : `${status} `}session in space ${space}`,
    command: `waggle session list${flagsTyped({ status })}${where}`,
    next: (items: readonly SessionSummary[]) =>
      items.length === 0 ? `waggle session open FILE${where}` : `waggle session show ${items.at(-1)?.session}${where}`,
  };
  await showList(listing, options, client, io);
}

type Change = 'session_activate' | 'session_close' | 'session_cancel' | 'session_extend';

const DONE: Readonly<Record<Change, string>> = {
  session_activate: 'is active',
  session_close: 'is completed',
  session_cancel: 'is cancelled',
  session_extend: 'is extended',
};

async function change(method: Change, id: string, options: EndOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const { reason, closesAt } = options;
  const more = { ...(reason === undefined ? {} : { reason }), ...(closesAt === undefined ? {} : { closesAt }) };
  const result = await write<OperationResult>(client, io, method, { space: options.space, session: id, ...more });
  const done = `${DONE[method]}${closesAt === undefined ? '' : ` to ${closesAt}`}`;
  const was = result.outcome === 'duplicate' ? ' (it was before)' : '';
  emit(io, options.output, result, () => ({
    title: `session ${id} ${done}${was}${heightText(result)}`,
    columns: [],
    rows: [],
    next: `waggle ${method === 'session_close' ? 'tally' : 'session show'} ${id}${spaceFlag(options)}${client.flags}`,
  }));
}

/** Where in the ledger it stands. */
export function heightText({ height }: { readonly height?: number }): string {
  return height === undefined ? '' : `, final at height ${height}`;
}
