import type { Command } from 'commander';
import { choiceArgument, idArgument, oneOf } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { emit, type OutputFormat } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { SubmitResult, TallyResult } from '../rpc-shapes.ts';
import { tallyScreen } from '../tally-screen.ts';
import { connect, type TargetOptions } from '../target.ts';
import { readDocument, spaceFlag, spaceOptions } from './governance.ts';

type Await = 'accepted' | 'final';

interface Options extends TargetOptions {
  readonly output: OutputFormat;
  readonly space: string;
  readonly as: string;
  readonly comment?: string;
  readonly veto?: string;
  readonly await: Await;
}

export function addVotingCommands(program: Command, context: CliContext): void {
  submitOptions(program.command('vote'))
    .description('a whole ballot of one answer (for more: ballot submit)')
    .argument('<session>', 'session id', idArgument('session'))
    .argument('<proposal>', 'proposal id', idArgument('proposal'))
    .argument('<choice>', 'a weight 1…10, or approve, reject, abstain', choiceArgument)
    .requiredOption('--as <model>', 'the model that votes', idArgument('model'))
    .option('--comment <text>', 'its comment')
    .option('--veto <text>', 'its veto text')
    .action((session: string, proposal: string, choice: number | string, options: Options) =>
      vote(session, proposal, choice, options, context),
    );
  const ballots = program.command('ballot').description('whole ballots: submit');
  submitOptions(ballots.command('submit <file>'))
    .description('submit a ballot from a JSON or YAML file: session, voter, entries ("-" reads stdin)')
    .action((file: string, options: Options) => submitFile(file, options, context));
  spaceOptions(program.command('tally'))
    .description('the count of a session, exact in -o json')
    .argument('<session>', 'session id', idArgument('session'))
    .action((session: string, options: Options) => tally(session, options, context));
}

function submitOptions(command: Command): Command {
  const levels = oneOf<Await>('--await', ['accepted', 'final']);
  return spaceOptions(command).option('--await <level>', 'answer when accepted or when final', levels, 'final');
}

async function vote(
  session: string,
  proposal: string,
  choice: number | string,
  options: Options,
  context: CliContext,
): Promise<void> {
  const { comment, veto } = options;
  const entry = {
    proposal,
    choice,
    ...(comment === undefined ? {} : { comment }),
    ...(veto === undefined ? {} : { veto }),
  };
  await submit({ space: options.space, session, voter: options.as, entries: [entry] }, options, context);
}

async function submitFile(file: string, options: Options, context: CliContext): Promise<void> {
  await submit({ space: options.space, ...(await readDocument(file)) }, options, context);
}

async function submit(ballot: Record<string, unknown>, options: Options, { io, result }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const params = { await: options.await, ...ballot };
  const answer = await client.call<SubmitResult>('ballot_submit', params);
  const tail = `${String(ballot.session)}${spaceFlag(options, ballot.space)}${client.flags}`;
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
    next: `waggle tally ${tail}`,
  }));
  const taken = answer.outcome === undefined || answer.outcome === 'counted' || answer.outcome === 'duplicate';
  if (!taken) result.exit = EXIT.data;
}

async function tally(session: string, options: Options, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const answer = await client.call<TallyResult>('tally_get', { space: options.space, session });
  const next = `waggle session show ${session}${spaceFlag(options)}${client.flags}`;
  emit(io, options.output, answer, () => tallyScreen(answer, next), answer.proposals);
}
