import { frozen, heightsOf, slowestTip } from '../stage/measure.ts';
import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

const CUT_MS = 10_000;
const SETTLE_MS = 2_000;
const FINAL_WAIT_MS = 60_000;

export const halves: Scenario = {
  name: 'halves',
  promise:
    'two validators cut from two: neither half makes anything final, and after the heal the network goes on as one',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const [a, b, ...others] = stage.names as readonly [string, string, ...string[]];
    await stage.relay.partition([a, b], others);
    stage.say(`${a} and ${b} are cut from ${others.join(' and ')}`);
    await stage.rest(SETTLE_MS);
    const before = await heightsOf(stage.members);
    await stage.rest(CUT_MS - SETTLE_MS);
    const after = await heightsOf(stage.members);
    await stage.relay.heal();
    const firstMs = await load.untilFinalAfter(performance.now(), FINAL_WAIT_MS);
    return [
      timing('L1', 'first final after heal', firstMs, 10_000),
      await slowestTip(stage, stage.names),
      frozen('S1', 'both halves while cut', before, after, stage.names),
      ...(await stage.judge(load)),
    ];
  },
};
