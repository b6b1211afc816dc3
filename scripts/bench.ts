import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { basename, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnvironment } from './test-run.ts';

/**
 * `npm run bench -- NAME [-o json] [--seed N] [options of the benchmark]`: runs `<room>/bench/NAME.bench.ts` or
 * `scripts/bench/NAME.ts` and says on what machine, by which Node, with which seed and by which command.
 *
 * A benchmark prints one line a figure, `area/op key=value …`, and reads its seed from WAGGLE_BENCH_SEED. With `-o json`
 * each becomes a JSON line after one with the machine; JSON lines of its own pass as they are, other text goes to stderr.
 */
const PATTERNS = ['{protocol,consensus,node,testnet}/**/bench/**/*.bench.ts', 'scripts/bench/*.ts'];
const EXIT_USAGE = 64;
const EXIT_BUG = 70;
const SEED = '1';

export type Arguments = { name: string | undefined; json: boolean; seed: string; rest: string[] };
type Scalar = string | number | boolean;

/** Every benchmark below `root`, by name. @throws Error when two share a name */
export function benchmarks(root: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const path of globSync(PATTERNS, { cwd: root, exclude: ['**/node_modules/**'] }).sort()) {
    const name = basename(path).replace(/(?:\.bench)?\.ts$/, '');
    const other = found.get(name);
    if (other !== undefined) throw new Error(`two benchmarks are called ${name}: ${other}, ${path}`);
    found.set(name, path);
  }
  return found;
}

/** What is meant for the runner; all else is the benchmark's. @throws Error on an output or seed that there is not */
export function readArguments(args: readonly string[]): Arguments {
  const read: Arguments = { name: undefined, json: false, seed: SEED, rest: [] };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? '';
    if (arg === '-o' || arg === '--output') {
      const output = args[++at];
      if (output !== 'json' && output !== 'text') throw new Error(`-o ${output ?? ''}: text or json`);
      read.json = output === 'json';
    } else if (arg === '--seed') {
      read.seed = args[++at] ?? '';
      if (!/^\d{1,15}$/.test(read.seed)) throw new Error(`--seed ${read.seed}: a whole number`);
    } else if (read.name === undefined && !arg.startsWith('-')) read.name = arg;
    else read.rest.push(arg);
  }
  return read;
}

/** A figure's line as an object, JSON as it is, undefined for other text. */
export function figureOf(line: string): Record<string, unknown> | undefined {
  if (line.startsWith('{')) {
    try {
      return JSON.parse(line) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  }
  const [bench = '', ...pairs] = line.trim().split(/\s+/);
  const values = pairs.map((pair) => /^([\w.]+)=(.*)$/.exec(pair));
  if (!/^[\w.-]+\/[\w./-]+$/.test(bench) || pairs.length === 0 || values.includes(null)) return undefined;
  return { bench, ...Object.fromEntries(values.map((match) => [match?.[1] ?? '', scalar(match?.[2] ?? '')])) };
}

function scalar(text: string): Scalar {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function machine(command: string, seed: string): Record<string, Scalar> {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() || 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    seed: Number(seed),
    command,
  };
}

async function main(root: string): Promise<number> {
  const found = benchmarks(root);
  const { name, json, seed, rest } = readArguments(process.argv.slice(2));
  if (name === undefined) {
    console.log([...found].map(([each, path]) => `${each.padEnd(16)}${path}`).join('\n'));
    console.log('\nnpm run bench -- NAME [-o json] [--seed N]');
    return 0;
  }
  const path = found.get(name);
  if (path === undefined) {
    console.error(`no benchmark ${name}; there are ${[...found.keys()].join(', ')}`);
    return EXIT_USAGE;
  }
  const command = ['npm run bench --', name, '--seed', seed, ...rest].join(' ');
  const facts = machine(command, seed);
  const lines = Object.entries(facts).map(([key, value]) => `${`${key}:`.padEnd(11)}${value}\n`);
  console.log(json ? JSON.stringify({ machine: facts }) : lines.join(''));
  return run(root, [path, ...rest], seed, json);
}

async function run(root: string, args: readonly string[], seed: string, json: boolean): Promise<number> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...childEnvironment(root), WAGGLE_BENCH_SEED: seed },
    stdio: ['inherit', json ? 'pipe' : 'inherit', 'inherit'],
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => child.kill(signal));
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const figure = figureOf(line);
      if (figure === undefined) console.error(line);
      else console.log(JSON.stringify(figure));
    });
  }
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code) => done(code ?? EXIT_BUG));
  });
}

if (import.meta.main) {
  try {
    process.exitCode = await main(resolve(import.meta.dirname, '..'));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = EXIT_USAGE;
  }
}
