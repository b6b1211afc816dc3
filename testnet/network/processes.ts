import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';

const ROOT = resolve(import.meta.dirname, '..', '..');
/** What runs a command of waggle. */
export const MAIN = join(ROOT, 'node', 'main.ts');
const LOG_TAIL_BYTES = 16_384;
/** As bin/waggle.mjs starts a daemon (docs/decisions/013). */
const FLAGS = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { runtimeFlags: string[] }).runtimeFlags;

export interface SpawnOptions {
  /** The daemon ends when this process does, however that ends: its stdin is a pipe from here. */
  readonly tied: boolean;
  /** On top of the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** More arguments of `waggle start`. */
  readonly args?: readonly string[];
  /** A command that runs the daemon as its child, such as strace with its options. Its pid is the one that is kept. */
  readonly prefix?: readonly string[];
}

export function logPath(home: string): string {
  return join(home, 'log');
}

/**
 * Start the daemon of a home. It is the leader of its own process group, so that Ctrl-C reaches whoever started the network
 * first and the network is ended in order.
 */
export function spawnDaemon(home: string, { tied, env, args = [], prefix = [] }: SpawnOptions): ChildProcess {
  const log = openSync(logPath(home), 'a', 0o600);
  try {
    const ending = tied ? ['--until-stdin-ends'] : [];
    const own = [process.execPath, ...FLAGS, MAIN, 'start', '--home', home, ...ending, ...args];
    const [command = process.execPath, ...rest] = [...prefix, ...own];
    const child = spawn(command, rest, {
      cwd: home,
      detached: true,
      env: { ...process.env, ...env },
      stdio: [tied ? 'pipe' : 'ignore', log, log],
    });
    child.unref();
    // A pipe to a dead child must not end this process; its exit is seen elsewhere.
    child.stdin?.on('error', () => undefined);
    if (child.stdin !== null && 'unref' in child.stdin) (child.stdin as unknown as { unref(): void }).unref();
    return child;
  } finally {
    closeSync(log);
  }
}

/** Whether `pid` is the daemon of this home and not another process that got the number later. */
export function isOurs(pid: number | null, home: string): pid is number {
  if (pid === null || pid <= 1) return false;
  const args = argumentsOf(pid);
  return args.includes(home) && args.includes('start') && args.some((one) => one.endsWith('main.ts'));
}

/** `running`, `paused` or `down`. */
export function processState(pid: number | null, home: string): 'running' | 'paused' | 'down' {
  if (!isOurs(pid, home)) return 'down';
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).startsWith('T') ? 'paused' : 'running';
  } catch {
    return 'running';
  }
}

/** Memory that a process holds; 0 where the system does not say. */
export function residentBytes(pid: number): number {
  try {
    return 1_024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** Empty for a process that is gone or a zombie. */
function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    if (process.platform === 'linux') return [];
    const { stdout } = spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return (stdout ?? '').trim().split(' ');
  }
}

/** Signal a daemon of ours. @returns false when it is not running (any more) */
export function signalDaemon(pid: number | null, home: string, signal: NodeJS.Signals): boolean {
  if (!isOurs(pid, home)) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Wait until a daemon is gone. @returns false when it still runs after `timeoutMs` */
export async function waitGone(pid: number | null, home: string, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs;
  while (isOurs(pid, home)) {
    if (performance.now() >= deadlineMs) return false;
    await new Promise((done) => setTimeout(done, 20));
  }
  return true;
}

/** What a daemon said last, for the one who asks why it ended. */
export function lastLogLine(home: string): string {
  try {
    const text = readFileSync(logPath(home), 'utf8').slice(-LOG_TAIL_BYTES);
    return (
      text
        .trimEnd()
        .split('\n')
        .filter((line) => !line.startsWith('Next: '))
        .at(-1) ?? ''
    );
  } catch {
    return '';
  }
}
