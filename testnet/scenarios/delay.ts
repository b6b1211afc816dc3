import { shareFinal, typicalFinal } from '../stage/measure.ts';
import type { Finding, Scenario } from './scenario.ts';

const FOR_MS = 12_000;
/** Until the rhythm of the views is that of the new delay. */
const SETTLE_MS = 3_000;
const LONGEST_DELAY_MS = 2_000;
const LONGEST_FOR_MS = 30_000;

export const delay: Scenario = {
  name: 'delay',
  promise: 'every link takes longer: ballots become final in about four times the way, and still do at two seconds',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    const findings: Finding[] = [];
    for (const delayMs of [50, 300]) {
      await stage.relay.shape({ delayMs, jitterMs: delayMs / 10 });
      await stage.rest(SETTLE_MS);
      const fromMs = performance.now();
      await stage.rest(FOR_MS);
      // reliability.md 2.3: p50 at most four times the way and 100 ms.
      findings.push(typicalFinal(load, `p50 at ${delayMs} ms`, fromMs, performance.now(), 4 * delayMs + 100));
      stage.say(findings.at(-1)?.figure ?? '');
    }
    await stage.relay.shape({ delayMs: LONGEST_DELAY_MS, jitterMs: 0 });
    const fromMs = performance.now();
    await stage.rest(LONGEST_FOR_MS);
    findings.push(shareFinal(load, `at ${LONGEST_DELAY_MS} ms`, fromMs, performance.now(), 1));
    await stage.relay.heal();
    return [...findings, ...(await stage.judge(load))];
  },
};
