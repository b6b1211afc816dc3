import { LONG_LOAD } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import { percentile } from '../voting/concurrently.ts';
import type { Scenario } from './scenario.ts';

const LIMIT_MS = 300_000;
const SLOW_MS = 20_000;
/** Microseconds that strace keeps every sync. */
const DELAY_US = 500_000;
const BEFORE_MS = 5_000;

export const slowDisk: Scenario = {
  name: 'slow-disk',
  promise: 'one validator whose disk takes half a second for each sync does not slow the others down',
  needs: ['strace'],
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LONG_LOAD);
    const [name = 'node1'] = stage.names.slice(-1);
    await stage.rest(BEFORE_MS);
    await stage.stop(name);
    const inject = `inject=fdatasync,fsync:delay_exit=${DELAY_US}`;
    const prefix = ['strace', '-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync,fsync', '-e', inject];
    await stage.start(name, { prefix });
    const fromMs = performance.now();
    await stage.rest(SLOW_MS);
    const toMs = performance.now();
    const latencies = load.told.flatMap((one) =>
      'result' in one && one.sentMs >= fromMs && one.toldMs <= toMs ? [one.toldMs - one.sentMs] : [],
    );
    stage.say(`${latencies.length} final, p50 ${percentile(latencies, 0.5)} ms, p99 ${percentile(latencies, 0.99)} ms`);
    const gapMs = load.gapMs(fromMs, toMs);
    await stage.stop(name);
    await stage.start(name);
    return [
      timing('L1', 'gap', gapMs, 5_000),
      {
        invariant: 'L3',
        holds: latencies.length > 0,
        figure: `final p50 ${percentile(latencies, 0.5)} ms with one slow disk`,
      },
      timing('L2', 'quick again, at the tip', await stage.untilTip(name), 10_000),
      ...(await stage.judge(load)),
    ];
  },
};
