import { EXIT } from '../../node/cli/exit-codes.ts';
import type { OutputFormat } from '../../node/cli/output.ts';
import type { CliContext } from '../../node/cli/program.ts';
import { shellWord } from '../../node/cli/typed-command.ts';
import type { AuthMode } from '../../protocol/governance/types.ts';
import { attachTestnet } from '../network/attach.ts';
import { listenForSignals } from '../network/ending.ts';
import { readFolder } from './folder.ts';
import { readSession } from './read-session.ts';
import { replaySession } from './replay.ts';
import { printReading, printReplay, replayJson } from './report.ts';

export interface ReplayCommandOptions {
  readonly dir?: string;
  readonly auth: AuthMode;
  readonly space: string;
  readonly output: OutputFormat;
}

/** `waggle testnet replay DIR`. Exit 1 when nodes disagree, a ballot is not counted, or expected tallies differ. */
export async function replayCommand(path: string, options: ReplayCommandOptions, context: CliContext): Promise<void> {
  const { io, result } = context;
  const progress = (text: string) => io.err(`${text}\n`);
  const session = readSession(await readFolder(path));
  printReading(io, session);
  const ending = listenForSignals('run the command again');
  const testnet = await attachTestnet(options.dir, progress, ending);
  try {
    const replayed = await ending.race(replaySession(testnet, session, options, progress));
    const flags = `${options.space === 'main' ? '' : ` --space ${options.space}`}${dirFlag(options.dir)}`;
    const next = testnet.started.length > 0 ? 'waggle testnet up --detach' : `waggle tally ${replayed.session}${flags}`;
    if (options.output === 'table') printReplay(io, session, replayed, next);
    else io.out(`${JSON.stringify(replayJson(session, replayed, options.space))}\n`);
    const same = replayed.comparison === undefined || replayed.comparison.differences.length === 0;
    const whole = replayed.counted === session.ballots.length;
    if (!same || !whole || !replayed.agreement.agree) result.exit = EXIT.different;
  } finally {
    await testnet.close();
    ending.stop();
  }
}

export function dirFlag(dir: string | undefined): string {
  return dir === undefined ? '' : ` --dir ${shellWord(dir)}`;
}
