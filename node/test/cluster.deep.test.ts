import assert from 'node:assert/strict';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { codeOf } from '../../protocol/errors.ts';
import { liveResults } from '../../protocol/governance/queries.ts';
import { toHex } from '../../protocol/hex.ts';
import type { RunningNode } from '../compose.ts';
import type { FinalFacts, Submission } from '../rpc/node-api.ts';
import { Cluster, DEADLINE_MS, reached, SPACE } from './harness/cluster.ts';
import { eventually, within } from './harness/deadline.ts';

const VOTERS = 8;

/** What a result says on a node, without what differs by node. */
function tally(node: RunningNode, session: string): { n: number; total: number } | undefined {
  const [result] = liveResults(node.api.state(), SPACE, session) ?? [];
  return result === undefined ? undefined : { n: result.n, total: result.total };
}

async function final(submission: Submission): Promise<FinalFacts> {
  await within(DEADLINE_MS, submission.accepted, 'accepted');
  return within(DEADLINE_MS, submission.final, 'final');
}

/** One story: each part goes on from where the one before ended. */
test('four nodes', async (t) => {
  // Small files and an early compaction, so that a few blocks go through all of it.
  const cluster = await Cluster.create(4, VOTERS, { journalFileBytesMax: 4 * 1024, journalBytesMax: 12 * 1024 });
  t.after(() => cluster.remove());
  let nodes = await cluster.startAll();
  await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'all ready');

  const nodeAt = (at: number): RunningNode => {
    const node = nodes[at];
    assert.ok(node);
    return node;
  };

  const vote = async (session: string, weight: (voter: number) => number): Promise<FinalFacts[]> =>
    Promise.all(
      Array.from({ length: VOTERS }, (_, voter) =>
        final(nodeAt(voter % 4).api.submitBallot(cluster.ballot(session, voter, weight(voter)))),
      ),
    );

  await t.test('open a session and count ballots, the same on all', async () => {
    const opened = await final(nodeAt(0).api.submitOperation(cluster.sessionOpen('s1', 0, 1)));
    assert.equal(opened.outcome, 'applied');
    await reached(nodes, opened.height);
    const finals = await vote('s1', (voter) => 1 + voter);
    assert.deepEqual(new Set(finals.map(({ outcome }) => outcome)), new Set(['counted']));
    await reached(nodes, Math.max(...finals.map(({ height }) => height)));
    for (const node of nodes) assert.deepEqual(tally(node, 's1'), { n: VOTERS, total: 36 });
  });

  await t.test('keep the same blocks, ballots and proofs in their ledgers', async () => {
    const { height } = nodeAt(0).api.head();
    await reached(nodes, height);
    const hashes = await Promise.all(
      nodes.map(async ({ api }) => toHex((await api.block({ height }))?.hash ?? new Uint8Array())),
    );
    assert.equal(new Set(hashes).size, 1);
    assert.notEqual(hashes[0], '');
    const lists = await Promise.all(nodes.map(({ api }) => api.ballots(SPACE, 's1', { limit: 100 })));
    const [first = []] = lists;
    assert.deepEqual(
      first.map(({ ballot }) => ballot.ballot.voter),
      Array.from({ length: VOTERS }, (_, at) => `m${at}`),
    );
    for (const list of lists) assert.deepEqual(list, first);
    for (const { ballot, author, shard } of first) {
      const facts = await nodeAt(1).api.ballot(ballot.id);
      assert.equal(facts?.outcome, 'counted');
      assert.deepEqual([facts?.author, facts?.shard], [author, shard]);
    }
    await eventually(
      async () => (await nodeAt(2).api.checkpoint(height)).length > 1,
      DEADLINE_MS,
      'f + 1 signatures of the checkpoint',
    );
  });

  await t.test('share the outcome of one id that is submitted twice at once', async () => {
    const ballot = cluster.ballot(
      's1',
      0,
      9,
      (await nodeAt(0).api.ballots(SPACE, 's1', { voter: 'm0', limit: 1 }))[0]?.ballot.id,
    );
    const [once, again] = [nodeAt(0).api.submitBallot(ballot), nodeAt(0).api.submitBallot(ballot)];
    assert.equal(once, again);
    assert.equal((await final(once)).outcome, 'counted');
    const repeated = await final(nodeAt(0).api.submitBallot(ballot));
    assert.equal(repeated.outcome, 'duplicate');
    assert.deepEqual(repeated.counted, ballot.id);
    assert.equal((await nodeAt(0).api.ballot(ballot.id))?.outcome, 'counted');
  });

  await t.test('bring back one that was away, by ranges, and it votes on from where its journal ended', async () => {
    await cluster.stop(3);
    const others = nodes.slice(0, 3);
    for (let round = 2; round <= 6; round++) {
      const session = `s${round}`;
      await final(nodeAt(0).api.submitOperation(cluster.sessionOpen(session, 0, round)));
      const facts = await final(nodeAt(1).api.submitBallot(cluster.ballot(session, 1, round)));
      await reached(others, facts.height);
    }
    nodes[3] = await cluster.start(3);
    await reached([nodeAt(3)], nodeAt(0).api.head().height);
    for (let round = 2; round <= 6; round++) assert.deepEqual(tally(nodeAt(3), `s${round}`), { n: 1, total: round });
    // The blocks are taken frame by frame, so they may be executed before the answer is over.
    const fetched = async () => /event="sync.fetched"\} [1-9]/.test(await nodeAt(3).api.metricsText());
    await eventually(fetched, DEADLINE_MS, 'an answer is over');
    await eventually(() => nodeAt(3).api.status().ready, DEADLINE_MS, 'ready again');
    assert.equal((await final(nodeAt(3).api.submitBallot(cluster.ballot('s2', 3, 4)))).outcome, 'counted');
  });

  await t.test('start again from their disks, all at once, with the same state', async () => {
    const height = Math.max(...nodes.map(({ api }) => api.head().height));
    await reached(nodes, height);
    const before = nodes.map((node) => tally(node, 's2'));
    for (const at of nodes.keys()) await cluster.stop(at);
    nodes = await cluster.startAll();
    for (const node of nodes) assert.ok(node.api.head().height >= height);
    assert.deepEqual(
      nodes.map((node) => tally(node, 's2')),
      before,
    );
    await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'all ready again');
    const facts = await final(nodeAt(2).api.submitBallot(cluster.ballot('s3', 2, 5)));
    assert.equal(facts.outcome, 'counted');
  });

  await t.test('have compacted their journals on the way, and none of them failed', async () => {
    const files = await readdir(join(cluster.homes[0] ?? '', 'journal'));
    assert.ok(!files.includes('000000000001.journal'), files.join());
    assert.deepEqual(cluster.failures, []);
    assert.match(await nodeAt(0).api.metricsText(), /waggle_ledger_executed_height [1-9]/);
  });

  await t.test('do not start after a violation until somebody has looked at it', async () => {
    await cluster.stop(2);
    const report = join(cluster.homes[2] ?? '', 'violation.json');
    await writeFile(report, '{}');
    await assert.rejects(cluster.start(2), (error) => codeOf(error) === 'WAGGLE_BOOT_VIOLATION');
    await rm(report);
    await cluster.start(2);
  });

  await t.test('do not start without the journal they signed in', async () => {
    await cluster.stop(1);
    await rm(join(cluster.homes[1] ?? '', 'journal'), { recursive: true });
    for (let tries = 0; tries < 2; tries++) {
      await assert.rejects(cluster.start(1), (error) => codeOf(error) === 'WAGGLE_BOOT_ROLLBACK');
    }
  });

  await t.test('come back without it on request: silent at first, then voting, and with its chains anew', async () => {
    const node = await cluster.start(1, { rejoin: true });
    const isAsking = () => /may go on|silent up to/.test(node.api.status().notReadyReason ?? '');
    await eventually(() => !isAsking() || node.api.status().view > 0, DEADLINE_MS, 'the others answer');
    const session = cluster.operation('session.open', null).operation.seq;
    for (let round = 0; round < 6; round++) {
      const opened = nodeAt(0).api.submitOperation(cluster.sessionOpen(`r${round}`, 0, session + round));
      await reached([node], (await final(opened)).height);
    }
    await eventually(() => !isAsking(), DEADLINE_MS, 'past the fence');
    const isSealing = (one: typeof node) => () => !/lost|takes no ballots/.test(one.api.status().notReadyReason ?? '');
    await eventually(isSealing(node), DEADLINE_MS, 'its chains go on under the next incarnation');
    // Its vote is needed now: without it three are no quorum any more.
    await cluster.stop(3);
    const needed = nodeAt(0).api.submitOperation(cluster.sessionOpen('needed', 0, session + 6));
    assert.equal((await final(needed)).outcome, 'applied');
    await node.api.submitBallot(cluster.ballot('needed', 1, 3)).accepted;
    await cluster.stop(1);
    const again = await cluster.start(1);
    await eventually(isSealing(again), DEADLINE_MS, 'and do so after a start without the word of the operator');
  });
});
