import { slowestTip } from '../stage/measure.ts';
import { networkEvents } from '../stage/metrics.ts';
import { oneOf } from '../stage/random.ts';
import { timing } from '../stage/timing.ts';
import type { Finding, Scenario } from './scenario.ts';

const FLAPS = 15;
const CUT_MS_MAX = 1_500;
const WHOLE_MS_MAX = 500;
const DIALS = 'dial.attempts';
const DIALS_PER_S_MAX = 5;

export const flap: Scenario = {
  name: 'flap',
  promise:
    'the links of one validator break and heal again and again: the others go on, and it is soon level afterwards',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const victim = oneOf(stage.names, stage.random);
    const before = await networkEvents(await stage.file(), DIALS);
    const fromMs = performance.now();
    stage.say(`the links of ${victim} flap ${FLAPS} times`);
    for (let flaps = 0; flaps < FLAPS; flaps++) {
      await stage.relay.partition([victim]);
      await stage.rest(CUT_MS_MAX * stage.random());
      await stage.relay.heal();
      await stage.rest(WHOLE_MS_MAX * stage.random());
    }
    const tookS = (performance.now() - fromMs) / 1_000;
    const gapMs = load.gapMs(fromMs, performance.now());
    const after = await networkEvents(await stage.file(), DIALS);
    const dials = [...after].map(([name, count]) => count - (before.get(name) ?? 0));
    return [
      timing('L1', 'gap', gapMs, 5_000),
      await slowestTip(stage, [victim]),
      dialRate(Math.max(...dials) / (stage.names.length - 1) / tookS),
      ...(await stage.judge(load)),
    ];
  },
};

/** reliability.md 2.3: no storm of dials, whatever a link does. */
function dialRate(perS: number): Finding {
  return { invariant: 'R1', holds: perS <= DIALS_PER_S_MAX, figure: `${perS.toFixed(1)} dials/s a peer` };
}
