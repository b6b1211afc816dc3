import { parseArgs } from 'node:util';
import type { OpenTestnet } from '../../testnet/network/open.ts';
import { closedLoop, volleys } from './cluster/fire.ts';
import { withNetwork } from './cluster/network.ts';
import { World } from './cluster/world.ts';
import { diskSizes } from './history/disk-size.ts';

/*
 * `npm run bench -- disk [--ballots 5000] [--auth operator|voter]`: P5 of the goals, bytes on a validator's disk for each
 * counted ballot beside the ballot's own bytes. Four validators as processes. What a session and its closing take is counted
 * with its ballots; what an empty network takes is not, nor the reserve file.
 */

const BATCH = 100;
const LANES = 8;
/** The ledger is written behind, and durable after five seconds. */
const SETTLED_MS = 7_000;
const AIM_RATIO = 2;

async function fill(world: World, count: number): Promise<{ ballots: number; ownBytes: number }> {
  const { session, shots } = await world.open(count);
  await closedLoop(volleys(shots, BATCH), LANES);
  await world.untilCounted(session, count);
  await world.close(session);
  return { ballots: count, ownBytes: shots.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
}

function row(what: string, bytes: number, ballots: number, ownBytes: number): void {
  const ratio = (bytes / ownBytes).toFixed(2);
  console.log(`disk/${what} bytes=${Math.round(bytes)} bytesPerBallot=${(bytes / ballots).toFixed(1)} ratio=${ratio}`);
}

async function measure(testnet: OpenTestnet, auth: 'operator' | 'voter', wanted: number): Promise<void> {
  const voters = Math.min(wanted, 1_000);
  const world = await World.create(testnet, auth, voters);
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  const before = await diskSizes(testnet);
  let [ballots, ownBytes] = [0, 0];
  while (ballots < wanted) {
    const round = await fill(world, Math.min(voters, wanted - ballots));
    ballots += round.ballots;
    ownBytes += round.ownBytes;
    console.error(`${ballots} of ${wanted} ballots`);
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  const after = await diskSizes(testnet);
  const journal = after.journal - before.journal;
  const ledger = after.ledger - before.ledger;
  row('own', ownBytes, ballots, ownBytes);
  row('journal', journal, ballots, ownBytes);
  row('ledger', ledger, ballots, ownBytes);
  row('total', journal + ledger, ballots, ownBytes);
  const isMet = journal + ledger <= AIM_RATIO * ownBytes;
  console.log(`disk/aim ratioMax=${AIM_RATIO} isMet=${isMet} ledgerAloneIsMet=${ledger <= AIM_RATIO * ownBytes}`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { ballots: { type: 'string', default: '5000' }, auth: { type: 'string', default: 'operator' } },
  });
  if (values.auth !== 'operator' && values.auth !== 'voter')
    throw new Error(`--auth ${values.auth}: operator or voter`);
  const { auth, ballots } = values;
  await withNetwork((testnet) => measure(testnet, auth, Number(ballots)));
}

await main();
