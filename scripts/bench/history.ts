import { parseArgs } from 'node:util';
import type { OpenTestnet } from '../../testnet/network/open.ts';
import { BATCH, LANES } from './cluster/fire.ts';
import { type Latency, paced, throughput } from './cluster/load.ts';
import { Meters } from './cluster/meters.ts';
import { withNetwork } from './cluster/network.ts';
import { Spent } from './cluster/spent.ts';
import { World } from './cluster/world.ts';
import { diskSizes } from './history/disk-size.ts';
import { flatness, type Stretch } from './history/stretch.ts';
import { INSPECTED, Inspector } from './profile/inspector.ts';
import { type Aim, figure, judged, rounded } from './report/figure.ts';

/*
 * `npm run bench -- history [--ballots 100000] [--each 5000] [--held]`: P5 of the goals. Ballots until the ledger holds that many, a
 * session of `each` voters after the other; of every session the rate, and of the first and the last ones also the latency at
 * half of it. Flat is what costs the same at the end as at the begin: the ratio of the two stands on any machine.
 * `--held` also says what a ballot adds to what a node must keep in memory.
 */

const HALF_LOAD_BATCH = 20;
/** Ballots at half load of a stretch. */
const HALF_LOAD_BALLOTS = 1_000;
const ENDS = 3;
/** The ledger is written behind, and durable after five seconds. */
const SETTLED_MS = 7_000;

const RATE: Aim = { goal: 'P5', sign: '>=', bound: 0.95 };
const P99: Aim = { goal: 'P5', sign: '<=', bound: 1.25 };
const RSS: Aim = { goal: 'P5', sign: '<=', bound: 300 };
const DISK: Aim = { goal: 'P5', sign: '<=', bound: 2 };

interface Options {
  readonly ballots: number;
  readonly each: number;
  readonly isHeldAsked: boolean;
}

async function stretch(world: World, meters: Meters, from: number, each: number, isEnd: boolean): Promise<Stretch> {
  const around = new Spent(meters);
  const { perS } = await throughput(world, { count: each, batch: BATCH, lanes: LANES, around });
  let half: Latency | undefined;
  const halfCount = Math.min(each, HALF_LOAD_BALLOTS);
  if (isEnd) half = await paced(world, halfCount, HALF_LOAD_BATCH, perS / 2);
  const found = {
    ballots: from + each + (isEnd ? halfCount : 0),
    perS,
    finalMsP99: half?.finalMsP99,
    cpuUsPerBallotPerNode: Math.round(around.cpuUs / each / meters.nodes),
    rssMiB: meters.rssMiBMax(),
  };
  figure('history/stretch', found);
  return found;
}

async function measure(testnet: OpenTestnet, { ballots, each, isHeldAsked }: Options): Promise<void> {
  const meters = new Meters(testnet);
  const world = await World.create(testnet, 'operator', each);
  const { session, shots } = await world.open(each);
  const ownBytes = shots.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / shots.length;
  await world.close(session);
  // What compiles and connects is no history.
  await throughput(world, { count: Math.min(each, 1_000), batch: BATCH, lanes: LANES });
  await settled();
  const before = await diskSizes(testnet);
  const heldBefore = isHeldAsked ? await heldBytes(testnet) : undefined;
  const stretches: Stretch[] = [];
  const rounds = Math.max(2, Math.floor(ballots / each));
  for (let round = 0; round < rounds; round++) {
    const isEnd = round < ENDS || round >= rounds - ENDS;
    stretches.push(await stretch(world, meters, stretches.at(-1)?.ballots ?? 0, each, isEnd));
  }
  await settled();
  const after = await diskSizes(testnet);
  const counted = stretches.at(-1)?.ballots ?? 0;
  const journal = (after.journal - before.journal) / counted;
  const ledger = (after.ledger - before.ledger) / counted;
  const diskRatio = rounded((journal + ledger) / ownBytes);
  if (heldBefore !== undefined) {
    const held = await heldBytes(testnet);
    figure('history/held', { MiB: rounded(held / 2 ** 20), bytesPerBallot: rounded((held - heldBefore) / counted) });
  }
  report(stretches, meters.rssMiBMax(), { journal, ledger, ownBytes, diskRatio });
}

interface Disk {
  readonly journal: number;
  readonly ledger: number;
  readonly ownBytes: number;
  readonly diskRatio: number;
}

function report(stretches: readonly Stretch[], rssMiB: number, disk: Disk): void {
  const { rate, p99, cpu } = flatness(stretches);
  const ballots = stretches.at(-1)?.ballots ?? 0;
  judged('history/rate', 'lastByFirst', rounded(rate), RATE);
  judged('history/p99', 'lastByFirst', rounded(p99), P99);
  figure('history/cpu', { lastByFirst: rounded(cpu) });
  judged('history/memory', 'rssMiB', rssMiB, RSS);
  figure('history/disk-bytes-a-ballot', {
    journal: Math.round(disk.journal),
    ledger: Math.round(disk.ledger),
    own: Math.round(disk.ownBytes),
  });
  judged('history/disk', 'byOwnBytes', disk.diskRatio, DISK);
  const ratios = { rate: rounded(rate), p99: rounded(p99), cpu: rounded(cpu), disk: disk.diskRatio };
  console.log(JSON.stringify({ ballots, ratios, rssMiB, stretches }));
}

/** Of the first node, after its garbage is gone: resident memory also holds what V8 and the allocator have not given back. */
async function heldBytes({ file }: OpenTestnet): Promise<number> {
  const [node] = file.nodes;
  if (node === undefined) return Number.NaN;
  const inspector = await Inspector.of(node.name, node.home);
  try {
    return await inspector.heldBytes();
  } finally {
    inspector.close();
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      ballots: { type: 'string', default: '100000' },
      each: { type: 'string', default: '5000' },
      held: { type: 'boolean', default: false },
    },
  });
  const options = { ballots: Number(values.ballots), each: Number(values.each), isHeldAsked: values.held };
  await withNetwork((testnet) => measure(testnet, options), values.held ? INSPECTED : undefined);
}

await main();
