import { slowestTip } from '../stage/measure.ts';
import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

const CUT_MS = 12_000;
const FINAL_WAIT_MS = 60_000;

export const ring: Scenario = {
  name: 'ring',
  promise:
    'each validator hears its two neighbours only: no two results, and the network goes on at the latest when healed',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const [a, b, c, d] = stage.names as readonly [string, string, string, string];
    const cutMs = performance.now();
    for (const [one, other] of [
      [a, c],
      [b, d],
    ] as const) {
      await stage.relay.cut([one], [other]);
      await stage.relay.cut([other], [one]);
    }
    stage.say(`${a} and ${c}, and ${b} and ${d}, do not hear each other`);
    await stage.rest(CUT_MS);
    const gapMs = load.gapMs(cutMs, performance.now());
    await stage.relay.heal();
    const firstMs = await load.untilFinalAfter(performance.now(), FINAL_WAIT_MS);
    return [
      timing('L1', 'gap', gapMs, 5_000),
      timing('L1', 'first final after heal', firstMs, 10_000),
      await slowestTip(stage, stage.names),
      ...(await stage.judge(load)),
    ];
  },
};
