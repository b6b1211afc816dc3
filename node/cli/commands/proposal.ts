import type { Command } from 'commander';
import { idArgument, usage, wordOption } from '../arguments.ts';
import {
  flagsTyped,
  listOptions,
  proposalArgument,
  type SpaceOptions,
  sessionArgument,
  spaceFlag,
  spaceOptions,
} from '../command-options.ts';
import { readDocument } from '../document.ts';
import { write } from '../finality.ts';
import { exact, shortDecimal } from '../fractions.ts';
import { type ListOptions, showList } from '../listing.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { OperationResult, ProposalFacts, TallyProposal } from '../rpc-shapes.ts';
import { connect } from '../target.ts';
import { heightText } from './session.ts';

interface ListProposals extends SpaceOptions, ListOptions {
  readonly session?: string;
  readonly status?: string;
}

interface AddOptions extends SpaceOptions {
  readonly file?: string;
  readonly title?: string;
  readonly category?: string;
  readonly author?: string;
  readonly body?: string;
}

const STATUSES = ['draft', 'active', 'cancelled', 'approved', 'hold', 'rejected', 'revision', 'none'] as const;

export function addProposalCommands(program: Command, context: CliContext): void {
  const proposals = program.command('proposal').description('what is voted on: list, show, add');
  spaceOptions(listOptions(proposals.command('list')))
    .description('proposals of a space')
    .option('--session <session>', 'of this session only', idArgument('--session'))
    .addOption(wordOption('--status <status>', 'with this status only', STATUSES))
    .action((options: ListProposals) => listProposals(options, context));
  spaceOptions(proposals.command('show').addArgument(sessionArgument()).addArgument(proposalArgument()))
    .description('a proposal and where it stands')
    .action((id: string, proposal: string, options: SpaceOptions) => showProposal(id, proposal, options, context));
  spaceOptions(proposals.command('add').addArgument(sessionArgument()))
    .description('add a proposal to a draft')
    .argument('[proposal]', 'proposal id', idArgument('proposal'))
    .option('--title <text>', 'its title')
    .option('--category <text>', 'its category')
    .option('--author <text>', 'who wrote it')
    .option('--body <text>', 'its text')
    .option('--file <file>', 'a JSON or YAML file instead: one proposal, or a list as proposals')
    .action((id: string, proposal: string | undefined, options: AddOptions) =>
      addProposal(id, proposal, options, context),
    );
}

async function listProposals(options: ListProposals, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const { space, session, status } = options;
  const filter = { ...(session === undefined ? {} : { session }), ...(status === undefined ? {} : { status }) };
  const where = `${spaceFlag(options)}${client.flags}`;
  const listing = {
    method: 'proposal_list',
    params: { space, ...filter },
    columns: [{ name: 'session' }, { name: 'proposal' }, { name: 'status' }, { name: 'category' }, { name: 'title' }],
    row: (one: ProposalFacts) => [
      one.session ?? '',
      one.id ?? '',
      one.status ?? '-',
      one.category ?? '-',
      one.title ?? '',
    ],
    empty: `no ${status === undefined ? '' : `${status} `}proposal in ${session ?? `space ${space}`}`,
    command: `waggle proposal list${flagsTyped({ session, status })}${where}`,
    next: ([first]: readonly ProposalFacts[]) =>
      first === undefined ? `waggle session list${where}` : `waggle proposal show ${first.session} ${first.id}${where}`,
  };
  await showList(listing, options, client, io);
}

async function showProposal(id: string, proposal: string, options: SpaceOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const params = { space: options.space, session: id, proposal };
  const one = await client.call<ProposalFacts & { result?: TallyProposal }>('proposal_get', params);
  const tail = `${spaceFlag(options)}${client.flags}`;
  const isOpen = one.sessionStatus === 'active';
  emit(io, options.output, one, () => ({
    columns: [{ name: 'field' }, { name: 'value' }],
    rows: factsOf(one).concat(one.result === undefined ? [] : countOf(one.result, isOpen)),
    next: isOpen ? `waggle vote ${id} ${proposal} CHOICE --as MODEL${tail}` : `waggle tally ${id}${tail}`,
  }));
}

function factsOf(one: ProposalFacts): string[][] {
  const { session, id, title, label, category, author, body, status } = one;
  const facts = { session, proposal: id, title, label, category, author, body, status };
  return Object.entries(facts).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
}

function countOf(result: TallyProposal, isOpen: boolean): string[][] {
  const { n, total, percent, threshold, band } = result;
  const soFar = isOpen ? ' so far' : '';
  return [
    [`weight${soFar}`, String(n)],
    [`total${soFar}`, String(total)],
    [`percent${soFar}`, percent ? `${shortDecimal(percent)}%` : '-'],
    ...(threshold ? [['needs', `${threshold.op}${exact(threshold.percent)}%`]] : []),
    ...(band ? [[`band${soFar}`, band]] : []),
  ];
}

async function addProposal(
  session: string,
  id: string | undefined,
  options: AddOptions,
  { io }: CliContext,
): Promise<void> {
  const params = { space: options.space, session, ...(await added(id, options)) };
  const client = await connect(options, io.env);
  const result = await write<OperationResult>(client, io, 'proposal_add', params);
  const count = 'proposals' in params && Array.isArray(params.proposals) ? params.proposals.length : 1;
  emit(io, options.output, result, () => ({
    title: `${count === 1 ? 'one proposal' : `${count} proposals`} added to ${session}${heightText(result)}`,
    columns: [],
    rows: [],
    next: `waggle session show ${session}${spaceFlag(options)}${client.flags}`,
  }));
}

async function added(id: string | undefined, { file, title, category, author, body }: AddOptions): Promise<object> {
  if (file !== undefined) {
    if (id !== undefined || title !== undefined) throw usage('give a proposal with its --title, or --file');
    const document = await readDocument(file);
    return 'proposals' in document ? { proposals: document.proposals } : { proposal: document };
  }
  if (id === undefined || title === undefined) throw usage('give the id of a proposal and its --title, or --file');
  const more = Object.entries({ category, author, body }).filter(([, value]) => value !== undefined);
  return { proposal: { id, title, ...Object.fromEntries(more) } };
}
