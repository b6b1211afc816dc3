import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIN } from '../../network/processes.ts';
import { begin, inFolder, succeed, waggle } from './harness.ts';

const STUCK_MS = 60_000;

/** A port nobody holds at the moment, and one that is held until `close`. */
async function heldPort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => new Promise((done) => server.close(done)) };
}

async function freePort(): Promise<number> {
  const held = await heldPort();
  await held.close();
  return held.port;
}

async function home(folder: string, rpcPort: number): Promise<string> {
  const path = join(folder, 'home');
  const ports = ['--rpc-port', String(rpcPort), '--p2p-port', String(await freePort())];
  await succeed(['init', '--home', path, '--plain', ...ports]);
  return path;
}

/** One line that says what is wrong, one with what to do, and nothing of our insides. */
function checkMessage(err: string, what: RegExp): void {
  assert.match(err, what);
  assert.match(err, /^Next: .+$/m);
  assert.doesNotMatch(err, /\n\s+at /);
}

test('a daemon of one starts, is found by its home, refuses a second start, and ends by signal', async () => {
  await inFolder(async (folder) => {
    const path = await home(folder, await freePort());
    const daemon = begin(['start', '--home', path]);
    try {
      await succeed(['wait', '--ready', '--home', path, '--timeout', '30']);
      const status = JSON.parse((await succeed(['status', '--home', path, '-o', 'json'])).out);
      assert.equal(status.ready, true);
      const second = await waggle(['start', '--home', path]);
      assert.equal(second.exit, 75);
      checkMessage(second.err, new RegExp(`\\b${daemon.child.pid}\\b`));
    } finally {
      daemon.child.kill('SIGTERM');
    }
    assert.equal((await daemon.ended).exit, 143);
    const gone = await waggle(['status', '--home', path]);
    assert.equal(gone.exit, 69);
    checkMessage(gone.err, /no daemon answers/);
  });
});

test('a port in use is exit 75 and the port is named', async () => {
  await inFolder(async (folder) => {
    const held = await heldPort();
    try {
      const { exit, err } = await waggle(['start', '--home', await home(folder, held.port)]);
      assert.equal(exit, 75, err);
      checkMessage(err, new RegExp(`port ${held.port} is in use`));
    } finally {
      await held.close();
    }
  });
});

test('a home without genesis is exit 78, one that cannot be made 77', async () => {
  await inFolder(async (folder) => {
    await mkdir(join(folder, 'empty'));
    const { exit, err } = await waggle(['start', '--home', join(folder, 'empty')]);
    assert.equal(exit, 78);
    checkMessage(err, /genesis/);
    const unwritable = await waggle(['init', '--home', '/proc/waggle/home', '--plain']);
    assert.equal(unwritable.exit, 77);
    checkMessage(unwritable.err, /cannot write/);
  });
});

test('a start that is refused ends, whoever holds its stdin open', async () => {
  await inFolder(async (folder) => {
    const path = await home(folder, await freePort());
    await writeFile(join(path, 'genesis.json'), '{}');
    const args = [MAIN, 'start', '--home', path, '--until-stdin-ends'];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'ignore'] });
    // By itself it would wait for ever: the pipe stays open until it is gone.
    const stuck = setTimeout(() => child.kill('SIGKILL'), STUCK_MS);
    const [exit] = await once(child, 'exit');
    clearTimeout(stuck);
    assert.equal(exit, 78);
  });
});

test('taken ports of a testnet are named before anything is made', async () => {
  await inFolder(async (folder) => {
    const held = await heldPort();
    try {
      const args = ['testnet', 'up', '--dir', join(folder, 'net'), '--detach', '--base-port', String(held.port)];
      const { exit, err } = await waggle(args);
      assert.equal(exit, 75, err);
      checkMessage(err, new RegExp(`port ${held.port} is in use`));
      assert.equal((await waggle(['testnet', 'status', '--dir', join(folder, 'net')])).exit, 69);
    } finally {
      await held.close();
    }
  });
});
