import { EXIT } from '../../node/cli/exit-codes.ts';
import { emit, type OutputFormat } from '../../node/cli/output.ts';
import type { CliContext } from '../../node/cli/program.ts';
import { bar, progressLine } from '../../node/cli/progress.ts';
import { attachTestnet } from '../network/attach.ts';
import { listenForSignals } from '../network/ending.ts';
import { dirFlag } from '../replay/command.ts';
import { type LoadOptions, runLoad } from './load.ts';

export interface LoadCommandOptions extends Omit<LoadOptions, 'ballots'> {
  readonly ballots?: number;
  readonly dir?: string;
  readonly output: OutputFormat;
}

/** `waggle testnet load`. Exit 1 when a ballot is not counted on every node that answers. */
export async function loadCommand(options: LoadCommandOptions, { io, result }: CliContext): Promise<void> {
  const progress = (text: string) => io.err(`${text}\n`);
  const line = progressLine(io);
  const ending = listenForSignals('run the command again');
  const testnet = await attachTestnet(options.dir, progress, ending);
  try {
    const ballots = options.ballots ?? options.voters;
    const load = await ending.race(
      runLoad(testnet, { ...options, ballots }, progress, (done) => line.show(bar(done, ballots, 'ballots final'))),
    );
    line.clear();
    emit(io, options.output, load, () => ({
      title: `${load.counted} of ${load.submitted} ballots counted, ${load.perS}/s, final after p50 ${load.finalMsP50} ms, p99 ${load.finalMsP99} ms`,
      columns: [{ name: 'node' }, { name: 'counted', align: 'right' }],
      rows: testnet.file.nodes.map(({ name }, at) => [name, String(load.countedPerNode[at] ?? 'no answer')]),
      next:
        testnet.started.length > 0
          ? 'waggle testnet up --detach'
          : `waggle tally ${load.session}${dirFlag(options.dir)}`,
    }));
    if (load.counted !== load.submitted) result.exit = EXIT.different;
  } finally {
    line.clear();
    await testnet.close();
    ending.stop();
  }
}
