import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { begin, inFolder, pause, succeed, until, waggle } from './harness.ts';

const MAIN = resolve(import.meta.dirname, '..', '..', '..', 'node', 'main.ts');
const COMMAND = `'${process.execPath}' '${MAIN}'`;
/** Of util-linux: runs a command in a terminal of its own. */
const TERMINAL = 'script';
const BOLD = '\u001b[1m';
const hasTerminal = spawnSync(TERMINAL, ['--version']).status === 0;
const NO_TERMINAL = { skip: !hasTerminal && 'no script(1) here, which makes terminals' };

/** What a terminal of 24 lines and 80 columns shows of a command line, and its exit code. */
async function onTerminal(line: string, env: NodeJS.ProcessEnv = {}): Promise<{ exit: number | null; screen: string }> {
  const shell = `stty rows 24 cols 80; ${COMMAND} ${line}`;
  const own = { ...process.env, TERM: 'xterm', NO_COLOR: undefined, NODE_TEST_CONTEXT: undefined, ...env };
  const child = spawn(TERMINAL, ['-qec', shell, '/dev/null'], { env: own, stdio: ['ignore', 'pipe', 'inherit'] });
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text;
  });
  return await new Promise((done) => child.once('close', (exit) => done({ exit, screen })));
}

async function inShell(line: string): Promise<{ out: string; err: string }> {
  const child = spawn('bash', ['-c', line], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  await new Promise((done) => child.once('close', done));
  return { out, err };
}

test('a reader that goes away is no fault, and nothing is said of it', async () => {
  const { out, err } = await inShell(`${COMMAND} genesis --help | head -1; echo "\${PIPESTATUS[0]}"`);
  assert.match(out, /^Usage: waggle genesis/);
  assert.match(out, /\n0\n$/);
  assert.equal(err, '');
});

for (const [signal, exit] of [
  ['INT', 130],
  ['TERM', 143],
] as const) {
  test(`a command that waits ends by SIG${signal} as shells expect`, async () => {
    const line = `set -m; ${COMMAND} wait --ready --timeout 60 --rpc http://127.0.0.1:1 & sleep 1.5; kill -${signal} %1; wait %1; echo $?`;
    assert.match((await inShell(line)).out, new RegExp(`^${exit}$`, 'm'));
  });
}

test('a network that is there is not taken for a new one of another size, and faults say what they found', async () => {
  await inFolder(async (folder) => {
    const net = ['--dir', join(folder, 'net')];
    await succeed(['testnet', 'up', '--nodes', '1', '--detach', ...net]);
    const bigger = await waggle(['testnet', 'up', '--nodes', '7', '--detach', ...net]);
    assert.equal(bigger.exit, 64);
    assert.match(bigger.err, /has 1 nodes, not 7\nNext: leave these options out to start it, or name a new folder/);
    assert.equal((await waggle(['testnet', 'up', '--shards', '9', '--detach', ...net])).exit, 64);
    await succeed(['testnet', 'up', '--nodes', '1', '--detach', ...net]);
    assert.match((await succeed(['testnet', 'pause', 'node1', ...net])).err, /node1 is paused/);
    assert.match((await succeed(['testnet', 'pause', 'node1', ...net])).err, /node1 was paused already/);
    assert.match((await succeed(['testnet', 'resume', 'node1', ...net])).err, /node1 is resumed/);
    const mistyped = await waggle(['testnet', 'kill', 'nod1', ...net]);
    assert.equal(mistyped.exit, 64);
    assert.match(mistyped.err, /Did you mean node1\?\)\nNext: npx waggle testnet kill node1 --dir /);
  });
});

test('what is gone with an ephemeral network is not said to be kept', async () => {
  await inFolder(async (folder) => {
    const up = begin(['testnet', 'up', '--nodes', '1', '--ephemeral', '--dir', join(folder, 'net')]);
    await until(
      'ready',
      60_000,
      async () => up.err(),
      (err) => /Next: npx waggle status/.test(err),
    );
    up.child.kill('SIGINT');
    const { exit, err } = await up.ended;
    assert.equal(exit, 130);
    assert.match(err, /the network was ephemeral and is gone/);
    assert.doesNotMatch(err, /kept/);
    assert.ok(!existsSync(join(folder, 'net')));
  });
});

test(
  'screens fit a terminal, colours can be turned off, and a write without a quorum says what it waits for',
  NO_TERMINAL,
  async () => {
    await inFolder(async (folder) => {
      const net = `--dir ${join(folder, 'net')}`;
      await succeed(['testnet', 'up', '--nodes', '2', '--detach', '--dir', join(folder, 'net')]);
      await succeed(['testnet', 'load', '--voters', '40', '--dir', join(folder, 'net')]);
      for (const command of [
        'status',
        'status --cluster',
        'ballot list load',
        'tally load',
        'chain chains',
        'model list',
      ]) {
        const { exit, screen } = await onTerminal(`${command} ${net}`);
        assert.equal(exit, 0, screen);
        const shown = stripVTControlCharacters(screen).trimEnd().split(/\r?\n/);
        assert.ok(shown.length <= 23, `${command}: ${shown.length} lines`);
        // The next command is never cut, however long.
        for (const line of shown) assert.ok(line.length <= 80 || line.startsWith('Next: '), `${command}: ${line}`);
      }
      assert.ok((await onTerminal(`tally load ${net}`)).screen.includes(BOLD));
      assert.ok(!(await onTerminal(`tally load ${net}`, { NO_COLOR: '1' })).screen.includes('\u001b['));
      const session = { session: 'late', proposals: [{ id: 'p', title: 'P' }], electorate: [{ voter: 'operator-1' }] };
      const rule = { method: 'score', threshold: null, close: 'opener' };
      await writeFile(join(folder, 'late.json'), JSON.stringify({ ...session, rule }));
      await succeed(['testnet', 'kill', 'node2', '--dir', join(folder, 'net')]);
      await pause(3_000);
      const late = onTerminal(`session open ${join(folder, 'late.json')} ${net}`);
      await pause(5_000);
      await succeed(['testnet', 'start', 'node2', '--dir', join(folder, 'net')]);
      const { exit, screen } = await late;
      assert.match(screen, /not final yet, \d+ s: no quorum: 1 of 2 validators/);
      assert.equal(exit, 0, screen);
      assert.match(screen, /session late is active/);
    });
  },
);
