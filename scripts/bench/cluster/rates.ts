import { figure, rounded } from '../report/figure.ts';
import { paced } from './load.ts';
import { Meters } from './meters.ts';
import { Spent } from './spent.ts';
import type { World } from './world.ts';

/** Ballots a second, and how many come in a request. */
const RATES = [
  { ballotsPerS: 50, batch: 1 },
  { ballotsPerS: 100, batch: 1 },
  { ballotsPerS: 200, batch: 1 },
  { ballotsPerS: 400, batch: 1 },
  { ballotsPerS: 500, batch: 20 },
  { ballotsPerS: 1_000, batch: 20 },
] as const;
const FOR_S = 6;
const WARM_UP = { ballots: 2_000, batch: 20, ballotsPerS: 800 };

/** Latency and CPU of open loops below the most a network carries: what a view and a segment cost, whatever is in them. */
export async function measureRates(world: World): Promise<object[]> {
  const meters = new Meters(world.testnet);
  const countMax = world.voters.length;
  await paced(world, Math.min(WARM_UP.ballots, countMax), WARM_UP.batch, WARM_UP.ballotsPerS);
  const found: object[] = [];
  for (const { ballotsPerS, batch } of RATES) {
    const count = Math.min(ballotsPerS * FOR_S, countMax);
    const spent = new Spent(meters);
    const startedMs = performance.now();
    spent.start();
    const latency = await paced(world, count, batch, ballotsPerS);
    spent.stop();
    const cores = rounded(spent.cpuUs / 1_000 / (performance.now() - startedMs));
    const cpuUsPerBallotPerNode = Math.round(spent.cpuUs / count / meters.nodes);
    const rate = { ballotsPerS, batch, ...latency, cores, cpuUsPerBallotPerNode };
    figure('cluster/rate', rate);
    found.push(rate);
  }
  return found;
}
