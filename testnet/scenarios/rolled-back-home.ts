import { cp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Attempt, attemptStart, wordsOfAttempt } from '../stage/attempt.ts';
import { LONG_LOAD } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import { untilAtHeight } from '../stage/tip.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

/** How long the node signs what the older copy of its home does not know of. */
const AHEAD_MS = 8_000;
const LIMIT_MS = 300_000;
const WATCH_MS = 8_000;

/** A home restored from a backup: what it signed since is known to everybody but to itself. */
export const rolledBackHome: Scenario = {
  name: 'rolled-back-home',
  promise: 'a validator whose home is set back to an older copy signs nothing twice, and comes back when it is told to',
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LONG_LOAD);
    const [name = 'node1'] = stage.names.slice(-1);
    await setBack(stage, name);
    const plain = await attemptStart(stage, name);
    await stage.rest(plain.end === 'ended' ? 0 : WATCH_MS);
    const isUp = (await stage.file()).nodes.some((node) => node.name === name) && (await answers(stage, name));
    const first = firstFinding(plain, isUp);
    stage.say(first.figure);
    if (!isUp) {
      await stage.start(name, { args: ['--rejoin'] });
    }
    const tipMs = await untilAtHeight(stage.members, name, 120_000, stage.signal);
    await stage.rest(WATCH_MS);
    const how = isUp ? 'at the tip' : 'with --rejoin at the tip';
    return [first, timing('L2', how, tipMs, 60_000), ...(await stage.judge(load))];
  },
};

/** The home as it was before the node signed for a while. */
async function setBack(stage: Stage, name: string): Promise<void> {
  const home = stage.home(name);
  const copy = join(stage.directory, `${name}.backup`);
  await stage.stop(name);
  await cp(home, copy, { recursive: true });
  await stage.start(name);
  await stage.untilTip(name);
  await stage.rest(AHEAD_MS);
  await stage.kill(name);
  await rename(home, `${copy}.newer`);
  await rename(copy, home);
  await rm(join(home, 'lock'), { force: true });
}

async function answers(stage: Stage, name: string): Promise<boolean> {
  const { client } = stage.member(name);
  return await client.call('node_status', {}, { timeoutMs: 2_000, attempts: 1 }).then(
    () => true,
    () => false,
  );
}

/** Either way is right as long as nothing is signed twice; one that stops must say what to do. */
function firstFinding(plain: Attempt, isUp: boolean): Finding {
  if (isUp) return { invariant: 'S6', holds: true, figure: 'the older home goes on' };
  const words = plain.end === 'ended' ? wordsOfAttempt(plain) : 'starts, and stops when it hears of its own past';
  return { invariant: 'S6', holds: true, figure: `the older home ${words}` };
}
