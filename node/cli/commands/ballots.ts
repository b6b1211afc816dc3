import type { Command } from 'commander';
import { idArgument } from '../arguments.ts';
import {
  type AskOptions,
  askOptions,
  ballotArgument,
  flagsTyped,
  listOptions,
  type SpaceOptions,
  sessionArgument,
  spaceFlag,
  spaceOptions,
} from '../command-options.ts';
import { type ListOptions, showList } from '../listing.ts';
import { emit } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { BallotFacts } from '../rpc-shapes.ts';
import { connect } from '../target.ts';

interface ListBallots extends SpaceOptions, ListOptions {
  readonly voter?: string;
}

/** `waggle ballot get` and `list`: what became of ballots. */
export function addBallotReads(ballots: Command, context: CliContext): void {
  askOptions(ballots.command('get').addArgument(ballotArgument()))
    .description('a final ballot, and whether it counts')
    .action((id: string, options: AskOptions) => getBallot(id, options, context));
  spaceOptions(listOptions(ballots.command('list').addArgument(sessionArgument())))
    .description('the final ballots of a session, with all outcomes')
    .option('--voter <model>', 'of this voter only', idArgument('--voter'))
    .action((session: string, options: ListBallots) => listBallots(session, options, context));
}

async function getBallot(id: string, options: AskOptions, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const one = await client.call<BallotFacts>('ballot_get', { ballot: id });
  emit(io, options.output, one, () => ({
    title: `ballot ${one.ballot}`,
    columns: [{ name: 'proposal' }, { name: 'choice' }, { name: 'comment' }, { name: 'veto' }],
    rows: one.entries.map(({ proposal, choice, comment, veto }) => [
      proposal,
      String(choice),
      comment ?? '-',
      veto ?? '-',
    ]),
    notes: [
      `${one.voter} in ${one.space}/${one.session}, ${standing(one)} at height ${one.height}`,
      `shard ${one.shard} of ${one.author}, signed by the ${one.auth}, at ${one.time}`,
      ...(one.supersededBy === undefined ? [] : [`replaced by ${one.supersededBy}`]),
    ],
    next: `waggle ballot list ${one.session} --voter ${one.voter}${spaceFlag(one)}${client.flags}`,
  }));
}

async function listBallots(session: string, options: ListBallots, { io }: CliContext): Promise<void> {
  const client = await connect(options, io.env);
  const { space, voter } = options;
  const where = `${spaceFlag(options)}${client.flags}`;
  const listing = {
    method: 'ballot_list',
    params: { space, session, ...(voter === undefined ? {} : { voter }) },
    columns: [
      { name: 'ballot' },
      { name: 'voter' },
      { name: 'outcome' },
      { name: 'answers', align: 'right' as const },
      { name: 'height', align: 'right' as const },
    ],
    row: (one: BallotFacts) => [one.ballot, one.voter, standing(one), String(one.entries.length), String(one.height)],
    empty: `no final ballot${voter === undefined ? '' : ` of ${voter}`} in ${space}/${session}`,
    command: `waggle ballot list ${session}${flagsTyped({ voter })}${where}`,
    next: (items: readonly BallotFacts[]) => {
      const last = items.at(-1);
      return last === undefined
        ? `waggle session show ${session}${where}`
        : `waggle ballot get ${last.ballot}${client.flags}`;
    },
  };
  await showList(listing, options, client, io);
}

function standing({ outcome, supersededBy }: BallotFacts): string {
  return supersededBy === undefined ? outcome : 'replaced';
}
