import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryDirectory } from '../../test/temporary-directory.ts';
import { runCli } from '../run.ts';

async function run(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    env: { WAGGLE_HOME: '/nonexistent/home' },
    color: false,
    columns: 80,
  };
  return { exit: await runCli(args, io), out: out.join(''), err: err.join('') };
}

test('--help names every command, fits a screen and ends with what to type next', async () => {
  const { exit, out } = await run('--help');
  assert.equal(exit, 0);
  for (const name of [
    'init',
    'start',
    'status',
    'wait',
    'keys',
    'session',
    'proposal',
    'vote',
    'ballot',
    'tally',
    'explain',
    'testnet',
  ]) {
    assert.match(out, new RegExp(`^ {2}${name}\\b`, 'm'));
  }
  assert.match(out, /Next: npx waggle/);
  assert.ok(out.split('\n').length <= 39, out);
  for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
});

/** Runs --help and prints the URLs of all modules that were loaded for it. */
const LISTING = `
import { registerHooks } from 'node:module';
const seen = [];
registerHooks({ resolve(specifier, context, next) { const found = next(specifier, context); seen.push(found.url); return found; } });
const { runCli } = await import(process.argv[1]);
const io = { out() {}, err() {}, env: {}, color: false, columns: 80 };
await runCli(['--help'], io);
console.log(JSON.stringify(seen));
`;

test('--help loads commander and no network stack, store or crypto', () => {
  const room = new URL('../run.ts', import.meta.url).href;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', LISTING, room], { encoding: 'utf8' });
  const packages = (JSON.parse(stdout) as string[]).flatMap(
    (url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [],
  );
  assert.deepEqual([...new Set(packages)], ['commander']);
});

test('a mistyped command is a usage error that says what was meant', async () => {
  const { exit, out, err } = await run('sesion');
  assert.equal(exit, 64);
  assert.equal(out, '');
  assert.match(err, /^waggle: unknown command 'sesion' \(Did you mean session\?\)\nNext: /);
});

test('a mistyped option and a missing argument are usage errors', async () => {
  assert.equal((await run('tally', '1', '--spcae', 'x')).exit, 64);
  assert.equal((await run('tally')).exit, 64);
  assert.equal((await run('vote', 's', 'p', '11', '--as', 'm')).exit, 64);
  assert.equal((await run('vote', 's', 'p', '7')).exit, 64);
  assert.equal((await run('tally', 's', '-o', 'xml')).exit, 64);
  assert.equal((await run('testnet', 'up', '--nodes', '0')).exit, 64);
  assert.equal((await run('testnet', 'upp')).exit, 64);
});

test('without a command help is shown, as a usage error', async () => {
  assert.equal((await run()).exit, 64);
});

test('explain knows numbers and types, and JSON is the table’s entry', async () => {
  const byNumber = await run('explain', '4001', '-o', 'json');
  assert.equal(JSON.parse(byNumber.out).type, 'ballot.closed');
  assert.equal((await run('explain', 'ballot.closed')).exit, 0);
  assert.equal((await run('explain', '4999')).exit, 64);
});

test('files that are not there end with 66, files that are none with 65', async () => {
  assert.equal((await run('session', 'open', '/nonexistent.yaml')).exit, 66);
  assert.equal((await run('ballot', 'submit', import.meta.filename)).exit, 65);
  assert.equal((await run('testnet', 'replay', '/nonexistent')).exit, 66);
});

test('a home without a genesis is no configuration to start with', async () => {
  assert.equal((await run('start', '--home', '/nonexistent/home')).exit, 78);
  assert.equal((await run('status', '--home', '/nonexistent/home')).exit, 69);
});

test('init makes a home once; keys are made and listed without secrets', async () =>
  await inTemporaryDirectory(async (directory) => {
    const home = join(directory, 'home');
    assert.equal((await run('init', '--home', home, '--plain')).exit, 0);
    assert.ok(existsSync(join(home, 'genesis.json')));
    assert.equal((await run('init', '--home', home, '--plain')).exit, 78);
    const made = JSON.parse((await run('keys', 'new', 'gpt-5', '--home', home, '-o', 'json')).out);
    assert.equal(made.name, 'gpt-5');
    const { out } = await run('keys', 'list', '--home', home, '-o', 'json');
    const listed = JSON.parse(out) as { name: string; key: string }[];
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['node', 'validator', 'gpt-5'],
    );
    assert.equal(listed[2]?.key, made.key);
    assert.doesNotMatch(out, /seed/);
    assert.equal((await run('keys', 'new', 'gpt-5', '--home', home)).exit, 65);
  }));

test('nobody listening is exit 69 with what to do', async () =>
  await inTemporaryDirectory(async (directory) => {
    const home = join(directory, 'home');
    assert.equal((await run('init', '--home', home, '--rpc-port', '1', '--plain')).exit, 0);
    const { exit, err } = await run('tally', 's', '--home', home);
    assert.equal(exit, 69);
    assert.match(err, /Next: npx waggle start/);
  }));
