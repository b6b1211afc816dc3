import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { OpenTestnet } from '../../testnet/network/open.ts';
import { BATCH, LANES } from './cluster/fire.ts';
import { throughput } from './cluster/load.ts';
import { Meters } from './cluster/meters.ts';
import { withNetwork } from './cluster/network.ts';
import { Spent } from './cluster/spent.ts';
import { World } from './cluster/world.ts';
import { type Floor, FloorParts, strictSumOf, sumOf } from './floor/floor-parts.ts';
import { type Aim, figure, judged, rounded } from './report/figure.ts';
import { median } from './report/median.ts';

/*
 * `npm run bench -- floor [--ballots 5000] [--runs 5] [--auth operator|voter]`: P4 of the goals. CPU of a ballot at one of
 * four validators under load, against the sum of what none of them can leave out, measured alone: decode, hash, verify, execute,
 * store. Load and parts take turns, so that the ratio stands on a busy machine as well.
 */

const PART_ROUNDS = 5;
const RATIO: Aim = { goal: 'P4', sign: '<=', bound: 2 };

interface Run {
  readonly clusterUs: number;
  readonly floor: Floor;
}

async function measure(testnet: OpenTestnet, parts: FloorParts, options: Options): Promise<Run[]> {
  const meters = new Meters(testnet);
  const world = await World.create(testnet, options.auth, options.ballots);
  const load = { count: options.ballots, batch: BATCH, lanes: LANES };
  await throughput(world, { ...load, count: Math.min(1_000, options.ballots) });
  const runs: Run[] = [];
  for (let run = 1; run <= options.runs; run++) {
    const around = new Spent(meters);
    await throughput(world, { ...load, around });
    const clusterUs = around.cpuUs / options.ballots / meters.nodes;
    const floor = await parts.measure(PART_ROUNDS);
    runs.push({ clusterUs, floor });
    const sum = sumOf(floor);
    figure('floor/run', { run, clusterUs: rounded(clusterUs), floorUs: rounded(sum), ratio: rounded(clusterUs / sum) });
  }
  return runs;
}

function report(runs: readonly Run[], auth: string): void {
  const middle = (pick: (run: Run) => number): number => rounded(median(runs.map(pick)));
  const parts = {
    decodeAndHash: middle(({ floor }) => floor.decodeAndHash),
    verifyShare: middle(({ floor }) => floor.verifyShare),
    execute: middle(({ floor }) => floor.execute),
    store: middle(({ floor }) => floor.store),
    storeBare: middle(({ floor }) => floor.storeBare),
  };
  for (const [part, cpuUs] of Object.entries(parts)) figure('floor/part', { part, cpuUs });
  const clusterUs = middle((run) => run.clusterUs);
  const floorUs = middle(({ floor }) => sumOf(floor));
  const ratio = middle((run) => run.clusterUs / sumOf(run.floor));
  figure('floor/ballot', { auth, clusterUs, floorUs });
  judged('floor/ballot', 'ratio', ratio, RATIO);
  // Parts that are dear themselves make the ratio small: this one has the bare store in their place.
  const strictRatio = middle((run) => run.clusterUs / strictSumOf(run.floor));
  judged('floor/ballot', 'strictRatio', strictRatio, RATIO);
  console.log(JSON.stringify({ auth, clusterUs, floorUs, ratio, strictRatio, parts }));
}

interface Options {
  readonly ballots: number;
  readonly runs: number;
  readonly auth: 'operator' | 'voter';
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      ballots: { type: 'string', default: '5000' },
      runs: { type: 'string', default: '5' },
      auth: { type: 'string', default: 'operator' },
    },
  });
  const { auth } = values;
  if (auth !== 'operator' && auth !== 'voter') throw new Error(`--auth ${auth}: operator or voter`);
  return { ballots: Number(values.ballots), runs: Number(values.runs), auth };
}

async function main(): Promise<void> {
  const options = readOptions();
  const directory = await mkdtemp(join(tmpdir(), 'waggle-floor-'));
  const parts = await FloorParts.open(directory, options.auth);
  try {
    await withNetwork(async (testnet) => report(await measure(testnet, parts, options), options.auth));
  } finally {
    await parts.close();
    await rm(directory, { recursive: true });
  }
}

await main();
