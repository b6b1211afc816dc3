#!/usr/bin/env node
// Starts node/main.ts with a Node that can run it. Plain JavaScript for Node >= 18: this file alone must work on an old Node.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const EXIT_CONFIGURATION = 78;
const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const engines = manifest.engines.node;
/** How V8 is set for every process of waggle (docs/decisions/013). */
const flags = manifest.runtimeFlags ?? [];

/** Whether `version` ('24.21.0') is in `range`: alternatives by '||', each a list of '>=a.b' and '<c'. */
function satisfies(version, range) {
  return range.split('||').some((alternative) =>
    alternative
      .trim()
      .split(/\s+/)
      .every((bound) => {
        const [, operator, limit] = /^(>=|<)([\d.]+)$/.exec(bound) ?? [];
        if (operator === undefined) return false;
        return operator === '>=' ? compare(version, limit) >= 0 : compare(version, limit) < 0;
      }),
  );
}

function compare(left, right) {
  const [a, b] = [left.split('.').map(Number), right.split('.').map(Number)];
  for (let i = 0; i < 3; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The runtime pinned in package-lock.json, else the running one when it is new enough, else undefined. */
function findRuntime() {
  const pinned = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(pinned)) return pinned;
  return satisfies(process.versions.node, engines) ? process.execPath : undefined;
}

/** A directory of this user alone: compiled code read from a shared one could have been planted there. */
function compileCacheDirectory() {
  const base = process.env.XDG_CACHE_HOME || (homedir() === '/' ? '' : join(homedir(), '.cache'));
  return base ? join(base, 'waggle', 'compile') : join(tmpdir(), `waggle-compile-${process.getuid?.() ?? 0}`);
}

/** Hand over to the daemon: by execve where Node has it (no second process), else by a child with our streams. */
function run(runtime, args, env) {
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(runtime, [runtime, ...args], env);
  }
  const child = spawn(runtime, args, { stdio: 'inherit', env });
  // A terminal sends Ctrl-C to the child as well; passing it on again would count as a second one.
  const terminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => terminal || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => terminal || child.kill('SIGHUP'));
  child.on('error', (error) => fail(`cannot start ${runtime}: ${error.code}. Run \`npm ci\` in the checkout again.`));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 70) : 128 + (constants.signals[signal] ?? 0);
  });
}

function fail(message) {
  process.stderr.write(`waggle: ${message}\n`);
  process.exitCode = EXIT_CONFIGURATION;
}

const main = join(root, 'node', 'main.ts');
const runtime = findRuntime();
if (runtime === undefined) {
  fail(
    `needs Node ${engines}, this is ${process.versions.node} and the pinned runtime is missing. Run \`npm ci\` in the checkout, with optional dependencies.`,
  );
} else if (!existsSync(join(root, 'node_modules', 'libp2p', 'package.json'))) {
  fail('the dependencies are missing. Run `npm ci` in the checkout.');
} else {
  const env = { ...process.env };
  env.NODE_COMPILE_CACHE ||= compileCacheDirectory();
  run(runtime, [...flags, main, ...process.argv.slice(2)], env);
}
