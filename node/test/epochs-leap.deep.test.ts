import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { paramsProposeBody, rosterProposeBody } from '../../protocol/governance/operations/network-change.ts';
import { parseId } from '../../protocol/ids.ts';
import type { RunningNode } from '../compose.ts';
import { Cluster, DEADLINE_MS, reached } from './harness/cluster.ts';
import { eventually, within } from './harness/deadline.ts';
import { eventCount, loadSessions, Observers } from './harness/observers.ts';
import { rowsOf } from './harness/state-rows.ts';
import { signedByTwo } from './harness/trusted.ts';

/* Into an epoch that there is no state of (O-04): real nodes that give up their past. */

const KEPT = 4;

test('a node goes into a later epoch than its own', { timeout: 300_000 }, async (t) => {
  const params = { snapshotIntervalBlocks: 10 };
  const cluster = await Cluster.create(5, 5, {}, params, { WAGGLE_RETENTION_BLOCKS: String(KEPT) });
  const observers = await Observers.create(cluster);
  t.after(async () => {
    await observers.remove();
    await cluster.remove();
  });
  const nodes = await cluster.startAll();
  await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'ready');
  const [first] = nodes;
  assert.ok(first);
  const inEpoch = (epoch: number): Promise<boolean> =>
    eventually(() => cluster.running().every(({ api }) => api.status().epoch === epoch), DEADLINE_MS, `epoch ${epoch}`);
  const apply = async (...[kind, body]: [kind: 'params.propose' | 'roster.propose', body: Body]) => {
    const facts = await within(DEADLINE_MS, first.api.submitOperation(cluster.operation(kind, body)).final, kind);
    assert.equal(facts.outcome, 'applied');
  };
  type Body = Parameters<Cluster['operation']>[1];
  const checkEqual = async (node: RunningNode): Promise<void> => {
    await eventually(() => node.api.status().ready, DEADLINE_MS, 'ready');
    await reached([node], first.api.head().height);
    assert.equal(await rowsOf(node.api), await rowsOf(first.api));
    assert.equal(node.api.status().epoch, first.api.status().epoch);
  };

  await observers.admit('early', 91);
  const early = await observers.start('early');
  await checkEqual(early);
  await observers.stop(early);
  for (const [name, byte] of [
    ['plain', 93],
    ['sure', 95],
    ['wrong', 97],
  ] as const) {
    await observers.admit(name, byte);
  }

  await apply('params.propose', paramsProposeBody({ epoch: 0, shards: 4 }));
  await inEpoch(1);
  await apply('roster.propose', rosterProposeBody({ epoch: 1, remove: [parseId('v4')] }));
  await inEpoch(2);
  // Votes of its models rest on its seat, as they are not signed.
  await cluster.stop(4);
  await loadSessions(cluster, 'second', 1);
  const [signed] = await first.api.checkpoint(first.api.head().height);
  assert.equal(signed?.checkpoint.epoch, 2);
  const proofs = await first.api.epochProofs(0);
  await apply('params.propose', paramsProposeBody({ epoch: 2, shards: 2 }));
  await inEpoch(3);
  await loadSessions(cluster, 'third', 3);

  await t.test('one that comes back after its past was given up follows the proofs', async () => {
    const back = await observers.start('early');
    await checkEqual(back);
    assert.ok((await eventCount(back.api, 'snapshot.fetched')) >= 1);
    await observers.stop(back);
  });

  await t.test('one without anything follows them from genesis, serves them, and starts again', async () => {
    let node = await observers.start('plain');
    await checkEqual(node);
    assert.deepEqual(await node.api.epochProofs(0), await first.api.epochProofs(0));
    await observers.stop(node);
    await loadSessions(cluster, 'away', 1);
    node = await observers.start('plain');
    await checkEqual(node);
    assert.deepEqual(node.api.rosterOf(2)?.validators, first.api.rosterOf(2)?.validators);
    await observers.stop(node);
  });

  await t.test('one that trusts a checkpoint of the second epoch begins there, and believes nothing else', async () => {
    for (const name of ['sure', 'wrong']) {
      const history = name === 'wrong' ? signed.checkpoint.root : signed.checkpoint.history;
      const trusted = join(observers.home(name), 'trusted.json');
      await writeFile(trusted, JSON.stringify(signedByTwo({ ...signed.checkpoint, history }, proofs)));
      const node = await observers.start(name, { trusted });
      if (name === 'sure') await checkEqual(node);
      else assert.equal((await within(DEADLINE_MS, node.failed, 'stopped')).code, 'WAGGLE_TRUST_DIFFERS');
      await observers.stop(node);
    }
    assert.equal(observers.failures.splice(0).length, 1);
    const trusted = join(observers.home('sure'), 'short.json');
    await writeFile(trusted, JSON.stringify(signedByTwo(signed.checkpoint, proofs.slice(0, 1))));
    await assert.rejects(observers.start('sure', { trusted }), /with proofs up to epoch 1/);
  });

  await t.test('a validator without its disk gets its seat by them, behind the fence', async () => {
    await cluster.stop(3);
    const home = cluster.homes[3] ?? assert.fail();
    for (const lost of ['journal', 'ledger']) await rm(join(home, lost), { recursive: true });
    const back = await cluster.start(3, { rejoin: true });
    await checkEqual(back);
    assert.equal(back.api.self, 3);
    await loadSessions(cluster, 'again', 1);
    await cluster.stop(3);
    await checkEqual(await cluster.start(3));
  });

  await t.test('nobody was stopped by it', () => {
    assert.deepEqual([cluster.failures, observers.failures], [[], []]);
  });
});
