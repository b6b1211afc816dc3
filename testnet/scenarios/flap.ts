import { slowestTip } from '../stage/measure.ts';
import { oneOf } from '../stage/random.ts';
import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

const FLAPS = 15;
const CUT_MS_MAX = 1_500;
const WHOLE_MS_MAX = 500;

export const flap: Scenario = {
  name: 'flap',
  promise:
    'the links of one validator break and heal again and again: the others go on, and it is soon level afterwards',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const victim = oneOf(stage.names, stage.random);
    const fromMs = performance.now();
    stage.say(`the links of ${victim} flap ${FLAPS} times`);
    for (let flaps = 0; flaps < FLAPS; flaps++) {
      await stage.relay.partition([victim]);
      await stage.rest(CUT_MS_MAX * stage.random());
      await stage.relay.heal();
      await stage.rest(WHOLE_MS_MAX * stage.random());
    }
    const gapMs = load.gapMs(fromMs, performance.now());
    return [timing('L1', 'gap', gapMs, 5_000), await slowestTip(stage, [victim]), ...(await stage.judge(load))];
  },
};
