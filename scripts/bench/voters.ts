import { cpus } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { generateKeyPair } from '../../protocol/crypto/keys.ts';
import { verify } from '../../protocol/crypto/verify.ts';
import { listenForSignals } from '../../testnet/network/ending.ts';
import { type OpenTestnet, openTestnet } from '../../testnet/network/open.ts';
import { percentile } from '../../testnet/voting/concurrently.ts';
import { usageOf } from './cluster/usage.ts';
import { type Aim, figure, judged } from './report/figure.ts';
import { median } from './report/median.ts';
import { Hall, type Meters, type Round } from './voters/hall.ts';
import { measureIncumbent } from './voters/incumbent.ts';

/*
 * `npm run bench -- voters [--voters 1000] [--runs 5]`: P11 of the goals. Each voter has its own key and its own connection
 * to one of four validators; all ballots, of 20 entries and signed before, are submitted in the same instant, each by the
 * client that people use. This process is the load, and shares the machine with the nodes. Beside it the incumbent's way.
 */

const VERIFIED = 2_000;
const P99: Aim = { goal: 'P11', sign: '<', bound: 100 };

/** What the signatures alone take on this machine when every core does nothing else: each node verifies each ballot. */
function floorMs(ballots: number, nodes: number): number {
  const pair = generateKeyPair();
  const message = new Uint8Array(32);
  const signature = pair.sign(message);
  const startedMs = performance.now();
  for (let at = 0; at < VERIFIED; at++) verify(pair.publicKey, message, signature);
  const perBallotMs = (performance.now() - startedMs) / VERIFIED;
  return Math.round((ballots * nodes * perBallotMs) / cpus().length);
}

function metersOf(pids: readonly number[]): Meters {
  return {
    nodesCpuMs: () => pids.reduce((sum, pid) => sum + usageOf(pid).cpuUs, 0) / 1_000,
    loadCpuMs: () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
  };
}

async function measure(testnet: OpenTestnet, voters: number, runs: number): Promise<void> {
  const pids = testnet.file.nodes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  const hall = await Hall.open(testnet, voters);
  try {
    const meters = metersOf(pids);
    // The first round warms up connections and code.
    await hall.vote(meters);
    const rounds: Round[] = [];
    for (let run = 1; run <= runs; run++) {
      const round = await hall.vote(meters);
      rounds.push(round);
      const { counted, countedPerNode, latencies, elapsedMs, nodesCpuMs, loadCpuMs } = round;
      figure('voters/run', {
        run,
        counted,
        countedPerNode: countedPerNode.join('/'),
        finalMsP50: percentile(latencies, 0.5),
        finalMsP99: percentile(latencies, 0.99),
        perS: Math.round((counted * 1_000) / elapsedMs),
        nodesCpuMs: Math.round(nodesCpuMs),
        loadCpuMs: Math.round(loadCpuMs),
      });
    }
    await report(hall, rounds, voters, pids);
  } finally {
    hall.close();
  }
}

async function report(hall: Hall, rounds: readonly Round[], voters: number, pids: readonly number[]): Promise<void> {
  const all = {
    voters,
    proposals: 20,
    allCounted: rounds.every(
      ({ counted, countedPerNode }) => counted === voters && countedPerNode.every((one) => one === voters),
    ),
    finalMsP50: median(rounds.map(({ latencies }) => percentile(latencies, 0.5))),
    finalMsP99: median(rounds.map(({ latencies }) => percentile(latencies, 0.99))),
    perS: Math.round(median(rounds.map(({ counted, elapsedMs }) => (counted * 1_000) / elapsedMs))),
    cpuMsPerVoteAllNodes: Math.round((median(rounds.map(({ nodesCpuMs }) => nodesCpuMs)) / voters) * 100) / 100,
    signaturesFloorMs: floorMs(voters, pids.length),
    rssMiBMax: Math.round(Math.max(...pids.map((pid) => usageOf(pid).rssMiB))),
  };
  figure('voters/all-at-once', all);
  judged('voters/all-at-once', 'finalMsP99', all.finalMsP99, P99);
  const incumbent = await measureIncumbent(hall.votes());
  figure('voters/incumbent', incumbent);
  const ratio = { perSTimes: Math.round((all.perS / incumbent.perS) * 10) / 10 };
  figure('voters/beside', ratio);
  console.log(JSON.stringify({ ...all, incumbent, ...ratio }));
  if (!all.allCounted) process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { voters: { type: 'string', default: '1000' }, runs: { type: 'string', default: '5' } },
  });
  const ending = listenForSignals();
  const progress = (line: string): void => console.error(line);
  const testnet = await openTestnet({ nodes: 4, shards: 4, ephemeral: true, detach: false }, progress, ending);
  try {
    await ending.race(measure(testnet, Number(values.voters), Number(values.runs)));
  } finally {
    await testnet.close();
    ending.stop();
  }
}

await main();
