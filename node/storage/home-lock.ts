import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { WaggleError } from '../../protocol/errors.ts';

/** Who holds a home. The start time and the boot tell a process from a later one with the same number. */
interface Holder {
  readonly pid: number;
  /** Clock ticks after boot (proc(5), stat field 22); absent where there is no /proc. */
  readonly startTicks?: string;
  readonly bootId?: string;
  /** Tells two takers of one process apart. */
  readonly nonce: string;
}

const ATTEMPTS = 5;

/**
 * Take the lock file, naming this process. Made whole under another name and linked into place, so it is never seen
 * half-written; a holder that no longer runs is replaced under a second lock, so that of two takers one wins.
 * @returns releases the lock if it is still ours
 * @throws WaggleError WAGGLE_HOME_LOCKED {pid}
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const mine = JSON.stringify(self());
  const whole = `${path}.${process.pid}.${randomUUID()}`;
  await writeWhole(whole, mine);
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await linked(whole, path)) break;
      await replaceStale(path, whole);
      if ((await contentOf(path)) === mine) break;
    }
    if ((await contentOf(path)) !== mine) throw lockedBy(parse(await contentOf(path)));
  } finally {
    await rm(whole, { force: true });
  }
  return async () => {
    if ((await contentOf(path)) === mine) await rm(path, { force: true });
  };
}

/** Put `whole` in the place of a lock whose holder is gone. @throws WaggleError WAGGLE_HOME_LOCKED it is not gone */
async function replaceStale(path: string, whole: string): Promise<void> {
  await refuseLiving(path);
  const guard = `${path}.takeover`;
  if (!(await linked(whole, guard))) {
    await refuseLiving(guard);
    await rm(guard, { force: true });
    return;
  }
  try {
    if ((await contentOf(path)) === undefined) return;
    await refuseLiving(path);
    const replacement = `${whole}.replacement`;
    await link(whole, replacement);
    await rename(replacement, path);
  } finally {
    await rm(guard, { force: true });
  }
}

async function refuseLiving(path: string): Promise<void> {
  const content = await contentOf(path);
  if (content === undefined) return;
  const holder = parse(content);
  if (holder !== undefined && isRunning(holder)) throw lockedBy(holder);
}

function lockedBy(holder: Holder | undefined): WaggleError {
  return new WaggleError('WAGGLE_HOME_LOCKED', { pid: holder?.pid });
}

function isRunning(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it runs under another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const bootId = bootIdNow();
  if (bootId !== undefined && holder.bootId !== undefined && bootId !== holder.bootId) return false;
  const now = processStat(holder.pid);
  if (now === undefined || holder.startTicks === undefined) return true;
  return now.startTicks === holder.startTicks && now.state !== 'Z';
}

function self(): Holder {
  const startTicks = processStat(process.pid)?.startTicks;
  const bootId = bootIdNow();
  return {
    pid: process.pid,
    ...(startTicks === undefined ? {} : { startTicks }),
    ...(bootId === undefined ? {} : { bootId }),
    nonce: randomUUID(),
  };
}

/** Fields 3 and 22 of /proc/<pid>/stat; the name before them may hold blanks and brackets. */
function processStat(pid: number): { state: string; startTicks: string } | undefined {
  const text = readProc(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const state = fields?.[0];
  const startTicks = fields?.[19];
  return state === undefined || startTicks === undefined ? undefined : { state, startTicks };
}

function bootIdNow(): string | undefined {
  return readProc('/proc/sys/kernel/random/boot_id')?.trim();
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Undefined for anything that is not a lock of ours: nobody can be said to hold it. */
function parse(content: string | undefined): Holder | undefined {
  try {
    const value: unknown = JSON.parse(content ?? '');
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, startTicks, bootId, nonce } = value as Record<string, unknown>;
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined;
    return {
      pid,
      ...(typeof startTicks === 'string' ? { startTicks } : {}),
      ...(typeof bootId === 'string' ? { bootId } : {}),
      nonce: typeof nonce === 'string' ? nonce : '',
    };
  } catch {
    return undefined;
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** False when the name is taken. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function writeWhole(path: string, content: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
