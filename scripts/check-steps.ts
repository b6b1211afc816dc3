import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { testFiles } from './test-files.ts';
import { childEnvironment, randomSeed, runTests } from './test-run.ts';

/** What a step found: `note` is a few words for its line, `output` is shown when it failed. */
export type StepResult = { ok: boolean; note: string; output: string };
/** One independent part of the gate. `id` is for `--only`. */
export type Step = { id: string; name: string; run: (root: string) => Promise<StepResult> };

const HERE = import.meta.dirname;
const SIM_SEEDS = 20;

/** The gate, longest first, so that the short steps fill the other core. */
export const STEPS: readonly Step[] = [
  { id: 'unit', name: 'unit tests', run: unitTests },
  { id: 'types', name: 'types', run: (root) => tool(root, 'typescript/bin/tsc', ['--noEmit', '-p', 'tsconfig.json']) },
  { id: 'biome', name: 'Biome', run: (root) => tool(root, '@biomejs/biome/bin/biome', ['check', '.']) },
  { id: 'tidy', name: 'tidy', run: (root) => script(root, 'tidy.ts', ['--root', root]) },
  { id: 'client', name: 'client types', run: (root) => script(root, 'client.ts', ['--check', '--root', root]) },
  { id: 'docs', name: 'generated pages', run: (root) => script(root, 'docs.ts', ['--check', '--root', root]) },
  { id: 'vectors', name: 'golden vectors', run: (root) => script(root, 'vectors.ts', ['--root', root]) },
  { id: 'sim', name: 'short simulation', run: simulation },
  { id: 'counters', name: 'work per ballot', run: counters },
  {
    id: 'dead',
    name: 'dead code',
    run: (root) => tool(root, 'knip/bin/knip.js', ['--no-progress', '--no-config-hints']),
  },
];

async function unitTests(root: string): Promise<StepResult> {
  const files = testFiles(root, 'unit');
  if (files.length === 0) return { ok: false, note: 'no test files', output: 'no unit test file was found\n' };
  const seed = randomSeed();
  let output = '';
  const { ok, counts } = await runTests({ suite: 'unit', files, root, seed }, (text) => {
    output += text;
  });
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  const note = `${counts.pass} of ${counts.tests} passed${skipped}, seed ${seed}`;
  return { ok, note, output: `${failures(output)}\nreplay: npm test -- --unit --seed ${seed}\n` };
}

/** Node repeats what failed after its summary; the passed tests before it would only bury them. */
function failures(output: string): string {
  const at = output.indexOf('failing tests:');
  return at === -1 ? output : output.slice(output.lastIndexOf('\n', at) + 1);
}

async function simulation(root: string): Promise<StepResult> {
  const file = join(root, 'scripts', 'sim.ts');
  if (!existsSync(file)) return { ok: false, note: 'missing', output: 'scripts/sim.ts does not exist\n' };
  return start(root, [file, '--seeds', String(SIM_SEEDS)]);
}

/** No clock is in it: the counters are the same on every machine. */
async function counters(root: string): Promise<StepResult> {
  const file = join(root, 'scripts', 'bench', 'compare.ts');
  if (!existsSync(file)) return { ok: false, note: 'missing', output: 'scripts/bench/compare.ts does not exist\n' };
  return start(root, [file, '--counters']);
}

/** Our own scripts run from here, also on a copy that is checked with `--root`. */
function script(root: string, name: string, args: string[]): Promise<StepResult> {
  return start(root, [join(HERE, name), ...args]);
}

function tool(root: string, file: string, args: string[]): Promise<StepResult> {
  return start(root, [join(root, 'node_modules', file), ...args]);
}

function start(root: string, args: string[]): Promise<StepResult> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: childEnvironment(root),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const read = (text: string) => {
    output += text;
  };
  child.stdout.setEncoding('utf8').on('data', read);
  child.stderr.setEncoding('utf8').on('data', read);
  return new Promise((resolve) => {
    child.on('error', (error) => resolve({ ok: false, note: 'did not start', output: `${error.message}\n` }));
    child.on('close', (code) => resolve({ ok: code === 0, note: code === 0 ? '' : `exit ${code}`, output }));
  });
}
