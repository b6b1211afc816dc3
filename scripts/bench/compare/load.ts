import process from 'node:process';
import { createInterface } from 'node:readline';
import { listenForSignals } from '../../../testnet/network/ending.ts';
import { openTestnet } from '../../../testnet/network/open.ts';
import { percentile } from '../../../testnet/voting/concurrently.ts';
import { closedLoop, openLoop, volleys } from '../cluster/fire.ts';
import { usageOf } from '../cluster/usage.ts';
import { World } from '../cluster/world.ts';

/*
 * `node scripts/bench/compare/load.ts BALLOTS`: a network of this tree that stays up and plays one short load for every
 * line on its stdin, answering with one line of JSON, until stdin ends. It is copied into the base, so that both trees
 * are measured alike and each by its own client.
 */

/** What one short load came to. */
export interface LoadFigures {
  /** Ballots a second, batched, counted by every validator. */
  readonly perS: number;
  /** Of single ballots at a steady rate that any machine carries. */
  readonly finalMsP99: number;
  /** Of all nodes together. */
  readonly cpuUsPerBallot: number;
}

const BATCH = 100;
const LANES = 16;
const SINGLES = 200;
const SINGLES_PER_S = 100;

async function play(world: World, ballots: number, cpuUs: () => number): Promise<LoadFigures> {
  const batched = await world.open(ballots);
  const beforeUs = cpuUs();
  const startedMs = performance.now();
  await closedLoop(volleys(batched.shots, BATCH), LANES);
  await world.untilCounted(batched.session, ballots);
  const perS = (ballots * 1_000) / (performance.now() - startedMs);
  const cpuUsPerBallot = (cpuUs() - beforeUs) / ballots;
  await world.close(batched.session);
  const count = Math.min(ballots, SINGLES);
  const singles = await world.open(count);
  const latencies = await openLoop(volleys(singles.shots, 1), SINGLES_PER_S);
  await world.untilCounted(singles.session, count);
  await world.close(singles.session);
  return {
    perS: Math.round(perS),
    finalMsP99: percentile(latencies, 0.99),
    cpuUsPerBallot: Math.round(cpuUsPerBallot),
  };
}

async function main(ballots: number): Promise<void> {
  const ending = listenForSignals();
  const progress = (line: string): void => console.error(line);
  const testnet = await openTestnet({ nodes: 4, shards: 4, ephemeral: true, detach: false }, progress, ending);
  const work = async (): Promise<void> => {
    const pids = testnet.file.nodes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
    const cpuUs = (): number => pids.reduce((sum, pid) => sum + usageOf(pid).cpuUs, 0);
    const world = await World.create(testnet, 'operator', ballots);
    await play(world, ballots, cpuUs);
    console.log(JSON.stringify({ ready: true }));
    for await (const _line of createInterface({ input: process.stdin })) {
      console.log(JSON.stringify(await play(world, ballots, cpuUs)));
    }
  };
  try {
    await ending.race(work());
  } finally {
    await testnet.close();
    ending.stop();
  }
}

if (import.meta.main) await main(Number(process.argv[2] ?? '2000'));
