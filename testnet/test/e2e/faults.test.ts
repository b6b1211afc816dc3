import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SubmitResult, TallyResult } from '../../../node/cli/rpc-shapes.ts';
import { readTestnetFile } from '../../../node/cli/testnet-file.ts';
import { canonicalJson } from '../../voting/tallies.ts';
import {
  begin,
  daemonsOf,
  inFolder,
  lastJson,
  type Net,
  pause,
  statusOf,
  until,
  waggle,
  withNetwork,
} from './harness.ts';

const VOTERS = 120;
const PROPOSALS = 5;

/** A made-up session folder in the weighted dialect. */
async function makeSession(folder: string): Promise<string> {
  const path = join(folder, '0901');
  await mkdir(join(path, 'votes'), { recursive: true });
  const ids = Array.from({ length: PROPOSALS }, (_, at) => String(at + 1).padStart(3, '0'));
  await writeFile(join(path, 'proposals.json'), JSON.stringify(ids.map((id) => ({ id, title: `Proposal ${id}` }))));
  for (let voter = 1; voter <= VOTERS; voter++) {
    const weights = ids.map((id, at) => ({ proposal_id: id, weight: 1 + ((voter * (at + 3)) % 10) }));
    const ballot = { minute_id: '0901', model: `model-${voter}`, weights };
    await writeFile(join(path, 'votes', `model-${voter}.json`), JSON.stringify(ballot));
  }
  return path;
}

async function tallies(net: Net, space: string, session: string, nodes: readonly number[]): Promise<string[]> {
  return await Promise.all(
    nodes.map(async (node) => {
      const tally = await (await net.client(node)).call<TallyResult>('tally_get', { space, session });
      return canonicalJson(tally.proposals);
    }),
  );
}

/** Every node stands at one height, and it is the same again a moment later. */
async function untilLevel(net: Net): Promise<number> {
  const level = (heights: readonly (number | undefined)[]) =>
    heights.every((height) => height !== undefined && height === heights[0]);
  return (await until('all nodes level', 30_000, () => net.heights(), level))[0] ?? 0;
}

test('a node killed during a replay: every ballot counts, and back it stands where the others do', async () => {
  await inFolder(async (folder) => {
    const session = await makeSession(folder);
    await withNetwork(async (net) => {
      const replay = begin(['testnet', 'replay', session, '--dir', net.dir, '-o', 'json']);
      await until(
        'first ballots',
        60_000,
        async () => replay.err(),
        (err) => (err.match(/ counted/g)?.length ?? 0) >= 5,
      );
      // At once: a command of its own would take longer than the rest of the replay.
      const file = await readTestnetFile(net.dir);
      process.kill(file?.nodes[1]?.pid ?? Number.NaN, 'SIGKILL');
      const { exit, out, err } = await replay.ended;
      assert.equal(exit, 0, err);
      const result = lastJson(out) as { counted: number; agree: boolean; nodes: { height: number | null }[] };
      assert.equal(result.counted, VOTERS);
      assert.equal(result.agree, true);
      assert.equal(result.nodes[1]?.height, null);
      await net.run('start', 'node2');
      await untilLevel(net);
      const counted = await tallies(net, 'hivellm', '0901', [1, 2, 3, 4]);
      assert.equal(new Set(counted).size, 1);
      await net.run('down');
      assert.deepEqual(daemonsOf(net.dir), []);
    });
  });
});

test('an idle network is silent, a deadline ends a session on it, and a paused node holds nobody up', async () => {
  await withNetwork(async (net) => {
    const client = await net.client(1);
    await client.call('model_register', { models: [{ id: 'lonely', operator: 'node1', auth: 'operator' }] });
    const params = (session: string, closesAt?: string) => ({
      space: 'main',
      session,
      proposals: [{ id: 'p', title: 'P' }],
      rule: { method: 'score', threshold: null, close: closesAt === undefined ? 'opener' : 'deadline' },
      electorate: [{ voter: 'lonely' }],
      ...(closesAt === undefined ? {} : { closesAt }),
    });
    await client.call('session_open', params('open'));
    const height = await untilLevel(net);
    const before = await statusOf(client);
    await pause(15_000);
    const after = await statusOf(client);
    assert.deepEqual(await net.heights(), [height, height, height, height]);
    assert.equal(after?.view, before?.view);
    const closesAtMs = Date.now() + 3_000;
    await client.call('session_open', params('dated', new Date(closesAtMs).toISOString()));
    for (const node of [1, 2, 3, 4]) {
      const other = await net.client(node);
      const ask = () => other.call<TallyResult>('tally_get', { space: 'main', session: 'dated' });
      await until(`node${node} closed it`, 15_000, ask, ({ final }) => final);
    }
    assert.ok(Date.now() >= closesAtMs - 500);
    await net.run('pause', 'node4');
    const load = await waggle(['testnet', 'load', '--dir', net.dir, '--voters', '30', '--auth', 'voter', '-o', 'json']);
    assert.equal(load.exit, 0, load.err);
    const { counted, countedPerNode } = lastJson(load.out) as { counted: number; countedPerNode: (number | null)[] };
    assert.equal(counted, 30);
    assert.deepEqual(countedPerNode, [30, 30, 30, null]);
    await net.run('resume', 'node4');
    await untilLevel(net);
  });
});

test('with two nodes killed nothing becomes final; with one of them back it does', async () => {
  await withNetwork(async (net) => {
    const client = await net.client(1);
    await client.call('model_register', { models: [{ id: 'm', operator: 'node1', auth: 'operator' }] });
    await client.call('session_open', {
      space: 'main',
      session: 's',
      proposals: [{ id: 'p', title: 'P' }],
      rule: { method: 'score', threshold: null, close: 'opener' },
      electorate: [{ voter: 'm' }, { voter: 'n' }],
    });
    await untilLevel(net);
    const [height] = await net.heights();
    await net.run('kill', 'node3');
    await net.run('kill', 'node4');
    const ballot = { space: 'main', session: 's', voter: 'm', entries: [{ proposal: 'p', choice: 7 }] };
    const final = client.call<SubmitResult>('ballot_submit', ballot);
    final.catch(() => undefined);
    const first = await Promise.race([
      final.then(
        () => 'final',
        () => 'refused',
      ),
      pause(4_000).then(() => 'waiting'),
    ]);
    assert.notEqual(first, 'final');
    assert.equal((await statusOf(client))?.height, height);
    const load = await waggle(['testnet', 'load', '--dir', net.dir, '--voters', '4', '-o', 'json']);
    assert.equal(load.exit, 69, load.err);
    await net.run('start', 'node4');
    const resend = () => client.call<SubmitResult>('ballot_submit', ballot).catch(() => undefined);
    const answer = await until('final after all', 40_000, resend, (one) => one?.outcome !== undefined);
    assert.ok(answer?.outcome === 'counted' || answer?.outcome === 'duplicate');
    await net.run('start', 'node3');
    await untilLevel(net);
    assert.equal(new Set(await tallies(net, 'main', 's', [1, 2, 3, 4])).size, 1);
  });
});
