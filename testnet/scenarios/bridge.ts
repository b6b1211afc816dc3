import { healed } from '../stage/measure.ts';
import { oneOf } from '../stage/random.ts';
import type { Scenario } from './scenario.ts';

const CUT_MS = 12_000;

export const bridge: Scenario = {
  name: 'bridge',
  promise:
    'one validator hears all, the others in part: no two results, and the network goes on at the latest when healed',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const middle = oneOf(stage.names, stage.random);
    const [a = '', ...far] = stage.names.filter((name) => name !== middle);
    const cutMs = performance.now();
    await stage.relay.cut([a], far);
    await stage.relay.cut(far, [a]);
    stage.say(`${a} and ${far.join(' and ')} hear each other only through ${middle}`);
    await stage.rest(CUT_MS);
    return await healed(stage, load, cutMs);
  },
};
