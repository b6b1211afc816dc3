import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify } from '@libp2p/identify';
import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { nodeKeyOf, peerIdOf } from '../../network/identity.ts';
import { createNetwork, type Network, type NetworkHandlers, type NetworkOptions } from '../../network/network.ts';
import type { PeerDescription } from '../../network/peers.ts';
import { eventually } from './deadline.ts';

export const CHAIN = 'c0ffee00'.repeat(8);
export const CONSENSUS = '/waggle/1/consensus/c0ffee00';
export const SYNC = '/waggle/1/sync/c0ffee00';
export const LIMITS = { frameBytesMax: 256 * 1024, gossipBytesMax: 128 * 1024, syncRequestBytesMax: 1024 };
export const DEADLINE_MS = 10_000;

/** A node of a test: a network and everything its handlers saw. */
export class TestNode {
  readonly name: string;
  readonly options: NetworkOptions;
  readonly frames: { from: string; bytes: Uint8Array }[] = [];
  readonly segments: { from: string; shard: number; bytes: Uint8Array }[] = [];
  readonly events: string[] = [];
  network: Network;
  handlers: NetworkHandlers;

  constructor(name: string, options: NetworkOptions) {
    this.name = name;
    this.options = options;
    this.network = createNetwork(options);
    this.handlers = {
      onSegment: (from, shard, bytes) => {
        this.segments.push({ from, shard, bytes });
        return 'accept';
      },
      onFrame: (from, bytes) => {
        this.frames.push({ from, bytes });
        return undefined;
      },
      onPeer: (peer, connected) => void this.events.push(`${connected ? '+' : '-'}${peer}`),
      serveSubmit: async function* () {},
      serveSync: async function* () {},
    };
  }

  start(): Promise<void> {
    return this.network.start(this.handlers);
  }

  /** The same node after a restart: same key, same address, empty memory. */
  async restart(): Promise<void> {
    this.network = createNetwork(this.options);
    await this.start();
  }

  counter(name: string): number {
    return this.network.counters()[name] ?? 0;
  }

  isConnectedTo(name: string): boolean {
    return this.network.peers().some((peer) => peer.name === name && peer.connected);
  }

  segmentTexts(): string[] {
    return this.segments.map(({ bytes }) => textOf(bytes));
  }
}

export function seedOf(index: number): Uint8Array {
  return new Uint8Array(32).fill(index + 1);
}

/** Below the ports that systems give to outgoing connections, so that none takes a port between this and its use. */
const PORTS = { first: 10_000, count: 20_000 };
const givenPorts = new Set<number>();

/** A port that nobody listens on and that no other node of this process was given. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.first + Math.floor(Math.random() * PORTS.count);
    if (givenPorts.has(port)) continue;
    givenPorts.add(port);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** `count` validators v0…; `extra` seats of the roster are left to the test (v<count>…), for hand-made peers. */
export async function makeNodes(count: number, extra = 0, limits = LIMITS): Promise<TestNode[]> {
  const peers: PeerDescription[] = [];
  for (let index = 0; index < count + extra; index += 1) {
    const addrs = index < count ? [`/ip4/127.0.0.1/tcp/${await freePort()}`] : [];
    peers.push({ name: `v${index}`, peer: peerIdOf(seedOf(index)), addrs, validator: true });
  }
  return peers
    .slice(0, count)
    .map(
      ({ name, addrs }, index) =>
        new TestNode(name, { chain: CHAIN, identitySeed: seedOf(index), listen: addrs, peers, shards: 2, limits }),
    );
}

/** Start the nodes, run the test, stop them whatever happens. */
export async function withNodes(nodes: readonly TestNode[], test: () => Promise<void>): Promise<void> {
  try {
    await Promise.all(nodes.map((node) => node.start()));
    await connected(nodes);
    await test();
  } finally {
    await Promise.all(nodes.map((node) => node.network.stop()));
  }
}

/** Every pair that knows each other is connected both ways. */
export async function connected(nodes: readonly TestNode[]): Promise<void> {
  await eventually(
    () =>
      nodes.every((node) =>
        nodes.every(
          (other) =>
            other === node ||
            !node.options.peers.some(({ name }) => name === other.name) ||
            node.isConnectedTo(other.name),
        ),
      ),
    DEADLINE_MS,
    'all connected',
  );
}

export interface RawPeer {
  readonly host: Libp2p;
  readonly gossip: GossipSub | undefined;
  connect(node: TestNode): Promise<Connection>;
  stop(): Promise<void>;
}

/** A plain libp2p node with the key of seat `index`, for saying what no Waggle node would. */
export async function rawPeer(index: number, withGossip = false): Promise<RawPeer> {
  const make = gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true });
  let gossip: GossipSub | undefined;
  const host = await createLibp2p({
    privateKey: nodeKeyOf(seedOf(index)),
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      ...(withGossip
        ? {
            gossip: (components: Parameters<typeof make>[0]) => {
              gossip = make(components);
              return gossip;
            },
          }
        : {}),
    },
  });
  return {
    host,
    gossip,
    connect: (node) => host.dial(multiaddr(node.network.addresses()[0] ?? '')),
    stop: async () => host.stop(),
  };
}

/** Resolves with true once a stream is closed or reset by the other side. */
export function isReset(stream: Stream): Promise<boolean> {
  if (stream.status !== 'open') return Promise.resolve(true);
  return new Promise((resolve) => stream.addEventListener('close', () => resolve(true), { once: true }));
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** u32 big-endian, then the payload. */
export function framed(payload: Uint8Array, length = payload.byteLength): Uint8Array {
  const out = new Uint8Array(4 + payload.byteLength);
  new DataView(out.buffer).setUint32(0, length);
  out.set(payload, 4);
  return out;
}

/** The node at `index`, which the test knows to exist. */
export function at(nodes: readonly TestNode[], index: number): TestNode {
  const node = nodes[index];
  assert(node !== undefined);
  return node;
}
