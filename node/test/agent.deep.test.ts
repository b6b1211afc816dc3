import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LIMITS } from '../../protocol/limits.ts';
import type { RunningNode } from '../compose.ts';
import { Cluster, DEADLINE_MS } from './harness/cluster.ts';
import { eventually, within } from './harness/deadline.ts';

const VOTERS = 40;

/** Every voter of this node votes, again and again until its agent decided something. */
async function load(cluster: Cluster, { api }: RunningNode, seat: number, session: string): Promise<void> {
  const voters = Array.from({ length: VOTERS }, (_, at) => at).filter((at) => at % 4 === seat);
  const previous = new Map<number, Uint8Array>();
  const endsAtMs = performance.now() + DEADLINE_MS;
  for (let round = 0; api.agent().decisions.seq === 0; round++) {
    assert.ok(performance.now() < endsAtMs, `${api.name} decided nothing in ${round} rounds`);
    const votes = voters.map(async (voter) => {
      const ballot = cluster.ballot(session, voter, 1 + (round % 10), previous.get(voter));
      previous.set(voter, ballot.id);
      const { outcome } = await within(DEADLINE_MS, api.submitBallot(ballot).final, 'final');
      assert.equal(outcome, 'counted');
    });
    await Promise.all(votes);
  }
}

test('under load a node samples its own items, decides within bounds, and rests afterwards', async (t) => {
  const cluster = await Cluster.create(4, VOTERS);
  t.after(() => cluster.remove());
  const nodes = await cluster.startAll();
  await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'all ready');
  const opened = nodes[0]?.api.submitOperation(cluster.sessionOpen('s1', 0, 1));
  await within(DEADLINE_MS, opened?.final ?? Promise.reject(new Error('no node')), 'opened');
  await eventually(
    () => nodes.every(({ api }) => api.state().sessions.has('main/s1')),
    DEADLINE_MS,
    'the session is known to all',
  );
  await Promise.all(nodes.map((node, seat) => load(cluster, node, seat, 's1')));
  await eventually(() => nodes.every(({ api }) => !api.agent().isSampling), DEADLINE_MS, 'the agents rest');

  for (const { api } of nodes) {
    const { mode, windows, last, shards, decisions, reasons } = api.agent();
    assert.equal(mode, 'adaptive');
    assert.ok(windows > 0 && last !== undefined);
    assert.equal(reasons['bad-sample'], undefined, 'every sample was one that can be true');
    assert.match(await api.metricsText(), /waggle_agent_batch_items\{shard="1"\} \d/);
    const { machine } = last.sample;
    assert.ok(machine && machine.residentBytes > 0 && machine.cpuShare >= 0 && machine.syncMs !== undefined);
    assert.deepEqual(machine.links.length, 3);
    const busy = shards.filter(({ delivered }) => delivered !== undefined);
    assert.ok(busy.length > 0);
    for (const { delivered } of busy) {
      const { finalMs, parts } = delivered?.sample ?? {};
      assert.ok(finalMs && parts && finalMs.min > 0 && finalMs.min <= finalMs.p50 && finalMs.p50 <= finalMs.p99);
    }
    for (const { targets } of [...shards, ...decisions.after(0).events]) {
      assert.ok(targets.itemsTarget >= 1 && targets.itemsTarget <= LIMITS.segmentItemsMax);
      assert.ok(targets.bytesTarget >= 1 && targets.bytesTarget <= LIMITS.segmentBytesMax);
      assert.ok(targets.lingerMs >= 0 && targets.lingerMs <= 1_000);
      assert.ok(targets.inFlightSegmentsMax >= 1 && targets.inFlightSegmentsMax <= LIMITS.chainWindowSegments);
    }
  }
});
