import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Suite } from './test-files.ts';

/** Closing counts of a run, added up over all its tests. */
export type Counts = { tests: number; pass: number; fail: number; cancelled: number; skipped: number; todo: number };
export type RunOptions = { suite: Suite; files: readonly string[]; root: string; seed: number };
export type RunResult = { ok: boolean; counts: Counts };

/** A test that hangs fails alone, well before the whole run is given up. */
const TIMEOUT_MS: Readonly<Record<Suite, number>> = { unit: 60_000, deep: 180_000, e2e: 240_000 };
/** Daemons compete for the cores with each other already. */
const CONCURRENCY: Readonly<Record<Suite, number>> = { unit: 2, deep: 2, e2e: 1 };

/** A seed in the range node takes. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

/** Run test files with node's own runner in an order given by the seed; `write` gets the text as it comes. */
export function runTests(options: RunOptions, write: (text: string) => void): Promise<RunResult> {
  const { suite, files, root, seed } = options;
  const args = [
    '--test',
    '--test-randomize',
    `--test-random-seed=${seed}`,
    `--test-concurrency=${CONCURRENCY[suite]}`,
    `--test-timeout=${TIMEOUT_MS[suite]}`,
    '--test-reporter=spec',
    ...files,
  ];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: childEnvironment(root),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.once('SIGTERM', forward);
  let output = '';
  const read = (text: string) => {
    output = (output + text).slice(-8192);
    write(text);
  };
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      process.removeListener('SIGTERM', forward);
      const counts = countsIn(output);
      // A file that could not even be loaded, or no test at all, must not pass for a green run.
      resolve({ ok: code === 0 && counts.tests > 0, counts });
    });
  });
}

/** The counts of the summary node prints last; zeros where it printed none. */
export function countsIn(output: string): Counts {
  const text = stripVTControlCharacters(output);
  const count = (name: string) =>
    Number([...text.matchAll(new RegExp(`^\\S+ ${name} (\\d+)$`, 'gm'))].at(-1)?.[1] ?? 0);
  return {
    tests: count('tests'),
    pass: count('pass'),
    fail: count('fail'),
    cancelled: count('cancelled'),
    skipped: count('skipped'),
    todo: count('todo'),
  };
}

/** Environment of a child of the checks: compiled TypeScript is kept, as most of them load the same files. */
export function childEnvironment(root: string): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'),
  };
  // Set inside a test; a runner started from one would report to it and run nothing.
  delete env.NODE_TEST_CONTEXT;
  if (process.stdout.isTTY && process.env.NO_COLOR === undefined) return { ...env, FORCE_COLOR: '1' };
  return env;
}
