import { parseArgs } from 'node:util';
import { listenForSignals } from '../../testnet/network/ending.ts';
import { type OpenTestnet, openTestnet } from '../../testnet/network/open.ts';
import { percentile } from '../../testnet/voting/concurrently.ts';
import { closedLoop, openLoop, volleys } from './cluster/fire.ts';
import { usageOf } from './cluster/usage.ts';
import { World } from './cluster/world.ts';

/*
 * `npm run bench -- cluster`: Workload W of the goals. Four validators as processes on this machine, fdatasync on, this
 * process the load over JSON-RPC. A ballot counts when every validator has executed it as counted.
 */

const BATCH = 100;
/** Requests under way in the closed loops. */
const LANES = 16;
const SINGLES_PER_S = 200;
/** Ballots a request in the open loop at half of the rate: small, so that a batch does not hide the wait. */
const HALF_LOAD_BATCH = 20;

interface Latency {
  readonly finalMsP50: number;
  readonly finalMsP99: number;
}

function latencyOf(values: readonly number[]): Latency {
  return { finalMsP50: percentile(values, 0.5), finalMsP99: percentile(values, 0.99) };
}

async function throughput(world: World, count: number): Promise<{ perS: number } & Latency> {
  const { session, shots } = await world.open(count);
  const startedMs = performance.now();
  const latencies = await closedLoop(volleys(shots, BATCH), LANES);
  await world.untilCounted(session, count);
  const perS = Math.round((count * 1_000) / (performance.now() - startedMs));
  await world.close(session);
  return { perS, ...latencyOf(latencies) };
}

async function paced(world: World, count: number, batch: number, ballotsPerS: number): Promise<Latency> {
  const { session, shots } = await world.open(count);
  const latencies = await openLoop(volleys(shots, batch), ballotsPerS / batch);
  await world.untilCounted(session, count);
  await world.close(session);
  return latencyOf(latencies);
}

/** What a call costs that waits for nothing: the machine's own share of every latency here. */
async function echo(world: World, count: number): Promise<number> {
  const latencies: number[] = [];
  for (let at = 0; at < count; at++) {
    const startedMs = performance.now();
    await world.members[at % world.members.length]?.client.call('node_status');
    latencies.push(performance.now() - startedMs);
  }
  return percentile(latencies, 0.99);
}

function figure(name: string, values: object): void {
  const pairs = Object.entries(values).map(([key, value]) => `${key}=${value}`);
  console.log(`cluster/${name} ${pairs.join(' ')}`);
}

async function main(): Promise<void> {
  const options = {
    voters: { type: 'string', default: '10000' },
    signed: { type: 'string', default: '2000' },
  } as const;
  const { values } = parseArgs({ options });
  const [voters, signed] = [Number(values.voters), Number(values.signed)];
  const ending = listenForSignals();
  const progress = (line: string): void => console.error(line);
  const testnet = await openTestnet({ nodes: 4, shards: 4, ephemeral: true, detach: false }, progress, ending);
  try {
    await ending.race(measure(testnet, voters, signed));
  } finally {
    await testnet.close();
    ending.stop();
  }
}

async function measure(testnet: OpenTestnet, voters: number, signed: number): Promise<void> {
  const pids = testnet.file.nodes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  const cpuUs = (): number => pids.reduce((sum, pid) => sum + usageOf(pid).cpuUs, 0);
  const operators = await World.create(testnet, 'operator', voters);
  await throughput(operators, Math.min(voters, 1_000));
  const before = cpuUs();
  const operatorSigned = await throughput(operators, voters);
  const cpuUsPerBallotPerNode = Math.round((cpuUs() - before) / voters / pids.length);
  figure('operator-signed', operatorSigned);
  const voterSigned = await throughput(await World.create(testnet, 'voter', signed), signed);
  figure('voter-signed', voterSigned);
  const halfLoad = await paced(operators, voters, HALF_LOAD_BATCH, operatorSigned.perS / 2);
  figure('half-load', halfLoad);
  const singles = await paced(operators, Math.min(voters, 1_000), 1, SINGLES_PER_S);
  const echoMsP99 = await echo(operators, 200);
  figure('singles', { ...singles, echoMsP99 });
  const rssMiB = Math.round(Math.max(...pids.map((pid) => usageOf(pid).rssMiB)));
  figure('nodes', { cpuUsPerBallotPerNode, rssMiB });
  const { perS: countedPerS } = operatorSigned;
  const summary = { countedPerS, voterSignedPerS: voterSigned.perS, halfLoad, singles, cpuUsPerBallotPerNode, rssMiB };
  console.log(JSON.stringify(summary));
}

await main();
