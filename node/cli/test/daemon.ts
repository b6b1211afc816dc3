import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { ADMIN, type Rig, startRig } from '../../test/harness/rpc-client.ts';
import { inTemporaryDirectory } from '../../test/temporary-directory.ts';
import { runCli } from '../run.ts';

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Command lines against a stand-in daemon behind the real JSON-RPC. */
export interface Daemon {
  readonly rig: Rig;
  /** An empty folder, which ends with the test; it is the working directory too. */
  readonly directory: string;
  run(...args: string[]): Promise<Ran>;
  /** As `run`, on a terminal of 24 lines and 80 columns. */
  runOnTerminal(...args: string[]): Promise<Ran>;
}

interface Terminal {
  readonly isTerminal?: boolean;
  readonly isErrTerminal?: boolean;
  readonly lines?: number;
}

/** Run one command line in this process. */
export async function runIn(
  env: Record<string, string>,
  args: readonly string[],
  terminal: Terminal = {},
): Promise<Ran> {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    env: { WAGGLE_HOME: '/nonexistent/home', ...env },
    color: false,
    columns: 80,
    ...terminal,
  };
  return { exit: await runCli(args, io), out: out.join(''), err: err.join('') };
}

export async function withDaemon(t: TestContext, use: (daemon: Daemon) => Promise<void>): Promise<void> {
  await inTemporaryDirectory(async (directory) => {
    const rig = await startRig(t);
    // A vote carries the time of whoever casts it.
    rig.api.nowMs = Date.now();
    const tokenFile = join(directory, 'token');
    await writeFile(tokenFile, ADMIN);
    const env = { WAGGLE_RPC: rig.url, WAGGLE_TOKEN_FILE: tokenFile };
    const before = process.cwd();
    process.chdir(directory);
    try {
      await use({
        rig,
        directory,
        run: (...args) => runIn(env, args),
        runOnTerminal: (...args) => runIn(env, args, { isTerminal: true, isErrTerminal: true, lines: 24 }),
      });
    } finally {
      process.chdir(before);
    }
  });
}

/** A file of a session or ballot for commands that take one. JSON is YAML. */
export async function writeJson(directory: string, name: string, value: unknown): Promise<string> {
  await writeFile(join(directory, name), JSON.stringify(value));
  return name;
}

export function sessionFile(session: string, changed: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    session,
    title: 'What shall we eat',
    proposals: [
      { id: 'pizza', title: 'Pizza' },
      { id: 'soup', title: 'Soup', category: 'light' },
    ],
    rule: { method: 'score', threshold: { op: '>=', percent: { num: 200, den: 3 } }, complete: false, close: 'opener' },
    electorate: ['m0', 'm1', 'm2'].map((voter) => ({ voter })),
    ...changed,
  };
}
