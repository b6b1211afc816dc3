import { slowestTip } from '../stage/measure.ts';
import { oneOf } from '../stage/random.ts';
import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

const CUT_MS = 10_000;

export const oneWay: Scenario = {
  name: 'one-way',
  promise: 'one validator is not heard, then hears nothing: ballots go on becoming final, and it is soon level again',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const victim = oneOf(stage.names, stage.random);
    const others = stage.names.filter((name) => name !== victim);
    const cutMs = performance.now();
    await stage.relay.cut([victim], others);
    stage.say(`${victim} is not heard`);
    await stage.rest(CUT_MS);
    await stage.relay.heal();
    await stage.relay.cut(others, [victim]);
    stage.say(`${victim} hears nothing`);
    await stage.rest(CUT_MS);
    const gapMs = load.gapMs(cutMs, performance.now());
    await stage.relay.heal();
    return [timing('L1', 'gap', gapMs, 5_000), await slowestTip(stage, [victim]), ...(await stage.judge(load))];
  },
};
