import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

const ROUNDS = 2;
const DOWN_MS = 1_000;
const BETWEEN_MS = 3_000;
const FINAL_WAIT_MS = 60_000;

export const killAll: Scenario = {
  name: 'kill-all',
  promise:
    'all validators killed at once and started again: what was told final is there, and ballots become final again',
  async run(stage) {
    const load = await stage.load();
    let slowestMs = 0;
    for (let round = 1; round <= ROUNDS; round++) {
      await stage.rest(BETWEEN_MS);
      await Promise.all(stage.names.map((name) => stage.kill(name)));
      await stage.rest(DOWN_MS);
      await Promise.all(stage.names.map((name) => stage.start(name)));
      const firstMs = await load.untilFinalAfter(performance.now(), FINAL_WAIT_MS);
      stage.say(`first new final ${Math.round(firstMs)} ms after all answered again`);
      slowestMs = Math.max(slowestMs, firstMs);
    }
    return [timing('L1', 'first final', slowestMs, 10_000), ...(await stage.judge(load))];
  },
};
