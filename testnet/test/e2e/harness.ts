import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createRpcClient, type RpcClient } from '../../../node/cli/rpc-client.ts';
import type { NodeStatusResult } from '../../../node/cli/rpc-shapes.ts';
import { readTestnetFile, type TestnetFile } from '../../../node/cli/testnet-file.ts';

const MAIN = resolve(import.meta.dirname, '..', '..', '..', 'node', 'main.ts');
const RUN_MS = 90_000;
const POLL_MS = 100;

export interface Ran {
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly child: ChildProcess;
  /** What it wrote to stderr so far. */
  err(): string;
  readonly ended: Promise<Ran>;
}

/** Start a command line of waggle; it is killed when it takes longer than `runMs`, a minute and a half. */
export function begin(args: readonly string[], env: NodeJS.ProcessEnv = {}, runMs = RUN_MS): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), runMs);
  const ended = new Promise<Ran>((done) => {
    child.once('close', (exit, signal) => {
      clearTimeout(timer);
      done({ exit, signal, out, err });
    });
  });
  return { child, err: () => err, ended };
}

export async function waggle(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  return await begin(args, env).ended;
}

/** Run a command that must succeed. */
export async function succeed(args: readonly string[]): Promise<Ran> {
  const ran = await waggle(args);
  assert.equal(ran.exit, 0, `waggle ${args.join(' ')}: exit ${ran.exit}\n${ran.err}`);
  return ran;
}

export async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'waggle-e2e-'));
  try {
    await use(folder);
  } finally {
    endAllOf(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Net {
  readonly dir: string;
  readonly file: TestnetFile;
  /** Client of a node with its admin token; nodes count from 1. */
  client(node: number): Promise<RpcClient>;
  heights(): Promise<(number | undefined)[]>;
  /** A testnet command on this network that must succeed. */
  run(...args: string[]): Promise<Ran>;
}

/** A detached network of four in a temporary folder, ended whatever happens. */
export async function withNetwork(use: (net: Net) => Promise<void>): Promise<void> {
  await inFolder(async (folder) => {
    const dir = join(folder, 'net');
    await succeed(['testnet', 'up', '--dir', dir, '--detach']);
    const file = await readTestnetFile(dir);
    assert.ok(file !== undefined);
    const client = async (node: number) => await clientOf(file, node);
    await use({
      dir,
      file,
      client,
      heights: async () =>
        await Promise.all(file.nodes.map(async (_, at) => (await statusOf(await client(at + 1)))?.height)),
      run: async (...args) => await succeed(['testnet', ...args, '--dir', dir]),
    });
  });
}

async function clientOf(file: TestnetFile, node: number): Promise<RpcClient> {
  const one = file.nodes[node - 1];
  assert.ok(one !== undefined);
  const token = (await readFile(join(one.home, 'tokens', 'admin.token'), 'utf8')).trim();
  return createRpcClient({ url: one.rpc, token, timeoutMs: 40_000 });
}

export async function statusOf(client: RpcClient): Promise<NodeStatusResult | undefined> {
  return await client
    .call<NodeStatusResult>('node_status', {}, { timeoutMs: 2_000, attempts: 1 })
    .catch(() => undefined);
}

/** Ask until `fits`, for at most `timeoutMs`. */
export async function until<Value>(
  what: string,
  timeoutMs: number,
  ask: () => Promise<Value>,
  fits: (value: Value) => boolean,
): Promise<Value> {
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await ask();
    if (fits(value)) return value;
    assert.ok(performance.now() < deadlineMs, `${what}: not within ${timeoutMs} ms, last ${JSON.stringify(value)}`);
    await pause(POLL_MS);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

/** Daemons whose home is in `folder`. */
export function daemonsOf(folder: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const args = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return args.some((one) => one === 'start' || one === '--start') &&
        args.some((one) => one.startsWith(`${folder}/`))
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

function endAllOf(folder: string): void {
  for (const pid of daemonsOf(folder)) process.kill(pid, 'SIGKILL');
}

/** The last line of stdout as JSON. */
export function lastJson(out: string): Record<string, unknown> {
  return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as Record<string, unknown>;
}
