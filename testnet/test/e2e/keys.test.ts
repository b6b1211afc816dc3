import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { KeyLock } from '../../../node/storage/key-lock.ts';
import { saveModelKey, saveNewKey } from '../../../node/storage/keystore.ts';
import { keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { parseId } from '../../../protocol/ids.ts';
import { freePorts } from '../../network/ports.ts';
import { begin, inFolder, type Ran, waggle } from './harness.ts';

const PASSPHRASE = 'correct-horse-battery-staple';
const SEED = Uint8Array.from({ length: 32 }, (_, at) => 0xa0 + at);
const OTHER_SEED = SEED.toReversed();
const MAIN = resolve(import.meta.dirname, '..', '..', '..', 'node', 'main.ts');

/** Everything a command or the daemon wrote. */
class Home {
  readonly dir: string;
  readonly folder: string;
  readonly written: string[] = [];

  constructor(folder: string) {
    this.folder = folder;
    this.dir = join(folder, 'home');
  }

  async run(expected: number, ...args: string[]): Promise<Ran> {
    const ran = await waggle([...args, '--home', this.dir]);
    this.written.push(ran.out, ran.err);
    assert.equal(ran.exit, expected, `waggle ${args.join(' ')}: ${ran.err}`);
    return ran;
  }
}

/** The passphrase through a descriptor of a real child. */
async function runWithFd(args: readonly string[]): Promise<number | null> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const pipe = child.stdio[3];
  if (pipe !== null && pipe !== undefined && 'end' in pipe) pipe.end(PASSPHRASE);
  return await new Promise((done) => child.once('close', done));
}

async function filesOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

test('sealed keys: made, moved, rotated, revoked, and nothing secret is ever written', {
  timeout: 300_000,
}, async () => {
  await inFolder(async (folder) => {
    const home = new Home(folder);
    const file = join(folder, 'passphrase');
    await writeFile(file, `${PASSPHRASE}\n`, { mode: 0o600 });
    const [rpc = 0, p2p = 0] = await freePorts(2);
    const ports = ['--rpc-port', String(rpc), '--p2p-port', String(p2p)];
    await home.run(78, 'init', ...ports);
    await home.run(0, 'init', ...ports, '--passphrase-file', file);
    await saveNewKey(join(folder, 'plain.key'), { pair: keyPairFromSeed(SEED), subject: 'model/planted' });
    await home.run(0, 'keys', 'import', 'planted', join(folder, 'plain.key'), '--passphrase-file', file);
    await home.run(0, 'keys', 'new', 'second', '--passphrase-file', file);
    assert.equal(await runWithFd(['keys', 'new', 'third', '--home', home.dir, '--passphrase-fd', '3']), 0);
    await chmod(file, 0o644);
    await home.run(77, 'keys', 'new', 'fourth', '--passphrase-file', file);
    await chmod(file, 0o600);
    await home.run(78, 'start');
    await writeFile(join(folder, 'wrong'), 'something else', { mode: 0o600 });
    await home.run(77, 'start', '--passphrase-file', join(folder, 'wrong'));

    // Under another passphrase than the node starts with.
    const lock = new KeyLock(new TextEncoder().encode('something else'));
    await saveModelKey(join(home.dir, 'keys', 'models'), parseId('locked'), keyPairFromSeed(OTHER_SEED), lock);
    const log = { WAGGLE_LOG_LEVEL: 'trace' };
    const daemon = begin(['start', '--home', home.dir, '--passphrase-file', file], log);
    await home.run(0, 'wait', '--ready');
    const keys = JSON.parse((await home.run(0, 'keys', 'list', '-o', 'json')).out) as {
      name: string;
      key: string;
      encrypted: boolean;
    }[];
    assert.deepEqual(
      keys.map(({ name, encrypted }) => [name, encrypted]),
      [
        ['node', true],
        ['validator', true],
        ['locked', true],
        ['planted', true],
        ['second', true],
        ['third', true],
      ],
    );
    const keyOf = (name: string) => keys.find((one) => one.name === name)?.key ?? '';
    await home.run(0, 'model', 'register', 'planted', '--key', keyOf('planted'));
    await home.run(0, 'model', 'register', 'second', '--key', keyOf('second'));
    await home.run(0, 'model', 'register', 'locked', '--key', keyOf('locked'));
    for (const session of ['one', 'two', 'three']) await openSession(home, session);
    await home.run(0, 'vote', 'one', 'p', '7', '--as', 'planted');
    const locked = await home.run(65, 'vote', 'one', 'p', '7', '--as', 'locked');
    assert.match(locked.err, /the key file of locked cannot be used \(WAGGLE_KEY_PASSPHRASE\)/);
    assert.match(locked.err, /Next: npx waggle explain WAGGLE_KEY_PASSPHRASE/);

    await home.run(0, 'keys', 'rotate', 'planted', '--passphrase-file', file);
    const rotated = JSON.parse((await home.run(0, 'model', 'show', 'planted', '-o', 'json')).out) as { key: string };
    assert.notEqual(rotated.key, keyOf('planted'));
    await home.run(0, 'vote', 'two', 'p', '8', '--as', 'planted');
    await home.run(0, 'keys', 'export', 'planted', join(folder, 'moved.key'), '--passphrase-file', file);
    await home.run(64, 'keys', 'revoke', 'planted');
    await home.run(0, 'keys', 'revoke', 'planted', '--yes');
    await home.run(65, 'vote', 'three', 'p', '9', '--as', 'planted');
    await home.run(0, 'vote', 'three', 'p', '9', '--as', 'second');

    daemon.child.kill('SIGTERM');
    const ended = await daemon.ended;
    home.written.push(ended.out, ended.err);
    assert.match(ended.err, /"event":"key.unusable","model":"locked","code":"WAGGLE_KEY_PASSPHRASE"/);
    await findNothing(home, file);
  });
});

async function openSession(home: Home, session: string): Promise<void> {
  const path = join(home.folder, `${session}.json`);
  const electorate = ['planted', 'second', 'locked'].map((voter) => ({ voter, role: 'model', weight: 1 }));
  const rule = { method: 'score', threshold: null, close: 'opener' };
  await writeFile(path, JSON.stringify({ session, proposals: [{ id: 'p', title: 'P' }], rule, electorate }));
  await home.run(0, 'session', 'open', path);
}

/** Seed and passphrase in every form they could have, in every file of the home and every line that was written. */
async function findNothing(home: Home, passphraseFile: string): Promise<void> {
  const seed = Buffer.from(SEED);
  const forms = [seed, ...(['hex', 'base64', 'base64url'] as const).map((form) => Buffer.from(seed.toString(form)))];
  const token = (await readFile(join(home.dir, 'tokens', 'operator.token'))).subarray(0, 64);
  const secrets = [...forms, Buffer.from(PASSPHRASE), Buffer.from(Buffer.from(PASSPHRASE).toString('base64'))];
  const texts = home.written.map((text) => Buffer.from(text));
  assert.ok(
    texts.some((text) => text.includes('node.started')),
    'the log is among what is searched',
  );
  for (const text of texts) for (const secret of [...secrets, token]) assert.ok(!text.includes(secret));
  for (const path of await filesOf(home.dir)) {
    const content = await readFile(path);
    for (const secret of secrets) assert.ok(!content.includes(secret), `${path} holds a secret`);
    if (!path.endsWith('.token')) assert.ok(!content.includes(token), `${path} holds a token`);
  }
  assert.ok((await readFile(passphraseFile)).includes(PASSPHRASE), 'the search finds what is there');
}
