import { EXIT } from '../../node/cli/exit-codes.ts';
import { printScreen, type Screen } from '../../node/cli/output.ts';
import type { CliContext } from '../../node/cli/program.ts';
import { tallyScreen } from '../../node/cli/tally-screen.ts';
import { listenForSignals } from '../network/ending.ts';
import { type OpenTestnet, openTestnet } from '../network/open.ts';
import { dirFlag } from '../replay/command.ts';
import { agreementLine } from '../replay/report.ts';
import type { Agreement } from '../voting/tallies.ts';
import { type DemoResult, runDemo } from './demo.ts';

export interface DemoOptions {
  readonly dir?: string;
  readonly once?: boolean;
  readonly json?: boolean;
}

/** `npm start`: a network of real processes, a session voted and counted; stays until Ctrl-C, or ends with --once. */
export async function demoCommand(options: DemoOptions, { io, result }: CliContext): Promise<void> {
  const progress = (text: string) => io.err(`${text}\n`);
  const directory = options.dir === undefined ? {} : { directory: options.dir };
  const ending = listenForSignals();
  const open = { ...directory, ephemeral: false, detach: false };
  const testnet = await openTestnet(open, progress, ending);
  try {
    const demo = await ending.race(runDemo(testnet, progress));
    const { resultsAgree, counted, ballots } = demo.result;
    if (!resultsAgree || counted !== ballots) result.exit = EXIT.different;
    if (options.json !== true) printDemo(io, testnet, demo, options);
    if (options.once !== true && testnet.started.length > 0) {
      if (options.json === true) io.out(`${JSON.stringify(demo.result)}\n`);
      await ending.forever();
    }
    if (options.json === true) {
      await testnet.close();
      io.out(`${JSON.stringify(demo.result)}\n`);
    }
  } finally {
    await testnet.close();
    ending.stop();
  }
}

function printDemo(
  io: CliContext['io'],
  testnet: OpenTestnet,
  { result, agreement }: { readonly result: DemoResult; readonly agreement: Agreement },
  { dir, once }: DemoOptions,
): void {
  const tally = agreement.tallies.find((one) => one.tally !== undefined)?.tally;
  const flag = dirFlag(dir);
  const stays = once !== true;
  const next = stays
    ? `waggle tally ${result.session}${flag}    (in another terminal; Ctrl-C ends the network)`
    : 'npm start';
  const empty: Screen = { columns: [], rows: [], next };
  const screen = tally === undefined ? empty : tallyScreen(tally, next);
  printScreen(io, {
    ...screen,
    notes: [
      agreementLine(io, agreement),
      `${result.counted} of ${result.ballots} ballots counted, final after p50 ${result.finalMsP50} ms, p99 ${result.finalMsP99} ms`,
      ...(stays ? testnet.file.nodes.map(({ name, rpc }) => `${name}  ${rpc}`) : []),
    ],
  });
}
