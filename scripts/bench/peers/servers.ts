import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import process from 'node:process';

const TERM_WAIT_MS = 5_000;
const READY_WAIT_MS = 30_000;
const POLL_MS = 50;
const LOG_TAIL_CHARS = 600;
/** Debian puts daemons where the path of a user does not lead. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** Where a program is, or undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS]) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** Daemons of somebody else and their data, in a temporary folder that goes with them. */
export class Servers {
  readonly folder: string;
  readonly #children: { readonly child: ChildProcess; readonly log: string }[] = [];

  #isEnding = false;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** What is started here ends with `closing`, however far the start has come by then. */
  static async create(name: string, closing: AsyncDisposableStack): Promise<Servers> {
    const servers = new Servers(await mkdtemp(join(tmpdir(), `waggle-peers-${name}-`)));
    if (closing.disposed) await servers.#end();
    else closing.defer(() => servers.#end());
    return servers;
  }

  /**
   * In a process group of its own: Ctrl-C reaches this process first, which ends it in order.
   * @throws Error once the end has begun
   */
  start(program: string, args: readonly string[]): void {
    if (this.#isEnding) throw new Error('the benchmark is ending');
    const path = join(this.folder, `log-${this.#children.length}`);
    const log = openSync(path, 'a');
    try {
      const child = spawn(program, args, { cwd: this.folder, detached: true, stdio: ['ignore', log, log] });
      child.on('error', () => undefined);
      this.#children.push({ child, log: path });
    } finally {
      closeSync(log);
    }
  }

  /** Try until it does not throw. @throws Error what it threw last, when that takes too long or a daemon has ended */
  async untilReady(attempt: () => Promise<void>): Promise<void> {
    const deadlineMs = performance.now() + READY_WAIT_MS;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        const ended = this.#children.find(({ child }) => !isRunning(child));
        if (ended !== undefined) throw new Error(`a daemon ended: ${tailOf(ended.log)}`);
        if (this.#isEnding || performance.now() > deadlineMs) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** End all of them, by their pids: asked first, then killed. */
  async #end(): Promise<void> {
    this.#isEnding = true;
    await Promise.all(this.#children.map(({ child }) => endChild(child)));
    await rm(this.folder, { recursive: true, force: true });
  }
}

function isRunning({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid !== undefined && exitCode === null && signalCode === null;
}

/** SIGTERM, and SIGKILL when that does not end it in time. */
export async function endChild(child: ChildProcess, waitMs = TERM_WAIT_MS): Promise<void> {
  if (!isRunning(child)) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), waitMs);
  await gone;
  clearTimeout(timer);
}

function tailOf(path: string): string {
  return readFileSync(path, 'utf8').trim().slice(-LOG_TAIL_CHARS);
}
