import type { ChainGetBlockResult } from '../../client/generated/methods.ts';
import { type Life, lifeMs, liveUntilSync, type Survival } from '../power-cut/life.ts';
import { percentile } from '../voting/concurrently.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

const NAME = 'node4';
const OTHER = 'node1';
const RESTARTS = 20;
/** Kills come at the first syncs after a start, and spread up to this one. */
const SYNCS_MAX = 500;
const SURVIVALS: readonly Survival[] = ['none', 'half', 'all'];
const LOAD = { perS: 8, voters: 2_000 };
const BASE_MS = 180_000;
const RESTART_MS = 90_000;

interface Tally {
  readonly lives: Life[];
  readonly unclean: string[];
}

/**
 * One validator of a network under load loses its power at its n-th sync after each start, and with it what was written and
 * not synced: all of it, the second half, or nothing, in turn.
 */
export const powerCut: Scenario = {
  name: 'power-cut',
  promise:
    'a validator that loses power at any sync of its disk starts clean, on the same chain, and signs nothing twice',
  needs: ['strace'],
  limitMs: ({ restarts = RESTARTS }) => BASE_MS + restarts * RESTART_MS,
  async run(stage) {
    const syncs = syncsOf(stage.restarts ?? RESTARTS);
    const tally: Tally = { lives: [], unclean: [] };
    let load = await stage.load(LOAD);
    await stage.kill(NAME);
    for (const [at, nth] of syncs.entries()) {
      const survival = SURVIVALS[at % SURVIVALS.length] ?? 'none';
      const life = await liveUntilSync(stage, NAME, nth, survival);
      tally.lives.push(life);
      stage.say(`${at + 1}/${syncs.length} sync ${nth}: ${wordsOf(life)}`);
      if (!life.wasKilled && life.exit !== undefined) tally.unclean.push(`before sync ${nth}: ${life.reason}`);
      // Without ballots there are no syncs: the next life must find enough for all its time.
      const isSpent = LOAD.voters - load.cast.length < (LOAD.perS * lifeMs(syncs[at + 1] ?? nth)) / 1_000;
      // What did not come so far must come without a kill; what was killed later has shown that the life before was clean.
      if (!life.wasReady || isSpent || at === syncs.length - 1) await startClean(stage, nth, tally);
      if (tally.unclean.length > 0 || at === syncs.length - 1) break;
      if (isSpent) {
        const broken = (await stage.judge(load)).filter(({ holds }) => !holds);
        if (broken.length > 0) return [cleanOf(tally, syncs), ...broken];
        load = await stage.load(LOAD);
      }
      if (!life.wasReady || isSpent) await stage.kill(NAME);
    }
    return [cleanOf(tally, syncs), ...(await stage.judge(load))];
  },
};

/** 1, 2, 3 … for half of the restarts, then evenly up to the last; all of 1 … n where there are that many. */
export function syncsOf(restarts: number): number[] {
  if (restarts >= SYNCS_MAX) return Array.from({ length: restarts }, (_, at) => at + 1);
  const low = Math.ceil(restarts / 2);
  return Array.from({ length: restarts }, (_, at) => {
    if (at < low) return at + 1;
    return Math.round(low + ((at + 1 - low) * (SYNCS_MAX - low)) / (restarts - low));
  });
}

/** Start it without a kill: it must come to the tip, and have the block of the others at its height. */
async function startClean(stage: Stage, nth: number, { unclean }: Tally): Promise<void> {
  try {
    await stage.start(NAME);
  } catch (error) {
    unclean.push(`after sync ${nth}: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  const tipMs = await stage.untilTip(NAME);
  if (!Number.isFinite(tipMs)) unclean.push(`after sync ${nth}: not at the tip after a minute`);
  else if (!(await isSameChain(stage))) unclean.push(`after sync ${nth}: another chain`);
}

async function isSameChain(stage: Stage): Promise<boolean> {
  const { client } = stage.member(NAME);
  const { height } = await client.call<{ height: number }>('node_status');
  const hashes = await Promise.all(
    [client, stage.member(OTHER).client].map(
      async (one) => (await one.call<ChainGetBlockResult>('chain_getBlock', { height })).hash,
    ),
  );
  return hashes[0] === hashes[1];
}

function wordsOf({ readyMs, wasKilled, reason, lostBytes }: Life): string {
  const ready = readyMs === undefined ? 'not ready yet' : `ready after ${(readyMs / 1_000).toFixed(1)} s`;
  return `${ready}, ${wasKilled ? `cut, ${lostBytes} bytes lost` : reason}`;
}

function cleanOf({ lives, unclean }: Tally, syncs: readonly number[]): Finding {
  const cut = lives.filter(({ wasKilled }) => wasKilled).length;
  const late = lives.length - cut - unclean.length;
  const ready = lives.flatMap(({ readyMs }) => readyMs ?? []);
  const lostBytes = lives.reduce((sum, one) => sum + one.lostBytes, 0);
  const figures = [
    `${cut - unclean.length} of ${cut} power cuts clean (syncs 1…${Math.max(...syncs)})`,
    `${lostBytes} unsynced bytes lost`,
    `ready p50 ${(percentile(ready, 0.5) / 1_000).toFixed(1)} s`,
    ...(late <= 0 ? [] : [`${late} never reached their sync`]),
    ...unclean,
  ];
  return { invariant: 'L2', holds: unclean.length === 0 && cut > 0, figure: figures.join(', ') };
}
