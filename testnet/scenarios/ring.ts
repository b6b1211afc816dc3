import { healed } from '../stage/measure.ts';
import type { Scenario } from './scenario.ts';

const CUT_MS = 12_000;

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
    return await healed(stage, load, cutMs);
  },
};
