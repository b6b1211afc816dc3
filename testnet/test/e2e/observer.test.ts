import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRpcClient, type RpcClient } from '../../../node/cli/rpc-client.ts';
import type { SubmitResult, TallyResult } from '../../../node/cli/rpc-shapes.ts';
import { saveModelKey } from '../../../node/storage/keystore.ts';
import { generateKeyPair, type KeyPair } from '../../../protocol/crypto/keys.ts';
import { toHex } from '../../../protocol/hex.ts';
import { parseId } from '../../../protocol/ids.ts';
import { freePorts } from '../../network/ports.ts';
import { begin, type Net, succeed, until, waggle, withNetwork } from './harness.ts';

const MODELS = ['acme-a', 'acme-b'];
const SESSIONS = 30;
const rule = { method: 'score', threshold: null, close: 'opener' };

async function openSessions(net: Net, keys: readonly KeyPair[]): Promise<void> {
  const client = await net.client(2);
  const models = MODELS.map((id, at) => {
    const key = keys[at];
    assert.ok(key !== undefined);
    return { id, operator: 'acme', key: toHex(key.publicKey) };
  });
  await client.call('model_register', { models });
  const electorate = MODELS.map((voter) => ({ voter, role: 'model', weight: 1 }));
  const opened = Array.from({ length: SESSIONS }, (_, at) => ({
    method: 'session_open',
    params: { space: 'main', session: `s${at}`, proposals: [{ id: 'p', title: 'P' }], rule, electorate },
  }));
  for (const answer of await client.batch(opened)) assert.ok(!(answer instanceof Error), String(answer));
}

async function observerClient(home: string, rpc: string): Promise<RpcClient> {
  const token = (await readFile(join(home, 'tokens', 'operator.token'), 'utf8')).trim();
  return createRpcClient({ url: rpc, token, timeoutMs: 40_000 });
}

test('an observer joins by its invite, votes for two models, and loses nothing with the validator it used', async () => {
  await withNetwork(async (net) => {
    const [invite, home] = [join(net.dir, 'acme.invite'), join(net.dir, 'acme')];
    await succeed(['invite', 'acme', '--dir', net.dir, '--node', 'node2', '-o', invite]);
    const keys = MODELS.map(() => generateKeyPair());
    await openSessions(net, keys);
    const [port = 0] = await freePorts(1);
    const joined = begin(['join', invite, '--home', home, '--rpc-port', String(port), '--plain', '--start']);
    await succeed(['wait', '--ready', '--home', home, '--timeout', '60']);
    for (const [at, id] of MODELS.entries()) {
      const key = keys[at];
      assert.ok(key !== undefined);
      await saveModelKey(join(home, 'keys', 'models'), parseId(id), key);
    }
    const client = await observerClient(home, `http://127.0.0.1:${port}`);
    const votes = MODELS.flatMap((voter) =>
      Array.from({ length: SESSIONS }, (_, at) =>
        client.call<SubmitResult>('ballot_submit', {
          space: 'main',
          session: `s${at}`,
          voter,
          entries: [{ proposal: 'p', choice: 1 + (at % 10) }],
        }),
      ),
    );
    // The first validator that can be reached is the one in use.
    await Promise.race(votes);
    await net.run('kill', 'node1');
    const answers = await Promise.all(votes);
    assert.ok(answers.every(({ status, outcome }) => status === 'final' && outcome === 'counted'));
    await net.run('start', 'node1');
    for (const node of [1, 2, 3, 4]) await sameResults(await net.client(node), `node${node}`);
    await sameResults(client, 'acme');
    joined.child.kill('SIGTERM');
    assert.equal((await joined.ended).exit, 143);
  });
});

/** Both models counted once in each session. */
async function sameResults(client: RpcClient, name: string): Promise<void> {
  for (let at = 0; at < SESSIONS; at++) {
    const ask = async () => await client.call<TallyResult>('tally_get', { space: 'main', session: `s${at}` });
    const counted = await until(`${name} s${at}`, 30_000, ask, ({ proposals }) => proposals[0]?.n === 2);
    assert.equal(counted.proposals[0]?.total, 2 * (1 + (at % 10)));
  }
}

test('what keeps a guest out is said before anything is written', async () => {
  await withNetwork(async (net) => {
    const [invite, home] = [join(net.dir, 'acme.invite'), join(net.dir, 'acme')];
    const init = await succeed(['init', '--observer', '--name', 'acme', '--home', home, '--plain']);
    const peer = /peer (12D3KooW\S+)/.exec(init.out)?.[1] ?? '';
    await succeed(['invite', 'acme', '--dir', net.dir, '--peer', peer, '-o', invite]);
    const elsewhere = await waggle(['join', invite, '--home', join(net.dir, 'other'), '--plain']);
    assert.deepEqual([elsewhere.exit, elsewhere.out.includes('FAILS  key')], [78, true]);
    const wrong = await waggle(['join', invite, '--home', home, '--chain', '0'.repeat(64)]);
    assert.equal(wrong.exit, 65);
    await net.run('down');
    const [port = 0] = await freePorts(1);
    const down = await waggle(['join', invite, '--home', home, '--rpc-port', String(port), '-o', 'json']);
    assert.equal(down.exit, 69);
    const { joined, checks } = JSON.parse(down.out) as { joined: boolean; checks: { check: string; ok: boolean }[] };
    assert.equal(joined, false);
    assert.deepEqual(
      checks.map(({ check, ok }) => `${check} ${ok}`),
      ['key true', 'port true', ...Array(4).fill('address false')],
    );
    assert.equal((await waggle(['start', '--home', home])).exit, 78);
  });
});
