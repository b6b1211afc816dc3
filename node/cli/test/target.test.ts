import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { type Genesis, genesisToJson } from '../../../protocol/genesis.ts';
import { parseId } from '../../../protocol/ids.ts';
import { GENESIS } from '../../test/harness/fake-node-api.ts';
import { startRig } from '../../test/harness/rpc-client.ts';
import { inTemporaryDirectory } from '../../test/temporary-directory.ts';
import { runIn } from './daemon.ts';

const OTHER: Genesis = { ...GENESIS, network: parseId('another') };
/** Of a process that ran and is over. */
const deadPid = (): number => spawnSync(process.execPath, ['--version']).pid;

async function homeOf(directory: string, genesis: Genesis, rpc: { url: string; pid: number }): Promise<string> {
  const home = join(directory, genesis.network);
  await mkdir(home, { recursive: true, mode: 0o700 });
  await writeFile(join(home, 'genesis.json'), JSON.stringify(genesisToJson(genesis)));
  await writeFile(join(home, 'rpc.json'), JSON.stringify(rpc));
  return home;
}

test('a daemon of another network at the address a killed one left is not taken for it', async (t) => {
  const { url } = await startRig(t);
  await inTemporaryDirectory(async (directory) => {
    const other = await homeOf(directory, OTHER, { url, pid: deadPid() });
    for (const command of [['status'], ['session', 'list'], ['keys', 'revoke', 'v0', '--yes']]) {
      const { exit, err } = await runIn({}, [...command, '--home', other]);
      assert.equal(exit, 69, err);
      assert.match(err, /does not run: at http:.* is one of another network\nNext: npx waggle start --home /);
    }
    // The same network on the same port, and a process that runs: they are what they were.
    const own = await homeOf(directory, GENESIS, { url, pid: deadPid() });
    assert.equal((await runIn({}, ['status', '--home', own])).exit, 0);
    await homeOf(directory, OTHER, { url, pid: process.pid });
    assert.equal((await runIn({}, ['status', '--home', other])).exit, 0);
    await writeFile(join(own, 'genesis.json'), '{');
    assert.equal((await runIn({}, ['status', '--home', own])).exit, 78);
  });
});

test('where no daemon answers, what starts that one is what to type next', async () =>
  await inTemporaryDirectory(async (directory) => {
    const rpc = { url: 'http://127.0.0.1:1', pid: deadPid() };
    const home = await homeOf(directory, GENESIS, rpc);
    for (const command of [['status'], ['vote', 's', 'p', '7', '--as', 'm']]) {
      const { exit, err } = await runIn({}, [...command, '--home', home]);
      assert.equal(exit, 69, err);
      assert.match(err, /no daemon answers at http:.*\nNext: npx waggle start --home \S+test-net\n/);
    }
    const node = (name: string, pid: number | null) => {
      const texts = { home, p2p: 'p', metrics: 'm', token: 't' };
      return { name, pid, rpc: rpc.url, ...texts };
    };
    for (const [pid, next] of [
      [null, /Next: npx waggle testnet up --detach --dir /],
      [process.pid, /Next: npx waggle testnet start node1 --dir /],
    ] as const) {
      const file = { chain: 'c', genesis: 'g', nodes: [node('node1', null), node('node2', pid)] };
      await writeFile(join(directory, 'testnet.json'), JSON.stringify(file));
      const { err } = await runIn({}, ['status', '--dir', directory, '--node', 'node1']);
      assert.match(err, next);
    }
  }));

test('a token that is not known is looked for in the home that was named, and named once', async (t) => {
  const { url } = await startRig(t);
  await inTemporaryDirectory(async (directory) => {
    const home = await homeOf(directory, GENESIS, { url, pid: process.pid });
    const { exit, err } = await runIn({}, ['keys', 'revoke', 'v0', '--yes', '--home', home]);
    assert.equal(exit, 77);
    assert.match(err, /Next: npx waggle status --home \S+test-net /);
    assert.doesNotMatch(err, /DIR/);
  });
});

test('a daemon that stands still is given up, and the others are what to look at', { timeout: 60_000 }, async (t) => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  t.after(() => silent.close().closeAllConnections());
  await once(silent, 'listening');
  await inTemporaryDirectory(async (directory) => {
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const home = await homeOf(directory, GENESIS, { url, pid: process.pid });
    t.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort());
    const { exit, err } = await runIn({}, ['status', '--home', home]);
    assert.equal(exit, 75);
    assert.match(err, /did not answer within 10000 ms\nNext: npx waggle status --cluster --home /);
  });
});

test('a daemon that goes away under a write is not said to have taken nothing', async (t) => {
  const dying = createServer((request) => request.socket.destroy()).listen(0, '127.0.0.1');
  t.after(() => dying.close());
  await once(dying, 'listening');
  await inTemporaryDirectory(async (directory) => {
    const url = `http://127.0.0.1:${(dying.address() as AddressInfo).port}`;
    const home = await homeOf(directory, GENESIS, { url, pid: process.pid });
    const write = await runIn({}, ['model', 'register', 'm9', '--home', home]);
    assert.equal(write.exit, 75, write.err);
    assert.match(write.err, /the node does not answer; it may have been taken\nNext: npx waggle status --cluster/);
    const read = await runIn({}, ['session', 'list', '--home', home]);
    assert.equal(read.exit, 69, read.err);
  });
});
