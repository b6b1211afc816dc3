import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunningNode } from '../compose.ts';
import type { NodeApi } from '../rpc/node-api.ts';
import { Cluster, DEADLINE_MS, reached } from './harness/cluster.ts';
import { eventually, within } from './harness/deadline.ts';
import { eventCount, loadSessions, Observers } from './harness/observers.ts';
import { rowsOf } from './harness/state-rows.ts';
import { signedByTwo } from './harness/trusted.ts';

const INTERVAL = 10;
const KEPT = 4;

test('snapshots among real nodes', { timeout: 400_000 }, async (t) => {
  const params = { snapshotIntervalBlocks: INTERVAL };
  const cluster = await Cluster.create(4, 4, {}, params, { WAGGLE_RETENTION_BLOCKS: String(KEPT) });
  const observers = await Observers.create(cluster);
  t.after(async () => {
    await observers.remove();
    await cluster.remove();
  });
  const nodes = await cluster.startAll();
  await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'ready');
  const [first] = nodes;
  assert.ok(first);

  /** It stands where the first validator stands, in every row of every table. */
  const checkEqual = async (node: RunningNode): Promise<void> => {
    await eventually(() => node.api.status().ready, DEADLINE_MS, 'ready');
    await reached([node, ...cluster.running()], first.api.head().height);
    assert.equal(await rowsOf(node.api), await rowsOf(first.api));
    assert.deepEqual(node.api.head().hash, first.api.head().hash);
  };

  await t.test('a node that is there from the beginning executes everything', async () => {
    await observers.admit('early', 91);
    const early = await observers.start('early');
    await checkEqual(early);
    assert.equal(await eventCount(early.api, 'snapshot.fetched'), 0);
    await observers.stop(early);
  });

  await t.test('validators give up what is below the newest snapshot and the policy', async () => {
    await observers.admit('acme', 77);
    await loadSessions(cluster, 'before', 5);
    for (const { api } of nodes) {
      await eventually(() => api.firstHeight() > INTERVAL - KEPT, DEADLINE_MS, 'pruned');
      assert.equal(await api.isPruned({ height: 1 }), true);
      // The floor moves in memory first; what is below it goes with the next write.
      await eventually(async () => (await api.block({ height: 1 })) === undefined, DEADLINE_MS, 'gone');
      assert.ok((await api.block({ height: api.head().height })) !== undefined);
    }
  });

  let acme: RunningNode | undefined;
  await t.test('a node without history starts from the newest one while votes go on', async () => {
    const loading = loadSessions(cluster, 'during', 2);
    acme = await observers.start('acme');
    await loading;
    await checkEqual(acme);
    // Once as a rule; again where the validators gave up what is above it while it was being fetched.
    assert.ok((await eventCount(acme.api, 'snapshot.fetched')) >= 1);
    assert.ok(acme.api.firstHeight() > INTERVAL);
  });

  await t.test('a node whose past nobody has any more falls to a snapshot by itself', async () => {
    const early = await observers.start('early');
    await checkEqual(early);
    assert.ok((await eventCount(early.api, 'snapshot.fetched')) >= 1);
    await observers.stop(early);
  });

  await t.test('it goes on after a restart', async () => {
    assert.ok(acme);
    await observers.stop(acme);
    await loadSessions(cluster, 'away', 1);
    acme = await observers.start('acme');
    await checkEqual(acme);
    assert.equal(await eventCount(acme.api, 'snapshot.fetched'), 0);
  });

  await t.test('with a checkpoint to trust it starts from what that leads to, and from nothing else', async () => {
    const [signed] = (await first.api.checkpoint(3)) ?? [];
    assert.ok(signed);
    for (const [name, byte] of [
      ['sure', 61],
      ['wrong', 63],
    ] as const) {
      await observers.admit(name, byte);
      const history = name === 'wrong' ? signed.checkpoint.root : signed.checkpoint.history;
      const file = join(observers.home(name), 'trusted.json');
      await writeFile(file, JSON.stringify(signedByTwo({ ...signed.checkpoint, history })));
      const node = await observers.start(name, { trusted: file });
      if (name === 'sure') await checkEqual(node);
      else assert.equal((await within(DEADLINE_MS, node.failed, 'stopped')).code, 'WAGGLE_TRUST_DIFFERS');
      await observers.stop(node);
    }
    assert.equal(observers.failures.splice(0).length, 1);
  });

  await t.test('a validator that lost its disk comes back behind the fence by way of a snapshot', async () => {
    await cluster.stop(3);
    const home = cluster.homes[3] ?? assert.fail();
    for (const lost of ['journal', 'ledger']) await rm(join(home, lost), { recursive: true });
    const back = await cluster.start(3, { rejoin: true });
    await reachedBy(back.api, first.api);
    assert.equal(await rowsOf(back.api), await rowsOf(first.api));
    assert.equal(await eventCount(back.api, 'snapshot.fetched'), 1);
  });

  await t.test('nobody was stopped by it', () => {
    assert.deepEqual([cluster.failures, observers.failures], [[], []]);
  });
});

async function reachedBy(api: NodeApi, target: NodeApi): Promise<void> {
  const { height } = target.head();
  await eventually(() => api.head().height >= height, DEADLINE_MS, `height ${height}`);
}
