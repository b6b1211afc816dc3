import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { connect } from '../../../client/client.ts';
import { voterKey } from '../../../client/keys.ts';
import type { TallyResult } from '../../../node/cli/rpc-shapes.ts';
import { toHex } from '../../../protocol/hex.ts';
import { runFailover } from '../../failover/failover.ts';
import type { OpenTestnet } from '../../network/open.ts';
import { type Net, until, withNetwork } from './harness.ts';

const EXAMPLE = resolve(import.meta.dirname, '..', '..', '..', 'client', 'examples', 'vote.ts');
const SEED = new Uint8Array(32).fill(77);

function runExample(args: readonly string[]): Promise<{ exit: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [EXAMPLE, ...args], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  return new Promise((done) => child.once('close', (exit) => done({ exit, out, err })));
}

async function openSession(net: Net, session: string, voters: readonly string[], revisable: boolean): Promise<void> {
  await (await net.client(1)).call('session_open', {
    space: 'main',
    session,
    proposals: ['one', 'two'].map((id) => ({ id, title: `Proposal ${id}` })),
    rule: { method: 'score', threshold: null, revisable, close: 'opener' },
    electorate: voters.map((voter) => ({ voter })),
  });
}

test('a model votes with the example, and again with the same answers; a revised vote stands on the one before', async () => {
  await withNetwork(async (net) => {
    const key = voterKey(SEED);
    const model = { id: 'swift', operator: 'node2', auth: 'voter', key: toHex(key.publicKey) };
    await (await net.client(1)).call('model_register', { models: [model] });
    await openSession(net, 'fixed', ['swift', 'other'], false);
    const keyFile = join(net.dir, 'swift.key');
    await writeFile(keyFile, toHex(SEED), { mode: 0o600 });
    const urls = net.file.nodes.map(({ rpc }) => rpc);
    const args = ['main', 'fixed', 'swift', keyFile, ...urls];
    const first = await runExample(args);
    assert.equal(first.exit, 0, first.err);
    assert.match(first.out, /^counted at height \d+: ballot [0-9a-f]{64}$/m);
    const again = await runExample(args);
    assert.match(again.out, /^duplicate at height \d+: ballot [0-9a-f]{64}$/m);
    assert.equal(again.out.split(' ballot ')[1], first.out.split(' ballot ')[1]);
    await openSession(net, 'revisable', ['swift', 'other'], true);
    const client = connect({ urls });
    try {
      const vote = { space: 'main', session: 'revisable', voter: 'swift', key };
      const entries = (choice: number) => ['two', 'one'].map((proposal) => ({ proposal, choice }));
      const one = await client.vote({ ...vote, entries: entries(3) });
      const two = await client.vote({ ...vote, entries: entries(9) });
      assert.deepEqual([one.outcome, two.outcome], ['counted', 'counted']);
      const { supersededBy } = await client.call('ballot_get', { ballot: one.ballot });
      assert.equal(supersededBy, two.ballot);
      const stale = { ...vote, previous: one.ballot, entries: entries(5) };
      await assert.rejects(client.vote(stale), { code: 'WAGGLE_CLIENT_REFUSED', type: 'ballot.conflict' });
      const tally: TallyResult = await client.call('tally_get', { space: 'main', session: 'revisable' });
      assert.deepEqual(
        tally.proposals.map(({ n, total }) => [n, total]),
        [
          [1, 9],
          [1, 9],
        ],
      );
    } finally {
      client.close();
    }
  });
});

test('votes and a subscription go on while one node after the other is killed: none lost, none doubled', async () => {
  await withNetwork(async (net) => {
    const testnet: OpenTestnet = {
      directory: net.dir,
      file: net.file,
      status: [],
      started: [],
      close: async () => undefined,
    };
    const urls = net.file.nodes.map(({ rpc }) => rpc);
    const client = connect({ urls, environment: { random: () => 0 } });
    const heights: number[] = [];
    const lagged: unknown[] = [];
    client.subscribe('head', undefined, (event) => {
      if ('lagged' in event) lagged.push(event.lagged);
      else heights.push(event.seq);
    });
    try {
      const options = { ballots: 240, overMs: 24_000, killEveryMs: 5_000, downMs: 1_000 };
      const result = await runFailover(testnet, options, () => undefined);
      const { submitted, counted, countedPerNode, doubled, untrue, kills } = result;
      assert.deepEqual(
        { submitted, counted, countedPerNode, doubled, untrue },
        { submitted: 240, counted: 240, countedPerNode: [240, 240, 240, 240], doubled: 0, untrue: 0 },
      );
      assert.ok(kills >= 2, String(kills));
      const { height } = await client.call('chain_head');
      await until(
        'the subscription is at the head',
        20_000,
        async () => heights.at(-1) ?? 0,
        (seq) => seq >= height,
      );
      const [from = 0] = heights;
      assert.deepEqual(
        heights,
        Array.from({ length: heights.length }, (_, at) => from + at),
      );
      assert.deepEqual(lagged, []);
    } finally {
      client.close();
    }
  });
});
