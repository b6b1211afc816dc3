import { rm } from 'node:fs/promises';
import { homePaths } from '../../node/storage/home.ts';
import { attemptStart, wordsOfAttempt } from '../stage/attempt.ts';
import { LONG_LOAD } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import { untilAtHeight } from '../stage/tip.ts';
import type { Scenario } from './scenario.ts';

const BEFORE_MS = 5_000;
const LIMIT_MS = 300_000;

/** Nobody who lost what it signed may sign as if it had not (consensus.md 2.8, rule 8; F-01). */
export const wipedHome: Scenario = {
  name: 'wiped-home',
  promise:
    'a validator whose disk is lost but for its keys does not start by itself, and with --rejoin signs nothing twice',
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LONG_LOAD);
    const [name = 'node1'] = stage.names.slice(-1);
    await stage.rest(BEFORE_MS);
    await stage.kill(name);
    const { journal, ledger } = homePaths(stage.home(name));
    await rm(journal, { recursive: true });
    await rm(ledger, { recursive: true });
    const plain = await attemptStart(stage, name);
    stage.say(`without --rejoin: ${wordsOfAttempt(plain)}`);
    const refuses = plain.end === 'ended' && plain.said.includes('--rejoin');
    const refusal = { invariant: 'S6', holds: refuses, figure: `without --rejoin ${wordsOfAttempt(plain)}` };
    if (plain.end !== 'ended') return [refusal, ...(await stage.judge(load))];
    await stage.start(name, { args: ['--rejoin'] });
    const tipMs = await untilAtHeight(stage.members, name, 120_000, stage.signal);
    await stage.rest(BEFORE_MS);
    return [refusal, timing('L2', 'with --rejoin at the tip', tipMs, 60_000), ...(await stage.judge(load))];
  },
};
