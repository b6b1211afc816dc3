import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  promise: 'every validator is stopped in order and started again, one after the other, and the voters notice nothing',
  async run(stage) {
    const load = await stage.load();
    const fromMs = performance.now();
    let slowestMs = 0;
    for (const name of stage.names) {
      await stage.stop(name);
      await stage.start(name);
      slowestMs = Math.max(slowestMs, await stage.untilTip(name));
      stage.say(`${name} is at the tip again`);
    }
    const gapMs = load.gapMs(fromMs, performance.now());
    return [timing('L1', 'gap', gapMs, 5_000), timing('L2', 'at tip', slowestMs, 10_000), ...(await stage.judge(load))];
  },
};
