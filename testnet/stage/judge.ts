import type { ChainGetBlockResult, TallyGetResult } from '../../client/generated/methods.ts';
import { auditPromises, countedOn } from '../failover/audit.ts';
import type { Finding } from '../scenarios/scenario.ts';
import { type Member, statusOf } from '../voting/members.ts';
import type { TapJudge } from '../wire-tap/judge.ts';
import type { Load } from './load.ts';
import { mayAskAgain, patient } from './patient.ts';
import { distinctTallies, wrongTallies } from './recount.ts';
import { timing } from './timing.ts';

const LEVEL_MS = 60_000;
const LEVEL_AIM_MS = 10_000;
const POLL_MS = 100;

/**
 * Hold what voters signed and what they were told against the ledgers of these nodes, once they stand level.
 * Nothing is taken from the code of the nodes: only what they answer.
 */
export async function judgeLedgers(standing: readonly Member[], load: Load): Promise<Finding[]> {
  const { space, session, told, cast } = load;
  const levelMs = await untilLevel(standing);
  const members = standing.map((member) => patient(member, mayAskAgain));
  const level = timing('L2', `${members.length} nodes level`, levelMs, LEVEL_AIM_MS);
  if (!level.holds) return [level, ...(await safetyWithoutLevel(members))];
  const { doubled, untrue, countedPerNode } = await auditPromises(members, space, session, told);
  const finals = told.filter((one) => 'result' in one).length;
  const nodes = await Promise.all(
    members.map(async (member) => ({
      ledger: await countedOn(member, space, session),
      tally: (await member.client.call<TallyGetResult>('tally_get', { space, session })).proposals,
    })),
  );
  const wrong = wrongTallies(cast, nodes);
  const distinct = distinctTallies(nodes.map(({ tally }) => tally));
  const undecided = told.length - finals;
  const rest = undecided === 0 ? '' : `, ${undecided} not told final`;
  return [
    {
      invariant: 'S2',
      holds: untrue === 0 && doubled === 0,
      figure: `lost ${untrue}, doubled ${doubled} of ${finals}${rest}`,
    },
    {
      invariant: 'S3',
      holds: wrong === 0 && distinct === 1 && new Set(countedPerNode).size === 1,
      figure: wrong === 0 && distinct === 1 ? 'tallies equal' : `${wrong} tallies wrong, ${distinct} different`,
    },
    level,
    await sameBlocks(members),
  ];
}

/** S4: what a key that nobody made sign twice signed twice, over all lives of all nodes. */
export function judgeTaps({ conflicts, statements }: TapJudge, villains: readonly string[]): Finding {
  const honest = conflicts.filter(({ signer }) => !villains.includes(signer));
  const first = honest[0] === undefined ? '' : `: ${honest[0].signer} ${honest[0].what}`;
  // A tap that heard nothing proves nothing.
  const holds = honest.length === 0 && statements > 0;
  return { invariant: 'S4', holds, figure: `${honest.length} signed twice of ${statements}${first}` };
}

/** S1: blocks name their parents, so one equal hash at a height that all have stands for all heights below. */
async function sameBlocks(members: readonly Member[]): Promise<Finding> {
  const heights = [...(await statusOf(members)).values()].map(({ height }) => height);
  const height = Math.min(...heights);
  const hashes = await Promise.all(
    members.map(async ({ client }) => (await client.call<ChainGetBlockResult>('chain_getBlock', { height })).hash),
  );
  const distinct = new Set(hashes).size;
  const figure = `${distinct === 1 ? 'one block' : `${distinct} blocks`} at height ${height}`;
  return { invariant: 'S1', holds: distinct === 1, figure };
}

async function safetyWithoutLevel(members: readonly Member[]): Promise<Finding[]> {
  const answering = [...(await statusOf(members)).keys()];
  return answering.length === 0 ? [] : [await sameBlocks(answering)];
}

/** Every node has executed the same height, twice in a row. @returns milliseconds, infinite when it never came */
async function untilLevel(members: readonly Member[]): Promise<number> {
  const startedMs = performance.now();
  for (let before = ''; performance.now() - startedMs < LEVEL_MS; ) {
    const status = await statusOf(members);
    const heights = new Set([...status.values()].map(({ height }) => height));
    const isLevel = status.size === members.length && heights.size === 1;
    const now = isLevel ? String([...heights][0]) : '';
    if (now !== '' && now === before) return performance.now() - startedMs;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return Number.POSITIVE_INFINITY;
}
