import { residentBytes } from '../network/processes.ts';
import { shareFinal } from '../stage/measure.ts';
import type { Finding, Scenario } from './scenario.ts';

const FOR_MS = 15_000;
const RATE_KBIT = 1_000;
const RESIDENT_AIM_MIB = 512;
const MIB = 1024 * 1024;

export const rate: Scenario = {
  name: 'rate',
  promise: 'every link carries one megabit a second: ballots go on becoming final and no process grows without end',
  needs: ['relay'],
  async run(stage) {
    const load = await stage.load();
    await stage.relay.shape({ rateKbit: RATE_KBIT });
    const fromMs = performance.now();
    await stage.rest(FOR_MS);
    const share = shareFinal(load, 'at 1 Mbit/s', fromMs, performance.now(), 80);
    const { nodes } = await stage.file();
    const sizes = nodes.map(({ pid }) => (pid === null ? 0 : residentBytes(pid)));
    await stage.relay.heal();
    return [share, resident(Math.max(...sizes)), ...(await stage.judge(load))];
  },
};

/** reliability.md 2.3, `bw`: no machine's business changes what a process holds, so this one is judged. */
function resident(sizeBytes: number): Finding {
  const sizeMib = Math.round(sizeBytes / MIB);
  return { invariant: 'R1', holds: sizeMib <= RESIDENT_AIM_MIB, figure: `memory ${sizeMib} MiB` };
}
