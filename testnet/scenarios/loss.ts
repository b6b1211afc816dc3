import { shareFinal } from '../stage/measure.ts';
import type { Finding, Scenario } from './scenario.ts';

const FOR_MS = 10_000;
/** Loss and the share of the normal rate that is wanted (reliability.md 2.3). */
const STEPS = [
  { lossPercent: 1, aimPercent: 80 },
  { lossPercent: 5, aimPercent: 50 },
  { lossPercent: 20, aimPercent: 1 },
] as const;

export const loss: Scenario = {
  name: 'loss',
  promise: 'packets are lost on every link: ballots go on becoming final, and none is lost with them',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const findings: Finding[] = [];
    for (const { lossPercent, aimPercent } of STEPS) {
      await stage.relay.shape({ lossPercent });
      const fromMs = performance.now();
      await stage.rest(FOR_MS);
      findings.push(shareFinal(load, `at loss ${lossPercent} %`, fromMs, performance.now(), aimPercent));
      stage.say(findings.at(-1)?.figure ?? '');
    }
    await stage.relay.heal();
    return [...findings, ...(await stage.judge(load))];
  },
};
