import { frozen, heightsOf, slowestTip } from '../stage/measure.ts';
import { oneOf } from '../stage/random.ts';
import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

const CUT_MS = 15_000;
/** What was on its way when the cut came is settled by then. */
const SETTLE_MS = 2_000;

export const minority: Scenario = {
  name: 'minority',
  promise:
    'one validator cut off: the others go on, it makes nothing final by itself, and is soon level after the heal',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const victim = oneOf(stage.names, stage.random);
    const cutMs = performance.now();
    await stage.relay.partition([victim]);
    stage.say(`${victim} is cut off`);
    await stage.rest(SETTLE_MS);
    const before = await heightsOf(stage.members);
    await stage.rest(CUT_MS - SETTLE_MS);
    const after = await heightsOf(stage.members);
    const gapMs = load.gapMs(cutMs, performance.now());
    await stage.relay.heal();
    const tip = await slowestTip(stage, [victim]);
    return [
      timing('L1', 'gap', gapMs, 5_000),
      tip,
      frozen('S1', `${victim} while cut`, before, after, [victim]),
      ...(await stage.judge(load)),
    ];
  },
};
