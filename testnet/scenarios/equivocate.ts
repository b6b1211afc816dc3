import { readFileSync } from 'node:fs';
import { logPath } from '../network/processes.ts';
import { LONG_LOAD } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import { startEquivocator } from '../villain/equivocator.ts';
import type { Scenario, Stage } from './scenario.ts';

const LIMIT_MS = 300_000;
const VILLAIN_MS = 15_000;
const POLL_MS = 100;
const EVIDENCE_MS = 30_000;

export const equivocate: Scenario = {
  name: 'equivocate',
  promise: 'a validator that signs two of everything forks nobody, is accused by all, and the tap has it on record',
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LONG_LOAD);
    const [name = 'node1'] = stage.names.slice(-1);
    await stage.kill(name);
    const fromMs = performance.now();
    const listen = (await stage.file()).nodes.flatMap((node) =>
      node.name === name ? [node.p2p.split('/p2p/')[0] ?? ''] : [],
    );
    const villain = await startEquivocator(stage.home(name), listen);
    try {
      const evidenceMs = await untilAccused(stage, name, fromMs);
      await stage.rest(VILLAIN_MS);
      const { views, segments } = villain.forks();
      stage.say(`two votes in ${views} views, two segments at ${segments} heights`);
      const gapMs = load.gapMs(fromMs, performance.now());
      await villain.stop();
      const twice = (await stage.signedTwice()).filter(({ signer }) => signer === name).length;
      return [
        timing('S1', 'accused by all after', evidenceMs, 5_000),
        { invariant: 'S4', holds: twice > 0 && views > 0, figure: `tap found ${twice} of the villain` },
        timing('L1', 'gap', gapMs, 5_000),
        ...(await stage.judge(load, [name])),
      ];
    } finally {
      await villain.stop();
    }
  },
};

/** Until every other node has evidence in its log. */
async function untilAccused(stage: Stage, name: string, fromMs: number): Promise<number> {
  const others = stage.names.filter((other) => other !== name);
  while (performance.now() - fromMs < EVIDENCE_MS) {
    if (others.every((other) => readFileSync(logPath(stage.home(other)), 'utf8').includes('"event":"evidence"'))) {
      return performance.now() - fromMs;
    }
    await stage.rest(POLL_MS);
  }
  return Number.POSITIVE_INFINITY;
}
