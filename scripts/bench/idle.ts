import { parseArgs } from 'node:util';
import type { OpenTestnet } from '../../testnet/network/open.ts';
import { percentile } from '../../testnet/voting/concurrently.ts';
import { closedLoop, volleys } from './cluster/fire.ts';
import { Meters } from './cluster/meters.ts';
import { withNetwork } from './cluster/network.ts';
import { growthMax, scrape } from './cluster/scrape.ts';
import { World } from './cluster/world.ts';
import { type Aim, judged, rounded } from './report/figure.ts';

/*
 * `npm run bench -- idle [--over-s 60] [--settle-s 10]`: P8 of the goals. Four validators that voted a moment ago are left
 * alone; then one ballot. Looking costs a little as well: each node answers for its metrics twice in that time.
 */

const none = (bound = 0): Aim => ({ goal: 'P8', sign: '<=', bound });
const BYTES: Aim = { goal: 'P8', sign: '<', bound: 1_000 };
const CPU: Aim = { goal: 'P8', sign: '<', bound: 1 };
const FINAL: Aim = { goal: 'P8', sign: '<', bound: 100 };
const WARM_UP = 20;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Quiet {
  readonly blocks: number;
  readonly views: number;
  readonly journalSyncs: number;
  /** One node to one other. */
  readonly bytesPerSAndPeer: number;
  /** Of one core, mean of the nodes. */
  readonly cpuPercentPerNode: number;
}

async function quiet(testnet: OpenTestnet, overMs: number): Promise<Quiet> {
  const meters = new Meters(testnet);
  const links = meters.nodes * (meters.nodes - 1);
  const [before, cpuUs, bytes] = [await scrape(testnet), meters.cpuUs(), meters.wireBytes()];
  await wait(overMs);
  const [tookUs, sent] = [meters.cpuUs() - cpuUs, meters.wireBytes() - bytes];
  const after = await scrape(testnet);
  return {
    blocks: growthMax(before, after, 'ledger_executed_height'),
    views: growthMax(before, after, 'consensus_view'),
    journalSyncs: growthMax(before, after, 'journal_syncs'),
    bytesPerSAndPeer: rounded((sent * 1_000) / overMs / links),
    cpuPercentPerNode: rounded((100 * tookUs) / (overMs * 1_000) / meters.nodes),
  };
}

async function measure(testnet: OpenTestnet, settleMs: number, overMs: number): Promise<void> {
  const world = await World.create(testnet, 'operator', WARM_UP + 1);
  const { shots } = await world.open(WARM_UP + 1);
  const warm = await closedLoop(volleys(shots.slice(0, WARM_UP), 1), 1);
  await wait(settleMs);
  const found = await quiet(testnet, overMs);
  const [finalMs = Number.NaN] = await closedLoop(volleys(shots.slice(WARM_UP), 1), 1);
  judged('idle/blocks', 'count', found.blocks, none());
  judged('idle/views', 'count', found.views, none());
  judged('idle/journal-syncs', 'count', found.journalSyncs, none());
  judged('idle/wire', 'bytesPerSAndPeer', found.bytesPerSAndPeer, BYTES);
  judged('idle/cpu', 'percentPerNode', found.cpuPercentPerNode, CPU);
  judged('idle/ballot', 'finalMs', rounded(finalMs), FINAL);
  // What the same ballot takes when nothing has slept: without it nobody could tell a slow machine from a slow waking.
  const awakeMsP50 = percentile(warm, 0.5);
  console.log(JSON.stringify({ overS: overMs / 1_000, ...found, finalMs: rounded(finalMs), awakeMsP50 }));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'over-s': { type: 'string', default: '60' }, 'settle-s': { type: 'string', default: '10' } },
  });
  await withNetwork((testnet) =>
    measure(testnet, Number(values['settle-s']) * 1_000, Number(values['over-s']) * 1_000),
  );
}

await main();
