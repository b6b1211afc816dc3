import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { REPOSITORY, write } from './planted.ts';

/** Stands in for the daemon: it says who it is and does what its first argument tells it. */
const MAIN = `
const { argv, env, execArgv, execPath, exit, kill, pid, stdin } = process;
const [what, ...rest] = argv.slice(2);
if (what === 'exit') exit(Number(rest[0]));
if (what === 'die') kill(pid, 'SIGTERM');
if (what === 'wait') {
  process.on('SIGINT', () => exit(41));
  process.on('SIGTERM', () => exit(42));
  stdin.resume();
}
console.log(JSON.stringify({ execPath, execArgv, args: argv.slice(2), cache: env.NODE_COMPILE_CACHE }));
`;

const runtime = `node-${process.platform}-${process.arch}`;
/** A Node outside the checkout, too old or new, as a user's shell would find it. */
const systemNode = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path));

/** A checkout with the launcher, a stand-in daemon, and the pinned runtime when `pinned`. */
function checkout(t: TestContext, pinned = true, engines = '>=24.19 <25 || >=26.5'): string {
  const root = mkdtempSync(join(tmpdir(), 'waggle-launcher-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  write(root, {
    'package.json': JSON.stringify({ type: 'module', engines: { node: engines }, runtimeFlags: ['--v8-pool-size=1'] }),
    'node/main.ts': MAIN,
    'node_modules/libp2p/package.json': '{}',
  });
  mkdirSync(join(root, 'bin'));
  copyFileSync(join(REPOSITORY, 'bin', 'waggle.mjs'), join(root, 'bin', 'waggle.mjs'));
  if (pinned) {
    mkdirSync(join(root, 'node_modules', runtime, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(root, 'node_modules', runtime, 'bin', 'node'));
  }
  return root;
}

function launch(root: string, args: string[], node = process.execPath, env = process.env) {
  const { status, stdout, stderr } = spawnSync(node, [join(root, 'bin', 'waggle.mjs'), ...args], {
    encoding: 'utf8',
    env: { ...env, XDG_CACHE_HOME: join(root, 'cache') },
  });
  return { status, stdout, stderr };
}

test('the daemon gets the arguments, the flags of package.json, a private compile cache and the pinned runtime', (t) => {
  const root = checkout(t);
  const { NODE_COMPILE_CACHE: _, ...env } = process.env;
  const { status, stdout } = launch(root, ['vote', '--as', 'a b'], process.execPath, env);
  assert.equal(status, 0);
  const said = JSON.parse(stdout) as { args: string[]; execArgv: string[]; cache: string; execPath: string };
  assert.deepEqual(said.args, ['vote', '--as', 'a b']);
  assert.deepEqual(said.execArgv, ['--v8-pool-size=1']);
  assert.equal(said.cache, join(root, 'cache', 'waggle', 'compile'));
});

test('the exit code is the daemon’s, 128 and the signal when it was killed', (t) => {
  const root = checkout(t);
  assert.equal(launch(root, ['exit', '3']).status, 3);
  // By execve the daemon is the process itself, so the signal is reported as one: a shell says 143 as well.
  const died = spawnSync('sh', ['-c', '"$0" "$1" die; exit $?', process.execPath, join(root, 'bin', 'waggle.mjs')]);
  assert.equal(died.status, 143);
});

test('without the pinned runtime a Node that is new enough serves', (t) => {
  assert.equal(launch(checkout(t, false), ['exit', '5']).status, 5);
});

test('without any usable Node one line says what is missing, exit code 78', (t) => {
  const { status, stdout, stderr } = launch(checkout(t, false, '>=98 <99'), ['exit', '0']);
  assert.equal(status, 78);
  assert.equal(stdout, '');
  assert.match(stderr, /^waggle: needs Node >=98 <99, .*npm ci.*\n$/);
});

test('without the dependencies one line says so, exit code 78', (t) => {
  const root = checkout(t);
  rmSync(join(root, 'node_modules', 'libp2p'), { recursive: true });
  const { status, stderr } = launch(root, []);
  assert.equal(status, 78);
  assert.match(stderr, /^waggle: .*npm ci.*\n$/);
});

for (const [signal, code] of [
  ['SIGINT', 41],
  ['SIGTERM', 42],
] as const) {
  for (const node of new Set([process.execPath, systemNode ?? process.execPath])) {
    test(`${signal} reaches the daemon started by ${node === process.execPath ? 'this' : 'the system’s'} Node`, async (t) => {
      const child = spawn(node, [join(checkout(t), 'bin', 'waggle.mjs'), 'wait'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      t.after(() => child.kill('SIGKILL'));
      await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => assert.fail('it ended early'))]);
      child.kill(signal);
      assert.deepEqual(await once(child, 'exit'), [code, null]);
    });
  }
}

test('the system’s Node, however old, hands over to the pinned one', { skip: systemNode === undefined }, (t) => {
  const root = checkout(t);
  const { status, stdout } = launch(root, ['x'], systemNode);
  assert.equal(status, 0);
  const said = JSON.parse(stdout) as { execPath: string };
  assert.equal(said.execPath.endsWith('bin/node'), true);
  assert.equal(launch(root, ['die'], systemNode).status === 143 || systemNode === process.execPath, true);
});
