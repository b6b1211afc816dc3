import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import { peerIdOf } from '../network/identity.ts';
import { createNetwork } from '../network/network.ts';
import { eventually, within } from './harness/deadline.ts';
import {
  at,
  bytesOf,
  connected,
  DEADLINE_MS,
  makeNodes,
  rawPeer,
  seedOf,
  TestNode,
  textOf,
  withNodes,
} from './harness/networks.ts';

describe('network', () => {
  it('carries the frames of four validators in order', async () => {
    const nodes = await makeNodes(4);
    await withNodes(nodes, async () => {
      for (let turn = 0; turn < 50; turn += 1) {
        for (let index = 0; index < 10; index += 1) {
          for (const node of nodes) node.network.broadcastFrame(bytesOf(`${node.name}/${turn * 10 + index}`));
        }
        await new Promise(setImmediate);
      }
      await eventually(() => nodes.every(({ frames }) => frames.length === 3 * 500), DEADLINE_MS, 'all frames');
      for (const node of nodes) {
        for (const other of nodes.filter(({ name }) => name !== node.name)) {
          const texts = node.frames.filter(({ from }) => from === other.name).map(({ bytes }) => textOf(bytes));
          assert.deepEqual(
            texts,
            Array.from({ length: 500 }, (_, index) => `${other.name}/${index}`),
          );
        }
        assert(node.counter('frame.writes') <= 3 * 50, 'frames of one turn share a write');
      }
    });
  });

  it('connects each pair once, and describes its peers', async () => {
    // On a busy machine the handshakes take longer than the second side waits: here it waits for ever.
    const nodes = (await makeNodes(7)).map(
      ({ name, options }) => new TestNode(name, { ...options, secondDialMs: 2 * DEADLINE_MS }),
    );
    await withNodes(nodes, async () => {
      for (const node of nodes) assert.equal(node.counter('connection.opened'), 6);
      const peers = at(nodes, 0).network.peers();
      assert.deepEqual(
        peers.map(({ name }) => name),
        ['v1', 'v2', 'v3', 'v4', 'v5', 'v6'],
      );
      for (const { address, connected: isConnected, direction, validator, peer } of peers) {
        assert(isConnected && validator);
        assert.equal(direction, peerIdOf(seedOf(0)) < peer ? 'outbound' : 'inbound');
        assert(address.endsWith(`/p2p/${peer}`));
      }
      await eventually(
        () =>
          at(nodes, 0)
            .network.peers()
            .every((peer) => peer.latencyMs !== undefined),
        DEADLINE_MS,
        'pings',
      );
    });
  });

  it('refuses new frames when a queue is full, and keeps the older ones in order', async () => {
    const nodes = await makeNodes(2);
    await withNodes(nodes, async () => {
      const [sender, receiver] = [at(nodes, 0), at(nodes, 1)];
      const payload = new Uint8Array(100 * 1024);
      let taken = 0;
      for (let index = 0; index < 200; index += 1) {
        new DataView(payload.buffer).setUint32(0, index);
        if (sender.network.sendFrame('v1', payload.slice())) taken += 1;
      }
      assert(taken > 0 && taken < 200);
      assert.equal(sender.counter('frame.queue_full'), 200 - taken);
      await eventually(() => receiver.frames.length === taken, DEADLINE_MS, 'the frames taken');
      const indexes = receiver.frames.map(({ bytes }) => new DataView(bytes.buffer).getUint32(0));
      assert.deepEqual(
        indexes,
        Array.from({ length: taken }, (_, index) => index),
      );
      assert(sender.network.sendFrame('v1', payload), 'an emptied queue takes frames again');
    });
  });

  it('refuses frames for nobody, for strangers, empty and oversize', async () => {
    const nodes = await makeNodes(2, 1);
    await withNodes(nodes, async () => {
      const node = at(nodes, 0);
      assert.equal(node.network.sendFrame('nobody', bytesOf('x')), false);
      assert.equal(node.network.sendFrame('v2', bytesOf('x')), false);
      assert.equal(node.network.sendFrame('v1', new Uint8Array(0)), false);
      assert.equal(node.network.sendFrame('v1', new Uint8Array(256 * 1024 + 1)), false);
      assert.equal(node.counter('frame.unknown_peer'), 1);
      assert.equal(node.counter('frame.not_connected'), 1);
      assert.equal(node.counter('frame.bad_size_local'), 2);
    });
  });

  it('connects again when a peer restarts on its address', async () => {
    const nodes = await makeNodes(3);
    await withNodes(nodes, async () => {
      for (const restarted of [at(nodes, 0), at(nodes, 2)]) {
        const others = nodes.filter((node) => node !== restarted);
        await restarted.network.stop();
        await eventually(() => others.every((node) => !node.isConnectedTo(restarted.name)), DEADLINE_MS, 'peer lost');
        for (const node of others) assert.equal(node.network.sendFrame(restarted.name, bytesOf('lost')), false);
        await restarted.restart();
        await within(DEADLINE_MS, connected(nodes), 'connected again');
        restarted.frames.length = 0;
        for (const node of others) assert(node.network.sendFrame(restarted.name, bytesOf('hello again')));
        await eventually(() => restarted.frames.length === 2, DEADLINE_MS, 'frames after the restart');
        assert.deepEqual(
          restarted.frames.map(({ bytes }) => textOf(bytes)),
          ['hello again', 'hello again'],
        );
      }
      assert.deepEqual(at(nodes, 1).events.slice(-4), ['-v0', '+v0', '-v2', '+v2']);
    });
  });

  it('refuses a peer that is not in the roster', async () => {
    const nodes = await makeNodes(2);
    await withNodes(nodes, async () => {
      const openedBefore = at(nodes, 0).counter('connection.opened');
      const stranger = await rawPeer(99);
      try {
        // The dialler may believe in the connection until the refusal reaches it.
        const connection = await stranger.connect(at(nodes, 0)).catch(() => undefined);
        await eventually(() => connection === undefined || connection.status !== 'open', DEADLINE_MS, 'the refusal');
        await eventually(() => at(nodes, 0).counter('connection.refused_peer') > 0, DEADLINE_MS, 'refusal counted');
        assert.equal(at(nodes, 0).counter('connection.opened'), openedBefore);
      } finally {
        await stranger.stop();
      }
    });
  });

  it('starts with nobody there, and leaves no handle open', async () => {
    const script = `
      const { createNetwork } = await import(${JSON.stringify(new URL('../network/network.ts', import.meta.url).href)});
      const { peerIdOf } = await import(${JSON.stringify(new URL('../network/identity.ts', import.meta.url).href)});
      const seeds = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
      const peers = seeds.map((seed, i) => ({ name: 'v' + i, peer: peerIdOf(seed), addrs: ['/ip4/127.0.0.1/tcp/1'], validator: true }));
      const networks = seeds.slice(0, 2).map((identitySeed, i) => createNetwork({ chain: 'ab'.repeat(32), identitySeed,
        listen: ['/ip4/127.0.0.1/tcp/0'], peers, shards: 1,
        limits: { frameBytesMax: 1024, gossipBytesMax: 1024, syncRequestBytesMax: 1024 } }));
      const handlers = { onSegment: () => 'accept', onFrame() {}, onPeer() {}, async *serveSync() {} };
      for (const network of networks) await network.start(handlers);
      if (networks[0].addresses().length !== 1) process.exitCode = 1;
      for (const network of networks) await network.stop();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' });
    const exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    try {
      assert.equal(await within(20_000, exited, 'the process exits by itself'), 0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('refuses options that no network can have', () => {
    const options = {
      chain: 'ab'.repeat(32),
      identitySeed: new Uint8Array(32),
      listen: [],
      peers: [],
      shards: 1,
      limits: { frameBytesMax: 1024, gossipBytesMax: 1024, syncRequestBytesMax: 1024 },
    };
    const code = (change: object): string | undefined => {
      try {
        createNetwork({ ...options, ...change });
        return undefined;
      } catch (error) {
        return codeOf(error);
      }
    };
    const rsa = 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N';
    assert.equal(code({ chain: 'AB' }), 'WAGGLE_NETWORK_CHAIN');
    assert.equal(code({ identitySeed: new Uint8Array(31) }), 'WAGGLE_NETWORK_SEED_LENGTH');
    for (const peer of ['', 'x', rsa]) {
      assert.equal(code({ peers: [{ name: 'a', peer, addrs: [], validator: true }] }), 'WAGGLE_NETWORK_PEER_ID');
    }
    assert.match(peerIdOf(new Uint8Array(32)), /^12D3KooW/);
  });
});
