import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { OpenTestnet } from '../../testnet/network/open.ts';
import { BATCH, LANES } from './cluster/fire.ts';
import { echo, type Latency, paced, type Throughput, throughput } from './cluster/load.ts';
import { Meters } from './cluster/meters.ts';
import { withNetwork } from './cluster/network.ts';
import { measureRates } from './cluster/rates.ts';
import { Spent } from './cluster/spent.ts';
import { sweep, sweepPlot } from './cluster/sweep.ts';
import { compareUnbatched } from './cluster/unbatched.ts';
import { World } from './cluster/world.ts';
import { mergeProfiles, selfShares } from './profile/cpu-profile.ts';
import { flameGraph } from './profile/flame.ts';
import { INSPECTED, Profiling } from './profile/inspector.ts';
import { type Aim, figure, judged, rounded } from './report/figure.ts';
import { medians } from './report/median.ts';

/*
 * `npm run bench -- cluster [--voters 10000] [--signed 8000] [--rounds 5] [--sweep] [--profile DIR] [--plot]`: Workload W of
 * the goals. Four validators as processes on this machine, fdatasync on, this process the load over JSON-RPC. A ballot counts
 * when every validator has executed it as counted. Loads take turns, and every figure is the median of its rounds.
 * `--profile` keeps the validators' CPU profiles of the operator-signed load alone; `--plot` renews the plots of
 * docs/performance.md from what this run measured. `--unbatched` measures P7 and nothing else: `signed` ballots through a network as it is, and through one in which every ballot is a segment of its own. `--rates` sends
 * at steady rates far below the most, and nothing else.
 */

const SINGLES_PER_S = 200;
/** Ballots a request in the open loop at half of the rate: small, so that a batch does not hide the wait. */
const HALF_LOAD_BATCH = 20;
const PLOTS = resolve(import.meta.dirname, '..', '..', 'docs', 'plots');
/** Owners with less are many and say little. */
const SHARE_SHOWN = 0.01;

const OPERATOR_SIGNED: Aim = { goal: 'P1', sign: '>=', bound: 10_000 };
const VOTER_SIGNED: Aim = { goal: 'P1', sign: '>=', bound: 2_500 };
const P50: Aim = { goal: 'P2', sign: '<=', bound: 40 };
const P99: Aim = { goal: 'P2', sign: '<', bound: 100 };
const RSS: Aim = { goal: 'P5', sign: '<=', bound: 300 };

interface Options {
  readonly voters: number;
  readonly signed: number;
  readonly rounds: number;
  readonly isSweep: boolean;
  readonly isPlot: boolean;
  readonly profile: string | undefined;
}

interface Loaded extends Throughput {
  readonly cpuUsPerBallotPerNode: number;
  /** All nodes together. */
  readonly wireBytesPerBallot: number;
}

async function measure(testnet: OpenTestnet, options: Options): Promise<void> {
  const { voters, signed } = options;
  const meters = new Meters(testnet);
  const operators = await World.create(testnet, 'operator', voters);
  const signers = await World.create(testnet, 'voter', signed);
  await throughput(operators, { count: Math.min(voters, 1_000), batch: BATCH, lanes: LANES });
  const { operatorSigned, voterSigned, halfLoad, singles } = await measureRounds(meters, operators, signers, options);
  const echoMsP99 = await echo(operators, 200);
  const { cpuUsPerBallotPerNode, wireBytesPerBallot } = operatorSigned;
  const rssMiB = meters.rssMiBMax();
  figure('cluster/nodes', { echoMsP99, cpuUsPerBallotPerNode, wireBytesPerBallot });
  judged('cluster/nodes', 'rssMiB', rssMiB, RSS);
  if (options.profile !== undefined) await profiled(testnet, operators, options.profile, options.isPlot);
  if (options.isSweep) {
    const points = await sweep(meters, operators, signers);
    if (options.isPlot) await writeFile(join(PLOTS, 'cluster.svg'), sweepPlot(points));
  }
  const { perS: countedPerS } = operatorSigned;
  const voterSignedPerS = voterSigned.perS;
  console.log(JSON.stringify({ countedPerS, voterSignedPerS, halfLoad, singles, cpuUsPerBallotPerNode, rssMiB }));
}

interface Measured {
  readonly operatorSigned: Loaded;
  readonly voterSigned: Loaded;
  readonly halfLoad: Latency;
  readonly singles: Latency;
}

/** All loads in turn, so that what the machine does meanwhile meets each of them; then the median of each figure. */
async function measureRounds(meters: Meters, operators: World, signers: World, options: Options): Promise<Measured> {
  const { voters, signed } = options;
  const rounds: Measured[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const operatorSigned = await metered(meters, operators, voters);
    const voterSigned = await metered(meters, signers, signed);
    const halfLoad = await paced(operators, voters, HALF_LOAD_BATCH, operatorSigned.perS / 2);
    const singles = await paced(operators, Math.min(voters, 1_000), 1, SINGLES_PER_S);
    rounds.push({ operatorSigned, voterSigned, halfLoad, singles });
    console.error(`round ${round + 1} of ${options.rounds}: ${operatorSigned.perS} ballots/s`);
  }
  const found = {
    operatorSigned: medians(rounds.map((one) => ({ ...one.operatorSigned }))),
    voterSigned: medians(rounds.map((one) => ({ ...one.voterSigned }))),
    halfLoad: medians(rounds.map((one) => ({ ...one.halfLoad }))),
    singles: medians(rounds.map((one) => ({ ...one.singles }))),
  };
  report(found);
  return found;
}

function report({ operatorSigned, voterSigned, halfLoad, singles }: Measured): void {
  figure('cluster/operator-signed', operatorSigned);
  judged('cluster/operator-signed', 'perS', operatorSigned.perS, OPERATOR_SIGNED);
  figure('cluster/voter-signed', voterSigned);
  judged('cluster/voter-signed', 'perS', voterSigned.perS, VOTER_SIGNED);
  for (const [name, { finalMsP50, finalMsP99 }] of Object.entries({ 'half-load': halfLoad, singles })) {
    judged(`cluster/${name}`, 'finalMsP50', finalMsP50, P50);
    judged(`cluster/${name}`, 'finalMsP99', finalMsP99, P99);
  }
}

async function metered(meters: Meters, world: World, count: number): Promise<Loaded> {
  const around = new Spent(meters);
  const found = await throughput(world, { count, batch: BATCH, lanes: LANES, around });
  const cpuUsPerBallotPerNode = Math.round(around.cpuUs / count / meters.nodes);
  return { ...found, cpuUsPerBallotPerNode, wireBytesPerBallot: Math.round(around.wireBytes / count) };
}

/** A load of its own: sampling costs, so no figure above comes from it. */
async function profiled(testnet: OpenTestnet, world: World, directory: string, isPlot: boolean): Promise<void> {
  const around = new Profiling(testnet, directory);
  await throughput(world, { count: world.voters.length, batch: BATCH, lanes: LANES, around });
  const root = mergeProfiles(around.profiles);
  for (const { owner, share } of selfShares(root)) {
    if (share >= SHARE_SHOWN) figure('profile/self', { owner, percent: rounded(100 * share) });
  }
  const graph = flameGraph('Main threads of four validators under operator-signed load', root);
  await writeFile(join(directory, 'flame.svg'), graph);
  if (isPlot) await writeFile(join(PLOTS, 'flame.svg'), graph);
}

async function rates(voters: number): Promise<void> {
  await withNetwork(async (testnet) => {
    console.log(JSON.stringify({ rates: await measureRates(await World.create(testnet, 'operator', voters)) }));
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      voters: { type: 'string', default: '10000' },
      signed: { type: 'string', default: '8000' },
      rounds: { type: 'string', default: '5' },
      sweep: { type: 'boolean', default: false },
      plot: { type: 'boolean', default: false },
      profile: { type: 'string' },
      unbatched: { type: 'boolean', default: false },
      rates: { type: 'boolean', default: false },
    },
  });
  if (values.unbatched) return console.log(JSON.stringify(await compareUnbatched(Number(values.signed))));
  if (values.rates) return await rates(Number(values.voters));
  const profile = values.profile === undefined ? undefined : resolve(values.profile);
  const sizes = { voters: Number(values.voters), signed: Number(values.signed), rounds: Number(values.rounds) };
  const options = { ...sizes, isSweep: values.sweep, isPlot: values.plot, profile };
  if (profile !== undefined) await mkdir(profile, { recursive: true });
  await withNetwork((testnet) => measure(testnet, options), profile === undefined ? undefined : INSPECTED);
}

await main();
