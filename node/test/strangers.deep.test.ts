import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multiaddr } from '@multiformats/multiaddr';
import type { RunningNode } from '../compose.ts';
import { Cluster, DEADLINE_MS, reached } from './harness/cluster.ts';
import { eventually, within } from './harness/deadline.ts';
import { rawPeer } from './harness/networks.ts';
import { OPENINGS, type Stranger, stranger } from './harness/strangers.ts';

/*
 * Whoever reaches the port of a node and is in no roster (reliability.md 2.5): nothing it says stops a node, cuts a link
 * between validators or keeps one from coming back, and what it holds is bounded.
 */

const EACH = 12;
const HALF_OPEN = 150;
const RSS_GROWTH_MAX_BYTES = 256 * 1024 * 1024;
/** A key that no roster names. */
const STRANGER_SEED = 200;

function portOf(node: RunningNode): number {
  const found = /\/tcp\/(\d+)/.exec(node.p2pAddresses[0] ?? '');
  assert.ok(found !== null);
  return Number(found[1]);
}

/** Every validator is linked with every other one. */
async function linked(nodes: readonly RunningNode[]): Promise<void> {
  const isLinked = () => nodes.every(({ api }) => api.peers().filter(({ connected }) => connected).length === 3);
  await eventually(isLinked, DEADLINE_MS, 'all linked');
}

async function vote(cluster: Cluster, nodes: readonly RunningNode[], voter: number, weight: number): Promise<void> {
  const node = nodes[voter];
  assert.ok(node !== undefined);
  const head = node.api.state().heads.get(`main/s1/m${voter}`)?.ballot;
  const { final } = node.api.submitBallot(cluster.ballot('s1', voter, weight, head));
  const { outcome, height } = await within(DEADLINE_MS, final, 'a ballot final');
  assert.equal(outcome, 'counted');
  await reached(nodes, height);
}

test('strangers at the port of a node', { timeout: 180_000 }, async (t) => {
  const cluster = await Cluster.create(4, 4);
  const open: Stranger[] = [];
  t.after(async () => {
    for (const { socket } of open) socket.destroy();
    await cluster.remove();
  });
  const nodes = await cluster.startAll();
  await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'ready');
  await linked(nodes);
  const [first, second] = nodes;
  assert.ok(first !== undefined && second !== undefined);
  const opened = await within(
    DEADLINE_MS,
    first.api.submitOperation(cluster.sessionOpen('s1', 0, 1)).final,
    'a session',
  );
  await reached(nodes, opened.height);
  const port = portOf(first);
  const rssBytes = process.memoryUsage.rss();

  for (const [what, pieces] of OPENINGS) {
    await t.test(`say ${what}`, async () => {
      open.push(...(await Promise.all(Array.from({ length: EACH }, () => stranger(port, pieces)))));
      await linked(nodes);
    });
  }

  await t.test('have a key of their own, and get past the handshake with it no further', async () => {
    const raw = await rawPeer(STRANGER_SEED);
    const dials = await Promise.allSettled(
      Array.from({ length: EACH }, async () => {
        const connection = await raw.host.dial(multiaddr(first.p2pAddresses[0] ?? ''));
        await connection.newStream(['/waggle/1/consensus/00000000', '/ipfs/ping/1.0.0']);
      }),
    );
    await raw.stop();
    assert.ok(dials.every(({ status }) => status === 'rejected'));
  });

  await t.test('hold half-open connections, and the validators go on without losing a link', async () => {
    const more = await Promise.all(Array.from({ length: HALF_OPEN }, () => stranger(port, [])));
    open.push(...more);
    await linked(nodes);
    await vote(cluster, nodes, 0, 3);
    await vote(cluster, nodes, 1, 4);
    const cut = await first.api.metricsText();
    assert.doesNotMatch(cut, /connection\.dead"\} [1-9]/);
  });

  await t.test('and one that restarts comes back to the node they besiege', async () => {
    await cluster.stop(1);
    const again = await cluster.start(1);
    const now = [first, again, ...nodes.slice(2)];
    await linked(now);
    await eventually(() => again.api.status().ready, DEADLINE_MS, 'ready again');
    await vote(cluster, now, 1, 5);
  });

  await t.test('are let go of, and no node has failed', async () => {
    await eventually(() => open.every(({ isClosed }) => isClosed), 4 * DEADLINE_MS, 'every stranger let go');
    assert.ok(
      open.every(({ heardBytes }) => heardBytes < 4_096),
      'they were told next to nothing',
    );
    assert.deepEqual(cluster.failures, []);
    const grown = process.memoryUsage.rss() - rssBytes;
    assert.ok(grown < RSS_GROWTH_MAX_BYTES, `${grown} bytes more`);
  });
});
