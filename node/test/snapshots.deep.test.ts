import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunningNode } from '../compose.ts';
import { Cluster, DEADLINE_MS, reached } from './harness/cluster.ts';
import { eventually } from './harness/deadline.ts';
import { eventCount, loadSessions, Observers, rowsOf } from './harness/observers.ts';

const INTERVAL = 10;

test('snapshots among real nodes', { timeout: 180_000 }, async (t) => {
  const cluster = await Cluster.create(4, 4, {}, { snapshotIntervalBlocks: INTERVAL });
  const observers = await Observers.create(cluster);
  t.after(async () => {
    await observers.remove();
    await cluster.remove();
  });
  const nodes = await cluster.startAll();
  await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'ready');
  const [first] = nodes;
  assert.ok(first);
  let observer: RunningNode | undefined;

  await t.test('a node without history starts from the newest one and reaches the tip', async () => {
    await observers.admit('acme', 77);
    await loadSessions(cluster, 'before', 12);
    await eventually(async () => (await eventCount(first.api, 'snapshot.made')) > 0, DEADLINE_MS, 'made');
    const loading = loadSessions(cluster, 'during', 12);
    observer = await observers.start('acme');
    const { api } = observer;
    await eventually(() => api.status().ready, DEADLINE_MS, 'ready');
    await loading;
    await reached([observer], first.api.head().height);
    assert.equal(await eventCount(api, 'snapshot.fetched'), 1);
    assert.equal(rowsOf(api), rowsOf(first.api));
    assert.equal(await api.block({ height: 1 }), undefined);
    assert.ok((await api.block({ height: api.head().height })) !== undefined);
  });

  await t.test('it goes on after a restart, and serves what it has', async () => {
    assert.ok(observer);
    await observers.stop(observer);
    await loadSessions(cluster, 'away', 2);
    observer = await observers.start('acme');
    const { api } = observer;
    await eventually(() => api.status().ready, DEADLINE_MS, 'ready again');
    await reached([observer], first.api.head().height);
    assert.equal(await eventCount(api, 'snapshot.fetched'), 0);
    assert.equal(rowsOf(api), rowsOf(first.api));
  });

  await t.test('nobody was stopped by it', () => {
    assert.deepEqual([cluster.failures, observers.failures], [[], []]);
  });
});
