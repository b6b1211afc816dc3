import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { peerIdOf } from '../network/identity.ts';
import type { PeerDescription } from '../network/peers.ts';
import { eventually } from './harness/deadline.ts';
import { at, bytesOf, CHAIN, DEADLINE_MS, freePort, LIMITS, seedOf, TestNode, textOf } from './harness/networks.ts';

/** Nodes that all know the first `known` of them as validators of two shards. */
async function makeGrowing(count: number, known: number): Promise<{ nodes: TestNode[]; seats: PeerDescription[] }> {
  const seats: PeerDescription[] = [];
  for (let index = 0; index < count; index += 1) {
    const addrs = [`/ip4/127.0.0.1/tcp/${await freePort()}`];
    seats.push({ name: `v${index}`, peer: peerIdOf(seedOf(index)), addrs, validator: true });
  }
  const nodes = seats.map(({ name, addrs }, index) => {
    const options = {
      chain: CHAIN,
      identitySeed: seedOf(index),
      listen: addrs,
      peers: seats.slice(0, known),
      dialsAll: index >= known,
      shards: 2,
      validatorsMax: count,
      observersMax: 2,
      limits: LIMITS,
    };
    return new TestNode(name, options);
  });
  return { nodes, seats };
}

async function running(nodes: readonly TestNode[], test: () => Promise<void>): Promise<void> {
  try {
    await Promise.all(nodes.map((node) => node.start()));
    await test();
  } finally {
    await Promise.all(nodes.map((node) => node.network.stop()));
  }
}

async function meshed(nodes: readonly TestNode[]): Promise<void> {
  const isMeshed = (node: TestNode): boolean =>
    nodes.every((other) => other === node || node.isConnectedTo(other.name));
  await eventually(() => nodes.every(isMeshed), DEADLINE_MS, 'all connected');
}

function rolesAt(node: TestNode): Record<string, boolean> {
  return Object.fromEntries(node.network.peers().map(({ name, validator }) => [name, validator]));
}

/** Whether what `from` publishes of a shard comes by gossip alone to exactly these. */
async function assertHeard(from: TestNode, shard: number, to: readonly TestNode[], text: string): Promise<void> {
  const isHeard = (node: TestNode): boolean =>
    node.segments.some((segment) => segment.shard === shard && textOf(segment.bytes) === text);
  from.network.publishSegment(shard, bytesOf(text));
  await eventually(() => to.every(isHeard), DEADLINE_MS, text);
}

describe('a roster that changes', () => {
  it('lets a fifth validator in, who was an observer at some and unknown to others, on the links there are', async () => {
    const { nodes, seats } = await makeGrowing(5, 4);
    const [four, fifth] = [nodes.slice(0, 4), at(nodes, 4)];
    const observer = { name: 'v4', peer: peerIdOf(seedOf(4)) };
    await running(nodes, async () => {
      await meshed(four);
      for (const node of four.slice(0, 2)) node.network.setObservers([observer]);
      await eventually(
        () => four.slice(0, 2).every((node) => node.isConnectedTo('v4') && fifth.isConnectedTo(node.name)),
        DEADLINE_MS,
        'the observer is connected',
      );
      assert.deepEqual(rolesAt(at(nodes, 0)), { v1: true, v2: true, v3: true, v4: false });
      const opened = four.slice(0, 2).map((node) => node.counter('connection.opened'));
      for (const node of four) {
        node.network.setRoster(seats, 2, false);
        node.network.setObservers([]);
      }
      fifth.network.setRoster(seats, 2, false);
      await meshed(nodes);
      assert.deepEqual(rolesAt(at(nodes, 0)), { v1: true, v2: true, v3: true, v4: true });
      for (const [index, node] of four.slice(0, 2).entries()) {
        assert.equal(node.counter('connection.closed'), 0, 'no link was cut');
        assert.equal(node.counter('connection.opened'), opened[index], 'nor made twice');
        assert(!node.events.includes('-v4'));
      }
      fifth.network.broadcastFrame(bytesOf('hello'));
      at(nodes, 3).network.broadcastFrame(bytesOf('welcome'));
      const hasFrame = (node: TestNode, text: string): boolean =>
        node.frames.some(({ bytes }) => textOf(bytes) === text);
      await eventually(() => four.every((node) => hasFrame(node, 'hello')), DEADLINE_MS, 'frames of the fifth');
      await eventually(() => hasFrame(fifth, 'welcome'), DEADLINE_MS, 'frames to the fifth');
    });
  });

  it('keeps one that leaves as an observer, on the same connection', async () => {
    const { nodes, seats } = await makeGrowing(5, 5);
    const [four, gone] = [nodes.slice(0, 4), at(nodes, 4)];
    await running(nodes, async () => {
      await meshed(nodes);
      for (const node of four) {
        node.network.setRoster(seats.slice(0, 4), 2, false);
        node.network.setObservers([{ name: 'v4', peer: peerIdOf(seedOf(4)) }]);
      }
      gone.network.setRoster(seats.slice(0, 4), 2, true);
      assert.deepEqual(rolesAt(at(nodes, 0)), { v1: true, v2: true, v3: true, v4: false });
      const first = at(nodes, 0).network;
      first.broadcastFrame(bytesOf('for validators'));
      assert.equal(first.hasObservers(), true);
      first.sendToObservers(bytesOf('for observers'));
      await eventually(() => gone.frames.length > 0, DEADLINE_MS, 'the frame to observers');
      assert.deepEqual(
        gone.frames.map(({ bytes }) => textOf(bytes)),
        ['for observers'],
      );
      for (const node of nodes) assert.equal(node.counter('connection.closed'), 0, node.name);
      for (const node of four) node.network.setObservers([]);
      await eventually(() => four.every((node) => !gone.isConnectedTo(node.name)), DEADLINE_MS, 'sent away');
      assert.deepEqual(rolesAt(at(nodes, 0)), { v1: true, v2: true, v3: true });
    });
  });

  it('drops at once whom a node without a seat does not find in it', async () => {
    const { nodes, seats } = await makeGrowing(3, 3);
    await running(nodes, async () => {
      await meshed(nodes);
      at(nodes, 2).network.setRoster(seats.slice(0, 1), 2, true);
      assert.deepEqual(rolesAt(at(nodes, 2)), { v0: true });
      await eventually(() => at(nodes, 2).events.includes('-v1'), DEADLINE_MS, 'the link to v1 ends');
      assert(at(nodes, 2).isConnectedTo('v0'));
      assert.equal(at(nodes, 2).network.sendFrame('v1', bytesOf('x')), false);
    });
  });

  it('leaves out what names no peer, and addresses that cannot be dialled', async () => {
    const { nodes, seats } = await makeGrowing(2, 1);
    const [first, second] = [at(nodes, 0), at(nodes, 1)];
    await running(nodes, async () => {
      const [v0, v1] = seats as [PeerDescription, PeerDescription];
      const odd = [
        { ...v1, name: 'no-peer', peer: '12D3KooWnotapeer' },
        { ...v1, name: 'twice', peer: v0.peer },
      ];
      const addrs = ['nonsense', `/ip4/127.0.0.1/tcp/1/p2p/${v0.peer}`, ...v1.addrs];
      const roster = [...seats.slice(0, 1), { ...v1, addrs }, ...odd];
      for (const node of nodes) node.network.setRoster(roster, 2, false);
      await eventually(() => first.isConnectedTo('v1') && second.isConnectedTo('v0'), DEADLINE_MS, 'connected');
      assert.deepEqual(rolesAt(first), { v1: true });
      const unusable = [first.counter('roster.unusable_peer'), first.counter('roster.unusable_address')];
      assert.deepEqual(unusable, [1, 2]);
    });
  });

  it('starts, too, on a roster with addresses that cannot be dialled', async () => {
    const { nodes, seats } = await makeGrowing(2, 2);
    const [v0, v1] = seats as [PeerDescription, PeerDescription];
    const peers = [v0, { ...v1, addrs: ['nonsense', ...v1.addrs, `${v1.addrs[0]}/p2p/${v0.peer}`] }];
    const first = new TestNode('v0', { ...at(nodes, 0).options, peers });
    await running([first, at(nodes, 1)], () => meshed([first, at(nodes, 1)]));
  });

  it('follows a peer to another name, and a name to another peer', async () => {
    const { nodes, seats } = await makeGrowing(3, 2);
    const [first, second, third] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)];
    const [v0, v1, v2] = seats as [PeerDescription, PeerDescription, PeerDescription];
    await running(nodes, async () => {
      await meshed([first, second]);
      // The peer of v1 is v9 from now on, and v1 is the third.
      const roster = [v0, { ...v1, name: 'v9' }, { ...v2, name: 'v1' }];
      for (const node of nodes) node.network.setRoster(roster, 2, false);
      const hasBoth = (): boolean =>
        first.isConnectedTo('v1') && first.isConnectedTo('v9') && third.isConnectedTo('v0');
      await eventually(hasBoth, DEADLINE_MS, 'both connected');
      assert.equal(first.counter('connection.closed'), 0, 'the peer that was there is there');
      second.network.broadcastFrame(bytesOf('of v9'));
      third.network.broadcastFrame(bytesOf('of v1'));
      await eventually(() => first.frames.length === 2, DEADLINE_MS, 'both heard');
      for (const { from, bytes } of first.frames) assert.equal(textOf(bytes), `of ${from}`);
      // And the name goes back to a peer while the one that had it has no seat: it may not speak under that name.
      for (const node of [first, second]) node.network.setRoster([v0, v1], 2, false);
      await eventually(() => !third.isConnectedTo('v0'), DEADLINE_MS, 'the third is sent away');
      assert.deepEqual(rolesAt(first), { v1: true });
    });
  });

  it('brings the topics of more shards and ends those of fewer, in whatever order the nodes come to it', async () => {
    const { nodes, seats } = await makeGrowing(3, 3);
    const [first, second, third] = [at(nodes, 0), at(nodes, 1), at(nodes, 2)];
    await running(nodes, async () => {
      await meshed(nodes);
      await assertHeard(first, 2, [second, third], 'two');
      first.network.publishSegment(3, bytesOf('too early'));
      assert.equal(first.counter('gossip.unknown_shard'), 1);
      // The first two are in the new epoch long before the third, who must hear of them all the same.
      first.network.setRoster(seats, 4, false);
      second.network.setRoster(seats, 4, false);
      await assertHeard(first, 4, [second], 'four to two');
      third.network.setRoster(seats, 4, false);
      await assertHeard(third, 4, [first, second], 'four from the last');
      await assertHeard(first, 4, [third], 'four to the last');
      for (const node of nodes) node.network.setRoster(seats, 1, false);
      await assertHeard(first, 1, [second, third], 'one');
      first.network.publishSegment(2, bytesOf('too late'));
      assert.equal(first.counter('gossip.unknown_shard'), 2);
      for (const node of nodes) assert.equal(node.counter('connection.closed'), 0);
      assert(!third.segments.some(({ bytes }) => textOf(bytes) === 'four to two'));
    });
  });
});
