import { slowestTip } from '../stage/measure.ts';
import { timing } from '../stage/timing.ts';
import type { Finding, Scenario } from './scenario.ts';

const PAUSE_MS = 8_000;
const BETWEEN_MS = 2_000;
const ROUNDS = 2;

export const pause: Scenario = {
  name: 'pause',
  promise:
    'a validator stands still with its connections open, views that it leads included, and is soon level afterwards',
  async run(stage) {
    const load = await stage.load();
    const tips: Finding[] = [];
    let gapMs = 0;
    const at = Math.floor(stage.random() * stage.names.length);
    for (let round = 0; round < ROUNDS; round++) {
      const name = stage.names[(at + round) % stage.names.length] ?? 'node1';
      const fromMs = performance.now();
      // Leaders rotate from view to view, so that within eight seconds it leads many.
      await stage.pause(name);
      stage.say(`${name} stands still`);
      await stage.rest(PAUSE_MS);
      await stage.resume(name);
      tips.push(await slowestTip(stage, [name]));
      await stage.rest(BETWEEN_MS);
      gapMs = Math.max(gapMs, load.gapMs(fromMs, performance.now()));
    }
    return [timing('L1', 'gap', gapMs, 5_000), ...tips, ...(await stage.judge(load))];
  },
};
