import { spawn } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { logPath } from '../../testnet/network/processes.ts';
import { type Aim, figure, judged } from './report/figure.ts';
import { median } from './report/median.ts';
import { type Breakdown, breakdownOf, type SaidLine, wholeMs } from './start/breakdown.ts';

/*
 * `npm run bench -- start [--runs 5]`: P10 of the goals. `npm start -- --once --json` in a new folder, from the command to the
 * first final ballot: with nothing compiled, as after `npm ci`, and once more with what that run left compiled.
 */

const AIM: Aim = { goal: 'P10', sign: '<=', bound: 6 };
const ROOT = resolve(import.meta.dirname, '..', '..');

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '5' } } });
  const runs: Record<'cold' | 'warm', Breakdown[]> = { cold: [], warm: [] };
  for (let run = 1; run <= Number(values.runs); run++) {
    const folder = await mkdtemp(join(tmpdir(), 'waggle-start-'));
    try {
      for (const kind of ['cold', 'warm'] as const) {
        const parts = await demonstrate(join(folder, kind), join(folder, 'cache'));
        runs[kind].push(parts);
        figure('start/run', { run, kind, s: seconds(wholeMs(parts)) });
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  const [coldS, warmS] = [seconds(median(runs.cold.map(wholeMs))), seconds(median(runs.warm.map(wholeMs)))];
  const parts = { cold: middle(runs.cold), warm: middle(runs.warm) };
  for (const [kind, ms] of Object.entries(parts)) figure('start/parts', { kind, ...ms });
  figure('start/warm', { s: warmS });
  judged('start/cold', 's', coldS, AIM);
  console.log(JSON.stringify({ coldS, warmS, partsMs: parts }));
}

/** One demonstration in `directory`, with compiled code kept in `cache`. @throws Error it failed, or said something else */
async function demonstrate(directory: string, cache: string): Promise<Breakdown> {
  const env: NodeJS.ProcessEnv = { ...process.env, XDG_CACHE_HOME: cache };
  // The runner of the benchmarks names a folder of its own.
  delete env.NODE_COMPILE_CACHE;
  const startedMs = Date.now();
  const args = ['start', '--silent', '--', '--once', '--json', '--dir', directory];
  const child = spawn('npm', args, { cwd: ROOT, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const lines: SaidLine[] = [];
  createInterface({ input: child.stderr }).on('line', (text) => lines.push({ atMs: Date.now() - startedMs, text }));
  const code = await new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', done);
  });
  if (code !== 0) throw new Error(`the demonstration ended with ${code}: ${lines.at(-1)?.text ?? 'no output'}`);
  // A node's log is made in the moment in which its process is.
  const { birthtimeMs } = await stat(logPath(join(directory, 'node1')));
  return breakdownOf(lines, birthtimeMs - startedMs);
}

function middle(runs: readonly Breakdown[]): Record<string, number> {
  const names = Object.keys(runs[0] ?? {}) as (keyof Breakdown)[];
  return Object.fromEntries(names.map((name) => [name, Math.round(median(runs.map((run) => run[name])))]));
}

function seconds(ms: number): number {
  return Math.round(ms / 10) / 100;
}

await main();
