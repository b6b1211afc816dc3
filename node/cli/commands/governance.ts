import { readFile } from 'node:fs/promises';
import { Argument, type Command } from 'commander';
import { WaggleError } from '../../../protocol/errors.ts';
import { idArgument, wholeNumber } from '../arguments.ts';
import { emit, type OutputFormat, parseFormat } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { OperationResult, Page, ProposalFacts, SessionResult } from '../rpc-shapes.ts';
import { connect, type TargetOptions, targetOptions } from '../target.ts';

interface Options extends TargetOptions {
  readonly output: OutputFormat;
  readonly space: string;
  readonly limit: number;
  readonly cursor?: string;
  readonly session?: string;
  readonly status?: string;
  readonly reason: string;
}

const LIMIT_MAX = 1_000;
const session = () => new Argument('<session>', 'session id').argParser(idArgument('session'));

/** Options every command about a space has. */
export function spaceOptions(command: Command): Command {
  return targetOptions(command)
    .option('--space <space>', 'the space', idArgument('space'), 'main')
    .option('-o, --output <format>', 'table, json or ndjson', parseFormat, 'table');
}

function listOptions(command: Command): Command {
  return spaceOptions(command)
    .option('--limit <count>', 'items of a page', wholeNumber('--limit', 1, LIMIT_MAX), 100)
    .option('--cursor <cursor>', 'where the page before ended');
}

export function addGovernanceCommands(program: Command, context: CliContext): void {
  const sessions = program.command('session').description('voting rounds: open, list, show, close');
  spaceOptions(sessions.command('open <file>'))
    .description('open a session from a JSON or YAML file ("-" reads stdin)')
    .action((file: string, options: Options) => openSession(file, options, context));
  listOptions(sessions.command('list'))
    .description('the sessions of a space')
    .action((options: Options) => listSessions(options, context));
  spaceOptions(sessions.command('show').addArgument(session()))
    .description('record, state and progress of a session')
    .action((id: string, options: Options) => showSession(id, options, context));
  spaceOptions(sessions.command('close').addArgument(session()))
    .description('close a session; its result is recorded')
    .option('--reason <text>', 'why, on record', 'closed by its opener')
    .action((id: string, options: Options) => closeSession(id, options, context));
  const proposals = program.command('proposal').description('what is voted on: list, show');
  listOptions(proposals.command('list'))
    .description('proposals of a space')
    .option('--session <session>', 'of this session only', idArgument('session'))
    .option('--status <status>', 'with this status only')
    .action((options: Options) => listProposals(options, context));
  spaceOptions(
    proposals.command('show').addArgument(session()).argument('<proposal>', 'proposal id', idArgument('proposal')),
  )
    .description('a proposal and where it stands')
    .action((id: string, proposal: string, options: Options) => showProposal(id, proposal, options, context));
}

async function openSession(file: string, options: Options, { io }: CliContext): Promise<void> {
  const params = await readDocument(file);
  const client = await connect(options, io.env);
  const result = await client.call<OperationResult>('session_open', { space: options.space, ...params });
  const id = String(result.session ?? params.session);
  emit(io, options.output, result, () => ({
    title: `session ${id} is ${result.status ?? 'open'}`,
    columns: [],
    rows: [],
    next: `waggle session show ${id}${spaceFlag(options, params.space)}${client.flags}`,
  }));
}

/** An object from a JSON or YAML file. @throws WaggleError WAGGLE_CLI_NO_INPUT, WAGGLE_CLI_INPUT {path, reason} */
export async function readDocument(path: string): Promise<Record<string, unknown>> {
  let text: string;
  try {
    text = await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch {
    throw new WaggleError('WAGGLE_CLI_NO_INPUT', { path });
  }
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { uniqueKeys: true });
  const fault = document.errors[0];
  if (fault !== undefined) throw new WaggleError('WAGGLE_CLI_INPUT', { path, reason: fault.message.split('\n')[0] });
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new WaggleError('WAGGLE_CLI_INPUT', { path, reason: 'an object is needed' });
}

export function spaceFlag(options: { readonly space: string }, space: unknown = options.space): string {
  return space === 'main' ? '' : ` --space ${String(space)}`;
}

async function listSessions(options: Options, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const page = await client.call<Page<SessionResult>>('session_list', listParams(options));
  const last = page.items.at(-1)?.session ?? 'SESSION';
  emit(
    io,
    options.output,
    page,
    () => ({
      columns: [{ name: 'session' }, { name: 'status' }, { name: 'closes' }, { name: 'title' }],
      rows: page.items.map((one) => [one.session, one.status, one.closesAt ?? '-', one.title ?? '']),
      notes: page.items.length === 0 ? [`no session in space ${options.space}`] : [],
      next:
        nextPage('session list', page, options, client.flags) ??
        `waggle session show ${last}${spaceFlag(options)}${client.flags}`,
    }),
    page.items,
  );
}

function listParams({ space, limit, cursor }: Options): object {
  return { space, limit, ...(cursor === undefined ? {} : { cursor }) };
}

function nextPage(command: string, page: Page<unknown>, options: Options, flags: string): string | undefined {
  if (!page.next) return undefined;
  return `waggle ${command} --cursor ${page.next}${spaceFlag(options)}${flags}`;
}

async function showSession(id: string, options: Options, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<SessionResult>('session_get', { space: options.space, session: id });
  const tail = `${id}${spaceFlag(options)}${client.flags}`;
  emit(io, options.output, one, () => ({
    title: `${one.space}/${one.session} ${one.title ?? ''}`,
    columns: [{ name: 'proposal' }, { name: 'category' }, { name: 'title' }],
    rows: (one.proposals ?? []).map((proposal) => [proposal.id ?? '', proposal.category ?? '-', proposal.title ?? '']),
    notes: [progressLine(one)],
    next: `waggle tally ${tail}`,
  }));
}

function progressLine({ status, progress, electorate }: SessionResult): string {
  const missing = progress?.missing ?? [];
  const some = missing.slice(0, 3).join(', ');
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  const waiting = missing.length === 0 ? '' : `; missing: ${some}${more}`;
  return `${status}: ${progress?.voters ?? 0} of ${electorate?.length ?? '?'} voted${waiting}`;
}

async function closeSession(id: string, options: Options, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const params = { space: options.space, session: id, reason: options.reason };
  const result = await client.call<OperationResult>('session_close', params);
  emit(io, options.output, result, () => ({
    title: `session ${id}: ${result.outcome ?? 'closed'}`,
    columns: [],
    rows: [],
    next: `waggle tally ${id}${spaceFlag(options)}${client.flags}`,
  }));
}

async function listProposals(options: Options, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const { session: of, status } = options;
  const filter = { ...(of === undefined ? {} : { session: of }), ...(status === undefined ? {} : { status }) };
  const page = await client.call<Page<ProposalFacts>>('proposal_list', { ...listParams(options), ...filter });
  const first = page.items[0];
  const example = `${first?.session ?? of ?? 'SESSION'} ${first?.id ?? first?.proposal ?? 'PROPOSAL'}`;
  emit(
    io,
    options.output,
    page,
    () => ({
      columns: [{ name: 'session' }, { name: 'proposal' }, { name: 'status' }, { name: 'category' }, { name: 'title' }],
      rows: page.items.map((one) => [
        one.session ?? '',
        one.id ?? one.proposal ?? '',
        one.status ?? '-',
        one.category ?? '-',
        one.title ?? '',
      ]),
      notes: page.items.length === 0 ? [`no proposal in space ${options.space}`] : [],
      next:
        nextPage('proposal list', page, options, client.flags) ??
        `waggle proposal show ${example}${spaceFlag(options)}${client.flags}`,
    }),
    page.items,
  );
}

async function showProposal(id: string, proposal: string, options: Options, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<ProposalFacts>('proposal_get', { space: options.space, session: id, proposal });
  const facts = Object.entries(one).filter(([, value]) => typeof value === 'string' || typeof value === 'number');
  emit(io, options.output, one, () => ({
    columns: [{ name: 'field' }, { name: 'value' }],
    rows: facts.map(([name, value]) => [name, String(value)]),
    next: `waggle ${one.status === 'active' ? `vote ${id} ${proposal} CHOICE --as MODEL` : `tally ${id}`}${spaceFlag(options)}${client.flags}`,
  }));
}
