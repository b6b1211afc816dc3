import { parseArgs } from 'node:util';
import { type FailoverResult, runFailover } from '../../testnet/failover/failover.ts';
import { listenForSignals } from '../../testnet/network/ending.ts';
import { openTestnet } from '../../testnet/network/open.ts';
import { figure } from './report/figure.ts';

/*
 * `npm run bench -- failover [--ballots 2000] [--over-s 60] [--kill-every-s 10] [--down-s 3]`: voters with keys of their
 * own vote through four nodes, of which one at a time is killed and started again. Each promise of the client is held
 * against the ledger of every node. Exit 1 when a vote is lost or doubled or a promise is untrue.
 */

function report(result: FailoverResult): void {
  const { submitted, kills, counted, duplicate, refused, undecided, countedPerNode, doubled, untrue } = result;
  const { allUpMsP50, allUpMsP99, oneDownMsP50, oneDownMsP99, finalMsMax, withinOneS } = result;
  const promises = { submitted, kills, counted, duplicate, refused, undecided };
  const ledger = { countedPerNode: countedPerNode.join('/'), doubled, untrue };
  figure('failover/promises', promises);
  figure('failover/ledger', ledger);
  figure('failover/latency', { allUpMsP50, allUpMsP99, oneDownMsP50, oneDownMsP99, finalMsMax, withinOneS });
}

function isRight({ submitted, counted, countedPerNode, doubled, untrue }: FailoverResult): boolean {
  return counted === submitted && doubled === 0 && untrue === 0 && countedPerNode.every((one) => one === submitted);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ballots: { type: 'string', default: '2000' },
      'over-s': { type: 'string', default: '60' },
      'kill-every-s': { type: 'string', default: '10' },
      'down-s': { type: 'string', default: '3' },
    },
  });
  const ending = listenForSignals();
  const progress = (line: string): void => console.error(line);
  const testnet = await openTestnet({ nodes: 4, shards: 4, ephemeral: true, detach: false }, progress, ending);
  try {
    const options = {
      ballots: Number(values.ballots),
      overMs: Number(values['over-s']) * 1_000,
      killEveryMs: Number(values['kill-every-s']) * 1_000,
      downMs: Number(values['down-s']) * 1_000,
    };
    const result = await ending.race(runFailover(testnet, options, progress));
    report(result);
    console.log(JSON.stringify(result));
    if (!isRight(result)) process.exitCode = 1;
  } finally {
    await testnet.close();
    ending.stop();
  }
}

await main();
