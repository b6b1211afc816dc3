import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '../../network/ports.ts';
import { begin, inFolder, type Ran, type Running, waggle } from './harness.ts';

/** Times to ask whether a change has come, each of them a process. */
const TRIES_MAX = 40;

/** A network of one, which is its own admin, with sealed keys. */
class Home {
  readonly folder: string;
  readonly dir: string;
  readonly passphrase: readonly string[];

  constructor(folder: string) {
    this.folder = folder;
    this.dir = join(folder, 'home');
    this.passphrase = ['--passphrase-file', join(folder, 'passphrase')];
  }

  async run(expected: number, ...args: string[]): Promise<Ran> {
    const ran = await waggle([...args, '--home', this.dir]);
    assert.equal(ran.exit, expected, `waggle ${args.join(' ')}: ${ran.err}`);
    return ran;
  }

  async next(expected: number, ...args: string[]): Promise<Ran> {
    return await this.run(expected, 'keys', 'next', ...args, ...this.passphrase);
  }

  async nextKey(): Promise<string> {
    return JSON.parse((await this.next(0, '-o', 'json')).out).key;
  }

  async start(): Promise<Running> {
    const daemon = begin(['start', '--home', this.dir, ...this.passphrase]);
    await this.run(0, 'wait', '--ready');
    return daemon;
  }

  async seatKeys(): Promise<string[]> {
    return (await readdir(join(this.dir, 'keys'))).filter((name) => name.startsWith('validator')).sort();
  }

  read(name: string): Promise<string> {
    return readFile(join(this.dir, 'keys', name), 'utf8');
  }
}

async function stop({ child, ended }: Running): Promise<void> {
  child.kill('SIGTERM');
  assert.equal((await ended).exit, 143);
}

async function openSession(home: Home): Promise<void> {
  const file = join(home.folder, 'lunch.json');
  const rule = { method: 'score', threshold: null, close: 'opener' };
  const electorate = [{ voter: 'm', role: 'model', weight: 1 }];
  await writeFile(
    file,
    JSON.stringify({ session: 'lunch', proposals: [{ id: 'soup', title: 'Soup' }], rule, electorate }),
  );
  await home.run(0, 'model', 'register', 'm');
  await home.run(0, 'session', 'open', file);
}

async function proposeAndSubmit(home: Home, key: string): Promise<void> {
  const file = join(home.folder, 'rotate.json');
  await home.run(0, 'admin', 'propose', '--rotate', `node1=${key}`, '--out', file, ...home.passphrase);
  await home.run(0, 'admin', 'submit', file);
}

test('a validator makes its next key, gets the seat with it, and promotes it', { timeout: 240_000 }, async () => {
  await inFolder(async (folder) => {
    const home = new Home(folder);
    await writeFile(join(folder, 'passphrase'), 'open sesame\n', { mode: 0o600 });
    assert.match((await home.next(78)).err, /validator\.key/);
    const [rpc = 0, p2p = 0] = await freePorts(2);
    const ports = ['--rpc-port', String(rpc), '--p2p-port', String(p2p)];
    await home.run(0, 'init', '--name', 'node1', ...ports, ...home.passphrase);
    assert.match((await home.next(64, '--promote')).err, /there is no next key of node1 here\nNext: .*keys next/);
    const first = await home.next(0);
    const key = await home.nextKey();
    assert.ok(first.err.includes(`waggle admin propose --rotate node1=${key} --home`), first.err);
    const [old, next] = [await home.read('validator.key'), await home.read('validator.key.next')];
    assert.equal(JSON.parse(next).kdf.salt.length, JSON.parse(old).kdf.salt.length, 'sealed like the others');
    assert.match((await home.next(64, '--promote')).err, /has no seat yet/, 'a home that never ran');

    const daemon = await home.start();
    await home.next(75, '--promote');
    await stop(daemon);
    assert.match((await home.next(64, '--promote')).err, /has no seat yet/, 'in the epoch of genesis');
    const again = await home.start();
    await openSession(home);
    await proposeAndSubmit(home, key);
    const isSeated = async (): Promise<boolean> => {
      const { epoch, validators } = JSON.parse((await home.run(0, 'admin', 'show', '-o', 'json')).out);
      return epoch === 1 && validators[0].key === key;
    };
    let isThere = false;
    for (let tries = 0; tries < TRIES_MAX && !isThere; tries++) isThere = await isSeated();
    assert.ok(isThere, 'the change comes');
    await stop(again);

    await writeFile(join(home.dir, 'keys', 'validator.key.old'), next, { mode: 0o600 });
    assert.match((await home.next(64, '--promote')).err, /validator\.key\.old is another key/);
    // As if a run before had been broken off between its two steps.
    await writeFile(join(home.dir, 'keys', 'validator.key.old'), old);
    await home.next(0, '--promote');
    assert.deepEqual(await home.seatKeys(), ['validator.key', 'validator.key.old']);
    assert.equal(await home.read('validator.key'), next);
    assert.equal(await home.read('validator.key.old'), old);
    await home.next(64, '--promote');

    const last = await home.start();
    // Without a key of its own: the seat of its operator vouches for what it votes.
    await home.run(0, 'vote', 'lunch', 'soup', '7', '--as', 'm');
    assert.notEqual(await home.nextKey(), key);
    await stop(last);
  });
});
