import { spawnSync } from 'node:child_process';
import { cp, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processState } from '../network/processes.ts';
import { LONG_LOAD, type Load } from '../stage/load.ts';
import { timing } from '../stage/timing.ts';
import type { Finding, Scenario, Stage } from './scenario.ts';

/** Room for the home, which has no reserve then, and little else. */
const DISK_BYTES = 24 * 1024 * 1024;
const LIMIT_MS = 300_000;
const FULL_MS = 60_000;
const FINALS_MIN = 60;
const POLL_MS = 250;
const FILLER = 'filler';

/** ENOSPC in the middle of the work (reliability.md 2.2): nothing may be signed that was not synced. */
export const diskFull: Scenario = {
  name: 'disk-full',
  promise:
    'a validator whose disk is full ends or serves reads only, signs nothing it did not sync, and is back when there is room',
  needs: ['root'],
  limitMs: () => LIMIT_MS,
  async run(stage) {
    const load = await stage.load(LONG_LOAD);
    const [name = 'node1'] = stage.names.slice(-1);
    const home = stage.home(name);
    await stage.stop(name);
    const unmount = await moveToSmallDisk(home);
    try {
      await stage.start(name);
      const before = await stage.untilTip(name);
      const fromMs = performance.now();
      await fill(home);
      const full = await watchFull(stage, name, load);
      stage.say(full.figure);
      const gapMs = load.gapMs(fromMs, performance.now());
      await stage.kill(name).catch(() => undefined);
      await rm(join(home, FILLER));
      await stage.start(name);
      const back = await stage.untilTip(name);
      const findings = [
        timing('L2', 'on the small disk at the tip', before, 10_000),
        full,
        timing('L1', 'gap', gapMs, 5_000),
        timing('L2', 'with room again at the tip', back, 30_000),
        ...(await stage.judge(load)),
      ];
      await stage.stop(name);
      return findings;
    } finally {
      unmount();
    }
  },
};

/** Put the home on a disk in memory of its own. @returns how to take that away */
async function moveToSmallDisk(home: string): Promise<() => void> {
  const aside = `${home}.aside`;
  await rm(join(home, 'ledger', 'reserve'), { force: true });
  await rename(home, aside);
  await cp(aside, `${home}.copy`, { recursive: true });
  spawnSync('mkdir', ['-m', '700', home]);
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=700`, 'waggle', home]);
  if (mounted.status !== 0) throw new Error(`mount: ${String(mounted.stderr)}`);
  await cp(`${home}.copy`, home, { recursive: true });
  await rm(`${home}.copy`, { recursive: true });
  return () => {
    // Lazily, since a process that is just ending may hold it.
    spawnSync('umount', ['-l', home]);
  };
}

async function fill(home: string): Promise<void> {
  const { bavail, bsize } = await statfs(home);
  await writeFile(join(home, FILLER), new Uint8Array(bavail * bsize)).catch(() => undefined);
}

/** It ends, or says that it is not ready; it must not go on as if nothing was while ballots become final around it. */
async function watchFull(stage: Stage, name: string, load: Load): Promise<Finding> {
  const { client } = stage.member(name);
  const home = stage.home(name);
  const pid = (await stage.file()).nodes.find((node) => node.name === name)?.pid ?? null;
  const fromMs = performance.now();
  let said: string | undefined;
  let finals = 0;
  while (said === undefined && finals < FINALS_MIN && performance.now() - fromMs < FULL_MS) {
    await stage.rest(POLL_MS);
    finals = load.finals(fromMs, performance.now());
    const status = await client
      .call<{ ready: boolean; notReadyReason?: string }>('node_status', {}, { timeoutMs: 5_000, attempts: 1 })
      .catch(() => undefined);
    if (processState(pid, home) === 'down') said = 'it ends';
    else if (status?.ready === false) said = `not ready, ${status.notReadyReason}`;
  }
  const figure = said === undefined ? `goes on with a full disk while ${finals} become final` : `disk full: ${said}`;
  return { invariant: 'S6', holds: said !== undefined, figure };
}
