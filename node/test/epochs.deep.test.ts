import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { epochOf, openChange } from '../../protocol/governance/epochs.ts';
import { paramsProposeBody, rosterProposeBody } from '../../protocol/governance/operations/network-change.ts';
import { observerAdmitBody } from '../../protocol/governance/operations/observer.ts';
import { sessionCloseBody } from '../../protocol/governance/operations/session-end.ts';
import { sessionOpenBody } from '../../protocol/governance/operations/session-open.ts';
import { liveResults } from '../../protocol/governance/queries.ts';
import { parseId } from '../../protocol/ids.ts';
import { type RunningNode, startNode } from '../compose.ts';
import { createHome } from '../config/create-home.ts';
import { peerIdOf } from '../network/identity.ts';
import { homePaths } from '../storage/home.ts';
import { loadOrCreateKey } from '../storage/keystore.ts';
import { nextKeyPath } from '../storage/next-key.ts';
import { Cluster, DEADLINE_MS, reached, SPACE } from './harness/cluster.ts';
import { eventually, within } from './harness/deadline.ts';
import { freePort } from './harness/networks.ts';
import { rowsOf } from './harness/state-rows.ts';

/* A network that changes while it runs: real nodes in one process, on loopback. */

const NODE_SEED = new Uint8Array(32).fill(77);
const FIFTH_KEY = keyPairFromSeed(new Uint8Array(32).fill(78));
const FIFTH = parseId('v4');
const MODELS = 8;

test('a network changes while it runs', { timeout: 240_000 }, async (t) => {
  const cluster = await Cluster.create(4, MODELS);
  const directory = await mkdtemp(join(tmpdir(), 'waggle-fifth-'));
  let fifth: RunningNode | undefined;
  t.after(async () => {
    await fifth?.stop();
    await cluster.remove();
    await rm(directory, { recursive: true, force: true });
  });
  const nodes = await cluster.startAll();
  await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'ready');
  const all = (): RunningNode[] => [...cluster.running(), ...(fifth === undefined ? [] : [fifth])];
  const first = (): RunningNode => cluster.running()[0] ?? assert.fail('no node runs');
  const apply = async (
    kind: Parameters<Cluster['operation']>[0],
    body: Parameters<Cluster['operation']>[1],
    by = 0,
  ) => {
    const facts = await within(DEADLINE_MS, first().api.submitOperation(cluster.operation(kind, body, by)).final, kind);
    assert.equal(facts.outcome, 'applied', kind);
  };
  const inEpoch = async (epoch: number): Promise<void> => {
    const isThere = (): boolean => all().every(({ api }) => api.status().epoch === epoch);
    await eventually(isThere, DEADLINE_MS, `epoch ${epoch}`);
  };
  let round = 0;
  /** Every model whose operator has a seat votes once more, and all nodes come to the same. */
  const vote = async (voters: readonly number[]): Promise<void> => {
    round += 1;
    const finals = voters.map(async (voter) => {
      const { api } = cluster.nodes[voter % 4] ?? assert.fail(`node ${voter % 4} is down`);
      const head = api.state().heads.get(`main/s1/m${voter}`)?.ballot;
      const facts = await api.submitBallot(cluster.ballot('s1', voter, 1 + ((round - 1) % 10), head)).final;
      assert.equal(facts.outcome, 'counted', `m${voter} in round ${round}`);
      return facts.height;
    });
    await reached(all(), Math.max(...(await within(DEADLINE_MS, Promise.all(finals), `round ${round}`))));
    const rows = await Promise.all(all().map(({ api }) => rowsOf(api)));
    assert.equal(new Set(rows).size, 1, 'one state');
  };
  const everyone = Array.from({ length: MODELS }, (_, at) => at);
  const opened = cluster.sessionOpen('s1', 0, 1);
  await within(DEADLINE_MS, first().api.submitOperation(opened).final, 'opened');
  await reached(nodes, first().api.head().height);

  await t.test('more shards, then fewer: heads move and sums stay', async () => {
    await vote(everyone);
    for (const [at, shards] of [4, 1, 3].entries()) {
      await apply('params.propose', paramsProposeBody({ epoch: at, shards }));
      await inEpoch(at + 1);
      assert.deepEqual(new Set(nodes.map(({ api }) => epochOf(api.state()).params.shards)), new Set([shards]));
      await vote(everyone);
      const [result] = liveResults(first().api.state(), SPACE, 's1') ?? [];
      assert.deepEqual([result?.n, result?.total], [MODELS, MODELS * round]);
    }
  });

  await t.test('a fifth node watches, gets a seat, and votes', async () => {
    const address = `/ip4/127.0.0.1/tcp/${await freePort()}`;
    await createHome(directory, {
      ...{ genesis: cluster.genesis, name: FIFTH, role: 'observer', rpcPort: 0, listen: [address] },
      nodeSeed: NODE_SEED,
      validatorSeed: new Uint8Array(32).fill(78),
    });
    await apply('observer.admit', observerAdmitBody({ name: FIFTH, peer: peerIdOf(NODE_SEED) }));
    fifth = await startFifth(directory);
    const { api } = fifth;
    await eventually(() => api.status().ready, DEADLINE_MS, 'ready');
    assert.equal(api.self, undefined);
    const validator = { name: FIFTH, key: FIFTH_KEY.publicKey, peer: peerIdOf(NODE_SEED), addrs: [address] };
    await apply('roster.propose', rosterProposeBody({ epoch: 3, add: [validator] }));
    await inEpoch(4);
    assert.equal(api.self, 4);
    await eventually(() => api.status().ready, DEADLINE_MS, 'ready with a seat');
    await vote(everyone);
    const sealed = api.submitOperation(cluster.operation('session.close', { space: SPACE, session: 'none' }));
    assert.equal((await within(DEADLINE_MS, sealed.final, 'sealed by the fifth')).outcome, 'unknown-session');
  });

  await t.test('its journal and its seat are there after a restart', async () => {
    await fifth?.stop();
    fifth = await startFifth(directory);
    const { api } = fifth;
    assert.equal(api.self, 4);
    await eventually(() => api.status().ready, DEADLINE_MS, 'ready again');
    await vote(everyone);
  });

  await t.test('a key is rotated', async () => {
    const { validatorKey } = homePaths(cluster.homes[1] ?? '');
    const next = await loadOrCreateKey(nextKeyPath(validatorKey), 'validator');
    await apply(
      'roster.propose',
      rosterProposeBody({ epoch: 4, rotate: [{ name: parseId('v1'), key: next.publicKey }] }),
    );
    await inEpoch(5);
    const { api } = cluster.nodes[1] ?? assert.fail('v1');
    assert.deepEqual(Buffer.from(api.operatorKey.publicKey), Buffer.from(next.publicKey));
    await vote(everyone);
  });

  await t.test('one leaves, and goes on watching', async () => {
    await apply('roster.propose', rosterProposeBody({ epoch: 5, remove: [parseId('v3')] }));
    await inEpoch(6);
    const { api } = cluster.nodes[3] ?? assert.fail('v3');
    assert.equal(api.self, undefined);
    await vote(everyone.filter((voter) => voter % 4 !== 3));
    const [result] = liveResults(api.state(), SPACE, 's1') ?? [];
    assert.equal(result?.n, MODELS);
  });

  await t.test('one that was away over three epochs comes back', async () => {
    await cluster.stop(2);
    for (const [at, shards] of [2, 4, 1].entries()) {
      await apply('params.propose', paramsProposeBody({ epoch: 6 + at, shards }));
      await inEpoch(7 + at);
    }
    await vote([0, 1, 4, 5]);
    const { api } = await cluster.start(2);
    await inEpoch(9);
    await eventually(() => api.status().ready, DEADLINE_MS, 'ready again');
    await vote([0, 1, 2, 4, 5, 6]);
  });

  await t.test('an approved proposal changes it, and one that is not approved does not', async () => {
    const electorate = everyone.map((voter) => ({ voter: parseId(`m${voter}`), role: 'general', weight: 1 }));
    const threshold = { op: '>=', percent: { num: 60, den: 1 } } as const;
    const rule = { method: 'score', threshold, revisable: true, complete: true, close: 'opener' } as const;
    const proposal = parseId('p1');
    for (const [name, points, epoch] of [
      ['no', 2, 9],
      ['yes', 9, 10],
    ] as const) {
      const session = parseId(name);
      const proposals = [{ id: proposal, title: 'Two shards' }];
      const facts = { space: SPACE, session, title: 'Shall it change', electorate, draft: false };
      await apply('session.open', sessionOpenBody({ ...facts, rule, proposals }));
      const decidedBy = { space: SPACE, session, proposal };
      await apply('params.propose', paramsProposeBody({ epoch: 9, shards: 2, decidedBy }));
      for (const voter of [0, 1, 4, 5]) {
        const { api } = cluster.nodes[voter % 4] ?? assert.fail('a node is down');
        await within(DEADLINE_MS, api.submitBallot(cluster.ballot(name, voter, points)).final, 'counted');
      }
      assert.equal(openChange(first().api.state())?.decidedHeight, undefined);
      await apply('session.close', sessionCloseBody({ space: SPACE, session }));
      await inEpoch(epoch);
      assert.equal(openChange(first().api.state()), undefined);
    }
  });

  await t.test('a version that nobody speaks yet does not end the epoch, and votes go on', async () => {
    await apply('params.propose', paramsProposeBody({ epoch: 10, version: 2 }));
    await vote([0, 1, 2, 4, 5, 6]);
    assert.deepEqual(new Set(all().map(({ api }) => api.status().epoch)), new Set([10]));
  });

  await t.test('nobody stopped by itself', () => assert.deepEqual(cluster.failures, []));
});

function startFifth(home: string): Promise<RunningNode> {
  const log = pino({ level: 'silent' });
  return startNode({ home, env: {}, log, onFailure: ({ line }) => assert.fail(line) });
}
