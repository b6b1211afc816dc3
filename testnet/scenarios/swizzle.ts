import { slowestTip } from '../stage/measure.ts';
import { timing } from '../stage/timing.ts';
import type { Scenario } from './scenario.ts';

const STEP_MS = 1_500;
const FINAL_WAIT_MS = 60_000;

export const swizzle: Scenario = {
  name: 'swizzle',
  promise:
    'validators are cut off one after the other until all are alone, and come back in another order: all level soon',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const away = shuffled(stage.names, stage.random);
    for (let count = 1; count <= away.length; count++) {
      await stage.relay.partition(...away.slice(0, count).map((name) => [name]));
      await stage.rest(STEP_MS * stage.random());
    }
    stage.say('each is alone');
    const back = shuffled(stage.names, stage.random);
    for (let count = 1; count <= back.length; count++) {
      await stage.relay.partition(back.slice(0, count), ...back.slice(count).map((name) => [name]));
      await stage.rest(STEP_MS * stage.random());
    }
    await stage.relay.heal();
    const firstMs = await load.untilFinalAfter(performance.now(), FINAL_WAIT_MS);
    return [
      timing('L1', 'first final after heal', firstMs, 10_000),
      await slowestTip(stage, stage.names),
      ...(await stage.judge(load)),
    ];
  },
};

function shuffled(names: readonly string[], random: () => number): string[] {
  const drawn = names.map((name) => ({ name, at: random() }));
  return drawn.sort((a, b) => a.at - b.at).map(({ name }) => name);
}
