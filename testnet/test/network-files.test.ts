import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { parseTestnetFile, readTestnetFile } from '../../node/cli/testnet-file.ts';
import { loadConfig } from '../../node/config/config.ts';
import { inTemporaryDirectory } from '../../node/test/temporary-directory.ts';
import { codeOf } from '../../protocol/errors.ts';
import { parseGenesis } from '../../protocol/genesis.ts';
import { createTestnet } from '../network/create.ts';
import { readGenesisFile } from '../network/genesis-file.ts';
import { freePorts } from '../network/ports.ts';
import { isOurs, processState, signalDaemon } from '../network/processes.ts';
import { nodeNamed, requireTestnet, updateNode } from '../network/state.ts';
import type { Link } from '../relay/relay.ts';
import { readRelayFile } from '../relay/relay-file.ts';

test('a new network: one home a node, all with one genesis that names every validator as opener and admin', async () => {
  await inTemporaryDirectory(async (directory) => {
    const file = await createTestnet(directory, { nodes: 3, shards: 2 });
    assert.deepEqual(await readTestnetFile(directory), file);
    assert.deepEqual(
      file.nodes.map(({ name, pid }) => [name, pid]),
      [
        ['node1', null],
        ['node2', null],
        ['node3', null],
      ],
    );
    const { genesis, openers } = await readGenesisFile(file.genesis);
    assert.equal(genesis.validators.length, 3);
    assert.equal(openers.length, 3);
    assert.equal(genesis.spaces[0]?.openers.length, 3);
    assert.equal(genesis.admins.threshold, 1);
    assert.deepEqual(genesis.params, { shards: 2, viewTimerMs: 100, blockIntervalMs: 25 });
    for (const { home } of file.nodes) {
      const own = await readGenesisFile(join(home, 'genesis.json'));
      assert.deepEqual(own.genesis, genesis);
      assert.deepEqual((await readdir(join(home, 'keys'))).sort(), ['models', 'node.key', 'validator.key']);
    }
    assert.equal(new Set(file.nodes.flatMap(({ rpc, p2p }) => [new URL(rpc).port, p2p.split('/')[4]])).size, 6);
    assert.throws(
      () => parseGenesis({}),
      (error) => codeOf(error) === 'WAGGLE_GENESIS_FORM',
    );
  });
});

test('changes of one node by many commands at once are all kept', async () => {
  await inTemporaryDirectory(async (directory) => {
    await createTestnet(directory, { nodes: 4, shards: 1 });
    await Promise.all(['node1', 'node2', 'node3'].map((name, at) => updateNode(directory, name, { pid: 1_000 + at })));
    const { nodes } = await requireTestnet(directory);
    assert.deepEqual(
      nodes.map(({ pid }) => pid),
      [1_000, 1_001, 1_002, null],
    );
    assert.deepEqual(
      (await readdir(directory)).filter((name) => name.startsWith('.')),
      [],
    );
  });
});

test('a folder without a network and a name without a node are said so', async () => {
  await inTemporaryDirectory(async (directory) => {
    await assert.rejects(requireTestnet(directory), (error) => codeOf(error) === 'WAGGLE_CLI_UNAVAILABLE');
    const file = await createTestnet(directory, { nodes: 1, shards: 1 });
    assert.throws(
      () => nodeNamed(file, 'node9'),
      (error) => codeOf(error) === 'WAGGLE_CLI_USAGE',
    );
  });
});

test('ports are free, distinct, and a taken one of a wanted row is refused', async () => {
  const ports = await freePorts(8);
  assert.equal(new Set(ports).size, 8);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    await assert.rejects(freePorts(1, port), (error) => codeOf(error) === 'WAGGLE_CLI_BUSY');
  } finally {
    server.close();
  }
});

test('a process that is not the daemon of a home is never signalled, whatever the file says', () => {
  for (const pid of [process.pid, 1, 0, -1, null]) {
    assert.equal(isOurs(pid, '/some/home'), false);
    assert.equal(processState(pid, '/some/home'), 'down');
    assert.equal(signalDaemon(pid, '/some/home', 'SIGKILL'), false);
  }
  assert.throws(
    () => parseTestnetFile('p', '{}'),
    (error) => codeOf(error) === 'WAGGLE_CLI_INPUT',
  );
});

test('a network with --faults: every node dials every other through a port of its own, which the relay hands on', async () => {
  await inTemporaryDirectory(async (directory) => {
    const { nodes, genesis } = await createTestnet(directory, { nodes: 3, shards: 1, faults: true });
    const relay = await readRelayFile(directory);
    assert.ok(relay !== undefined);
    const links: readonly Link[] = relay.links;
    assert.equal(links.length, 6);
    assert.equal(new Set([relay.control.port, ...links.map(({ port }) => port)]).size, 7);
    for (const { name, home, p2p } of nodes) {
      const { dial } = (await loadConfig(join(home, 'config.yaml'), {}, {})).p2p;
      const own = links.filter(({ from }) => from === name);
      assert.deepEqual(new Map(own.map(({ to, port }) => [to, `/ip4/127.0.0.1/tcp/${port}`])), dial);
      for (const { target } of links.filter(({ to }) => to === name)) {
        assert.ok(p2p.startsWith(`/ip4/127.0.0.1/tcp/${target}/`));
      }
    }
    // Others learn the real addresses, so that a node made by hand can join past the relay.
    const { validators } = (await readGenesisFile(genesis)).genesis;
    assert.ok(validators.every(({ addrs }, at) => nodes[at]?.p2p.startsWith(`${addrs[0]}/`)));
    await assert.rejects(createTestnet(directory, { nodes: 17, shards: 1, faults: true }), (error) => {
      return codeOf(error) === 'WAGGLE_CLI_USAGE';
    });
  });
});

test('a change that fails does not keep the next one of this process from being made', async () => {
  await inTemporaryDirectory(async (directory) => {
    const early = updateNode(directory, 'node1', { pid: 1 });
    await assert.rejects(early, (error) => codeOf(error) === 'WAGGLE_CLI_UNAVAILABLE');
    await createTestnet(directory, { nodes: 1, shards: 1 });
    const change = (pid: number): Promise<void> => updateNode(directory, 'node1', { pid });
    await Promise.all(Array.from({ length: 20 }, (_, at) => change(1_000 + at)));
    assert.equal((await readTestnetFile(directory))?.nodes[0]?.pid, 1_019);
  });
});
