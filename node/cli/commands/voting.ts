import type { Command } from 'commander';
import { type Choice, choiceArgument, idArgument, wordOption } from '../arguments.ts';
import { castVote } from '../cast-vote.ts';
import { proposalArgument, type SpaceOptions, sessionArgument, spaceFlag, spaceOptions } from '../command-options.ts';
import { readDocument } from '../document.ts';
import { EXIT } from '../exit-codes.ts';
import { untilFinal, write } from '../finality.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { SubmitResult, TallyResult } from '../rpc-shapes.ts';
import { tallyScreen } from '../tally-screen.ts';
import { connect } from '../target.ts';
import { addBallotReads } from './ballots.ts';

interface Options extends SpaceOptions {
  readonly as: string;
  readonly comment?: string;
  readonly veto?: string;
  readonly await: 'accepted' | 'final';
}

export function addVotingCommands(program: Command, context: CliContext): void {
  const one = program.command('vote').addArgument(sessionArgument()).addArgument(proposalArgument());
  submitOptions(one)
    .description('a whole ballot of one answer (for more: ballot submit)')
    .argument('<choice>', 'a weight 1…10, or approve, reject, abstain', choiceArgument)
    .requiredOption('--as <model>', 'the model that votes', idArgument('--as'))
    .option('--comment <text>', 'its comment')
    .option('--veto <text>', 'its veto text')
    .action((session: string, proposal: string, choice: Choice, options: Options) =>
      vote(session, proposal, choice, options, context),
    );
  const ballots = program.command('ballot').description('whole ballots: submit, get, list');
  submitOptions(ballots.command('submit'))
    .description('submit a ballot: session, voter, entries')
    .argument('<file>', 'JSON or YAML ("-" reads stdin)')
    .action((file: string, options: Options) => submitFile(file, options, context));
  addBallotReads(ballots, context);
  spaceOptions(program.command('tally').addArgument(sessionArgument()))
    .description('the count of a session, exact in -o json')
    .action((session: string, options: SpaceOptions) => tally(session, options, context));
}

function submitOptions(command: Command): Command {
  const level = wordOption('--await <level>', 'what to wait for', ['accepted', 'final']).default('final');
  return spaceOptions(command.addOption(level));
}

async function vote(
  session: string,
  proposal: string,
  choice: Choice,
  options: Options,
  context: CliContext,
): Promise<void> {
  const { space, as: voter, comment, veto } = options;
  const text = { ...(comment === undefined ? {} : { comment }), ...(veto === undefined ? {} : { veto }) };
  const ballot = { space, session, voter, entries: [{ proposal, choice, ...text }] };
  if (options.await === 'accepted') return await submit(ballot, options, context);
  const { io } = context;
  const daemon = await connect(options, io.env);
  // The library waits for a node that may come back; who types a command wants to hear that there is none.
  await daemon.call('node_status');
  const look = `waggle ballot list ${session} --voter ${voter}${spaceFlag(options)}${daemon.flags}`;
  const answer = await untilFinal(daemon, io, () => castVote(ballot, options, io.env), look);
  showAnswer(answer, ballot, options, daemon.flags, context);
}

async function submitFile(file: string, options: Options, context: CliContext): Promise<void> {
  await submit({ space: options.space, ...(await readDocument(file)) }, options, context);
}

async function submit(ballot: Record<string, unknown>, options: Options, context: CliContext): Promise<void> {
  const daemon = await connect(options, context.io.env);
  const params = { await: options.await, ...ballot };
  const answer = await write<SubmitResult>(daemon, context.io, 'ballot_submit', params);
  showAnswer(answer, ballot, options, daemon.flags, context);
}

function showAnswer(
  answer: SubmitResult,
  ballot: { readonly session?: unknown; readonly space?: unknown },
  options: Options,
  flags: string,
  { io, result }: CliContext,
): void {
  const isFinal = answer.status === 'final';
  const tail = `${String(ballot.session)}${spaceFlag(options, ballot.space)}${flags}`;
  emit(io, options.output, answer, () => ({
    title: `ballot ${answer.ballot}`,
    columns: [{ name: 'status' }, { name: 'outcome' }, { name: 'height' }, { name: 'shard' }, { name: 'final after' }],
    rows: [
      [
        answer.status,
        answer.outcome ?? '-',
        String(answer.height ?? '-'),
        String(answer.shard),
        answer.finalMs === undefined ? '-' : `${answer.finalMs} ms`,
      ],
    ],
    notes: isFinal ? [] : ['accepted is one disk; it counts once it is final'],
    next: isFinal ? `waggle tally ${tail}` : `waggle ballot get ${answer.ballot}${flags}`,
  }));
  const taken = answer.outcome === undefined || answer.outcome === 'counted' || answer.outcome === 'duplicate';
  if (!taken) result.exit = EXIT.data;
}

async function tally(session: string, options: SpaceOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const answer = await client.call<TallyResult>('tally_get', { space: options.space, session });
  const next = `waggle session show ${session}${spaceFlag(options)}${client.flags}`;
  emit(io, options.output, answer, () => tallyScreen(answer, next), answer.proposals);
}
