import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { Random } from '../../consensus/sim/random.ts';
import { decodeMessage, encodeMessage } from '../../consensus/wire.ts';
import type { RunningNode } from '../../node/compose.ts';
import { encodeSubmit } from '../../node/driver/submit-wire.ts';
import { Cluster, DEADLINE_MS, reached } from '../../node/test/harness/cluster.ts';
import { eventually, within } from '../../node/test/harness/deadline.ts';
import { framed, isReset, type RawPeer, rawPeer } from '../../node/test/harness/networks.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { toHex } from '../../protocol/hex.ts';
import { refusalOf } from '../fuzz/check-decoded.ts';
import { mutate } from '../fuzz/mutate.ts';
import { reshape } from '../fuzz/reshape.ts';
import { type Snapshot, takeSnapshot } from '../fuzz/snapshot.ts';

/*
 * Three real nodes on sockets and disks, and a fourth seat in hostile hands: its keys, its place in the roster, and on
 * every protocol what the fuzzer makes. The others lose nothing and go on.
 */

const SEED = 20_261_129;
const SEAT = 3;
/** Of three nodes on a machine that does other things too. */
const LONG_MS = 3 * DEADLINE_MS;
const FRAMES = 600;
const REQUESTS = 60;
const SUBMITS = 30;
const SEGMENTS = 60;
/** As the cluster makes them. */
const KEY = keyPairFromSeed(new Uint8Array(32).fill(SEAT + 101));

class HostileSeat {
  readonly #raw: RawPeer;
  readonly #node: RunningNode;
  readonly #chain: Uint8Array;
  readonly #random = new Random(SEED);
  readonly #snapshot: Snapshot = takeSnapshot(SEED);
  readonly #all = [...this.#snapshot.said.values()].flat();

  constructor(raw: RawPeer, node: RunningNode, chain: Uint8Array) {
    this.#raw = raw;
    this.#node = node;
    this.#chain = chain;
  }

  async stream(protocol: string): Promise<Stream> {
    const name = `/waggle/1/${protocol}/${toHex(this.#chain).slice(0, 8)}`;
    return (await this.#connection()).newStream(name, { maxOutboundStreams: 1_000 });
  }

  async #connection(): Promise<Connection> {
    const open = this.#raw.host.getConnections().find(({ status }) => status === 'open');
    return open ?? (await this.#raw.host.dial(multiaddr(this.#node.p2pAddresses[0] ?? '')));
  }

  /** Of this chain and signed with the seat's key, or broken. */
  message(kinds?: readonly string[]): Uint8Array {
    const recorded = kinds?.flatMap((kind) => this.#snapshot.said.get(kind) ?? []) ?? this.#all;
    const one = this.#random.pick(recorded);
    if (this.#random.chance(0.3)) return mutate(this.#random, one, this.#random.pick(this.#all));
    const status = this.#node.api.status();
    const by = { random: this.#random, self: SEAT, n: 4, chain: this.#chain, signer: KEY };
    const where = { view: status.view, height: status.finalHeight + 1 };
    try {
      return encodeMessage(
        reshape({ ...by, ...where }, ofChain(one, this.#chain), decodeMessage(this.#random.pick(this.#all))),
      );
    } catch (error) {
      refusalOf(error);
      return one.slice();
    }
  }

  submit(): Uint8Array {
    const { items } = this.#snapshot;
    const request = encodeSubmit([this.#random.pick(items), this.#random.pick(items)]);
    return this.#random.chance(0.3) ? request : mutate(this.#random, request, this.#random.pick(items).bytes);
  }

  publish(): void {
    const topic = `/waggle/1/${toHex(this.#chain).slice(0, 8)}/shard/${this.#random.below(3)}`;
    void this.#raw.gossip?.publish(topic, this.message(['segment']).slice(1)).catch(() => undefined);
  }
}

/** A recorded proposal as one of another chain. */
function ofChain(bytes: Uint8Array, chain: Uint8Array) {
  const message = decodeMessage(bytes);
  if (message.kind !== 'propose') return message;
  return { ...message, block: { ...message.block, block: { ...message.block.block, chain } } };
}

async function vote(cluster: Cluster, nodes: readonly RunningNode[], voter: number, weight: number): Promise<void> {
  const node = nodes[voter];
  assert.ok(node !== undefined);
  const head = node.api.state().heads.get(`main/s1/m${voter}`)?.ballot;
  const { final } = node.api.submitBallot(cluster.ballot('s1', voter, weight, head));
  const { outcome, height } = await within(LONG_MS, final, 'a ballot final');
  assert.equal(outcome, 'counted');
  await reached(nodes, height);
}

/** One request on a stream of its own, read until the node ends it; whether it was reset is no matter. */
async function ask(seat: HostileSeat, protocol: string, request: Uint8Array): Promise<void> {
  const stream = await seat.stream(protocol);
  try {
    stream.send(framed(request));
    await stream.close();
  } catch {
    // Reset meanwhile: what it is there for.
  }
  await within(LONG_MS, isReset(stream), `the end of a ${protocol} stream`);
}

test('a seat in hostile hands', { timeout: 400_000 }, async (t) => {
  const cluster = await Cluster.create(4, 4);
  const raw = await rawPeer(SEAT, true);
  t.after(async () => {
    await raw.stop();
    await cluster.remove();
  });
  const nodes = await Promise.all([0, 1, 2].map((at) => cluster.start(at)));
  const [first] = nodes;
  assert.ok(first !== undefined);
  await eventually(() => nodes.every(({ api }) => api.status().ready), LONG_MS, 'ready');
  const opened = await within(LONG_MS, first.api.submitOperation(cluster.sessionOpen('s1', 0, 1)).final, 'a session');
  await reached(nodes, opened.height);
  const seat = new HostileSeat(raw, first, cluster.chain);

  await t.test('sends frames of every kind', async () => {
    let stream = await seat.stream('consensus');
    for (let sent = 0; sent < FRAMES; sent++) {
      if (stream.status !== 'open') stream = await seat.stream('consensus');
      stream.send(framed(seat.message()));
      if (sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await stream.close();
    await vote(cluster, nodes, 0, 3);
  });

  await t.test('asks for what there is and what there is not', async () => {
    const kinds = ['fetch-certificates', 'fetch-block', 'fetch-segments', 'fetch-final', 'fetch-past'];
    for (let left = REQUESTS; left > 0; left--) await ask(seat, 'sync', seat.message(kinds).slice(0, 64));
    await vote(cluster, nodes, 1, 4);
  });

  await t.test('hands in what nobody signed', async () => {
    for (let left = SUBMITS; left > 0; left--) await ask(seat, 'submit', seat.submit());
    await vote(cluster, nodes, 2, 5);
  });

  await t.test('publishes segments', async () => {
    for (let left = SEGMENTS; left > 0; left--) seat.publish();
    await vote(cluster, nodes, 0, 6);
  });

  await t.test('and the others count the same, refused it by reasons, and none has failed', async () => {
    const metrics = await first.api.metricsText();
    assert.match(metrics, /frame\.(?:malformed|misplaced)/);
    assert.match(metrics, /refused_total\{reason=/);
    assert.deepEqual(cluster.failures, []);
    const heights = nodes.map(({ api }) => api.head().height);
    const height = Math.min(...heights);
    const hashes = await Promise.all(
      nodes.map(async ({ api }) => toHex((await api.block({ height }))?.hash ?? KEY.publicKey)),
    );
    assert.equal(new Set(hashes).size, 1);
  });
});
