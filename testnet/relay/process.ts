import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { WaggleError } from '../../protocol/errors.ts';
import { lastLogLine, processState, signalDaemon, waitGone } from '../network/processes.ts';
import { connectRelay } from './client.ts';
import { readRelayFile, readRelayPid, relayPidPath } from './relay-file.ts';

const MAIN = resolve(import.meta.dirname, 'main.ts');
const START_WAIT_MS = 20_000;
const END_WAIT_MS = 5_000;
const POLL_MS = 50;

/** Start the relay of a network that has one, unless it runs, and wait until it answers. @returns whether it was started */
export async function startRelay(directory: string, tied: boolean): Promise<boolean> {
  if ((await readRelayFile(directory)) === undefined) return false;
  if (processState(await readRelayPid(directory), directory) !== 'down') return false;
  const child = spawnRelay(directory, tied);
  await writeFile(relayPidPath(directory), `${child.pid ?? ''}\n`);
  await untilAnswers(directory, child);
  return true;
}

/** End the relay, if one runs. @returns whether one did */
export async function endRelay(directory: string): Promise<boolean> {
  const pid = await readRelayPid(directory);
  const ran = signalDaemon(pid, directory, 'SIGTERM');
  if (ran && !(await waitGone(pid, directory, END_WAIT_MS))) signalDaemon(pid, directory, 'SIGKILL');
  await rm(relayPidPath(directory), { force: true });
  return ran;
}

/** Its log stands in the folder of the network as `log`, its arguments name that folder: so it is told from other processes. */
function spawnRelay(directory: string, tied: boolean): ChildProcess {
  const log = openSync(join(directory, 'log'), 'a', 0o600);
  try {
    const child = spawn(process.execPath, [MAIN, 'start', directory, ...(tied ? ['--until-stdin-ends'] : [])], {
      detached: true,
      stdio: [tied ? 'pipe' : 'ignore', log, log],
    });
    child.unref();
    child.stdin?.on('error', () => undefined);
    if (child.stdin !== null && 'unref' in child.stdin) (child.stdin as unknown as { unref(): void }).unref();
    return child;
  } finally {
    closeSync(log);
  }
}

async function untilAnswers(directory: string, child: ChildProcess): Promise<void> {
  const relay = await connectRelay(directory, []);
  const deadlineMs = performance.now() + START_WAIT_MS;
  for (;;) {
    try {
      await relay.links();
      return;
    } catch {
      if (child.exitCode === null && performance.now() < deadlineMs) {
        await new Promise((done) => setTimeout(done, POLL_MS));
        continue;
      }
      const reason = `the relay did not start: ${lastLogLine(directory)}`;
      throw new WaggleError('WAGGLE_CLI_UNAVAILABLE', { reason, next: `read ${join(directory, 'log')}` });
    }
  }
}
