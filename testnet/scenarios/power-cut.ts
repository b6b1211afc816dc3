import type { ChainGetBlockResult } from '../../client/generated/methods.ts';
import { Hammer } from '../power-cut/hammer.ts';
import { type Life, lifeMs, liveUntilSync, type Survival } from '../power-cut/life.ts';
import type { Load } from '../stage/load.ts';
import { percentile } from '../voting/concurrently.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

const NAME = 'node4';
const OTHER = 'node1';
const RESTARTS = 20;
/** Kills come at the first syncs after a start, and spread up to this one. */
const SYNCS_MAX = 500;
const SURVIVALS: readonly Survival[] = ['none', 'half', 'all'];
const LOAD = { perS: 2, voters: 1_000 };
const BASE_MS = 180_000;
const RESTART_MS = 90_000;
const TIP_MS = 120_000;
const ATTEMPTS = 5;

interface Tally {
  readonly lives: Life[];
  readonly unclean: string[];
}

/**
 * One validator of a network under load loses its power at its n-th sync after each start, and with it what was written and
 * not synced: all of it, the second half, or nothing, in turn. Ballots of its own keep it syncing until then.
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
    const hammer = await Hammer.create(stage.members, stage.member(NAME));
    let load = await stage.load(LOAD);
    await stage.kill(NAME);
    for (const [at, nth] of syncs.entries()) {
      if (!isEnough(load, nth)) {
        await startClean(stage, nth, tally);
        const broken = (await stage.judge(load)).filter(({ holds }) => !holds);
        if (tally.unclean.length + broken.length > 0) return [cleanOf(tally, syncs), ...broken];
        load = await stage.load(LOAD);
        await stage.kill(NAME);
      }
      const life = await liveUntilSync(stage, NAME, nth, SURVIVALS[at % SURVIVALS.length] ?? 'none', hammer);
      tally.lives.push(life);
      stage.say(`${at + 1}/${syncs.length} sync ${nth}: ${wordsOf(life)}`);
      if (!life.wasKilled && life.exit !== undefined) tally.unclean.push(`before sync ${nth}: ${life.reason}`);
      const isLast = at === syncs.length - 1 || tally.unclean.length > 0;
      // One that was killed before it was ready has not shown that the life before it was ended clean.
      if (!life.wasReady || isLast) await startClean(stage, nth, tally);
      if (isLast || tally.unclean.length > 0) break;
      if (!life.wasReady) await stage.kill(NAME);
    }
    return [cleanOf(tally, syncs), ...(await stage.judge(load)), await keptOf(hammer, stage)];
  },
};

/** Without ballots there are no syncs: a life must find enough for all its time. */
function isEnough(load: Load, nth: number): boolean {
  return LOAD.voters - load.cast.length >= (LOAD.perS * lifeMs(nth)) / 1_000;
}

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
  const tipMs = await patiently(() => stage.untilTip(NAME, TIP_MS));
  if (!Number.isFinite(tipMs)) unclean.push(`after sync ${nth}: not at the tip after ${TIP_MS / 1_000} s`);
  else if (!(await patiently(() => isSameChain(stage)))) unclean.push(`after sync ${nth}: another chain`);
}

/** On a machine with more to do than it can, a node may be too slow to read a question in time: it is asked again. */
async function patiently<Result>(ask: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error;
    }
  }
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

/** What a node accepted is synced there: whatever it lost since, the others have it in the end. */
async function keptOf(hammer: Hammer, stage: Stage): Promise<Finding> {
  const { asked, lost } = await patiently(() => hammer.lost(stage.member(OTHER)));
  const figure = `${asked - lost.length} of ${asked} ballots accepted last before a cut are final (${hammer.accepted} accepted)`;
  return { invariant: 'S2', holds: lost.length === 0, figure };
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
