import { oneOf } from '../stage/random.ts';
import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

const KILLS_MIN = 3;
const FOR_MS = 30_000;
const EVERY_MS = 3_000;
const DOWN_MS = 1_000;

export const killAny: Scenario = {
  name: 'kill-any',
  promise: 'one validator at a time killed every 3 s: ballots go on becoming final, and it is back at the tip soon',
  async run(stage) {
    const load = await stage.load();
    const fromMs = performance.now();
    let slowestMs = 0;
    for (let kills = 0; kills < KILLS_MIN || performance.now() - fromMs < FOR_MS; kills++) {
      const beganMs = performance.now();
      const name = oneOf(stage.names, stage.random);
      await stage.kill(name);
      await stage.rest(DOWN_MS);
      await stage.start(name);
      const backMs = await stage.untilTip(name);
      slowestMs = Math.max(slowestMs, backMs);
      stage.say(`${name} is back at the tip after ${Math.round(backMs)} ms`);
      await stage.rest(Math.max(0, EVERY_MS - (performance.now() - beganMs)));
    }
    const gapMs = load.gapMs(fromMs, performance.now());
    return [timing('L1', 'gap', gapMs, 5_000), timing('L2', 'at tip', slowestMs, 10_000), ...(await stage.judge(load))];
  },
};
