import type { OpenTestnet } from '../../../testnet/network/open.ts';
import { type Aim, figure, judged, rounded } from '../report/figure.ts';
import { BATCH, LANES } from './fire.ts';
import { throughput } from './load.ts';
import { Meters } from './meters.ts';
import { withNetwork } from './network.ts';
import { Spent } from './spent.ts';
import { World } from './world.ts';

/** NODE_OPTIONS of daemons that seal every ballot alone. */
const ONE_ITEM = `--import=${new URL('./one-item.ts', import.meta.url).href}`;
const WARM_UP = 500;
const CPU: Aim = { goal: 'P7', sign: '>=', bound: 90 };
const BYTES: Aim = { goal: 'P7', sign: '>=', bound: 50 };

/** Of all nodes together, a thousand counted ballots. */
interface Cost {
  readonly perS: number;
  readonly cpuS: number;
  readonly wireKB: number;
}

/** P7: the same ballots through a network as it is and through one with batching off. @returns what `-o json` ends with */
export async function compareUnbatched(ballots: number): Promise<object> {
  const batched = await costIn('batched', ballots);
  const unbatched = await costIn('unbatched', ballots, ONE_ITEM);
  const cpuLessPercent = rounded(100 * (1 - batched.cpuS / unbatched.cpuS));
  const bytesLessPercent = rounded(100 * (1 - batched.wireKB / unbatched.wireKB));
  judged('cluster/batching', 'cpuLessPercent', cpuLessPercent, CPU);
  judged('cluster/batching', 'bytesLessPercent', bytesLessPercent, BYTES);
  return { ballots, batched, unbatched, cpuLessPercent, bytesLessPercent };
}

async function costIn(name: string, ballots: number, nodeOptions?: string): Promise<Cost> {
  let cost: Cost | undefined;
  await withNetwork(async (testnet) => {
    cost = await measure(testnet, ballots);
  }, nodeOptions);
  if (cost === undefined) throw new Error(`nothing was measured of the ${name} network`);
  figure(`cluster/${name}`, cost);
  return cost;
}

async function measure(testnet: OpenTestnet, ballots: number): Promise<Cost> {
  const meters = new Meters(testnet);
  const world = await World.create(testnet, 'operator', ballots);
  await throughput(world, { count: Math.min(WARM_UP, ballots), batch: BATCH, lanes: LANES });
  const around = new Spent(meters);
  const { perS } = await throughput(world, { count: ballots, batch: BATCH, lanes: LANES, around });
  return { perS, cpuS: rounded(around.cpuUs / 1_000 / ballots), wireKB: rounded(around.wireBytes / ballots) };
}
