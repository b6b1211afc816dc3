import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { signBallot } from '../../protocol/governance/ballot.ts';
import { observerAdmitBody, observerRemoveBody } from '../../protocol/governance/operations/observer.ts';
import { modelRegisterBody } from '../../protocol/governance/operations/registry.ts';
import { sessionOpenBody } from '../../protocol/governance/operations/session-open.ts';
import { liveResults } from '../../protocol/governance/queries.ts';
import { parseId } from '../../protocol/ids.ts';
import { type RunningNode, startNode } from '../compose.ts';
import { createHome } from '../config/create-home.ts';
import { peerIdOf } from '../network/identity.ts';
import { Cluster, DEADLINE_MS, reached, SPACE } from './harness/cluster.ts';
import { eventually, within } from './harness/deadline.ts';
import { rowsOf } from './harness/state-rows.ts';

const NODE_SEED = new Uint8Array(32).fill(77);
const OPERATOR_SEED = new Uint8Array(32).fill(78);
const MODEL_KEYS = [80, 81].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)));
const ACME = parseId('acme');
const MODELS = ['acme-a', 'acme-b'].map((id) => parseId(id));
const SESSION = parseId('s1');

const rule = { method: 'score', threshold: null, revisable: false, complete: true, close: 'opener' } as const;

test('an observer', { timeout: 120_000 }, async (t) => {
  const cluster = await Cluster.create(4, 4);
  const directory = await mkdtemp(join(tmpdir(), 'waggle-observer-'));
  let observer: RunningNode | undefined;
  t.after(async () => {
    await observer?.stop();
    await cluster.remove();
    await rm(directory, { recursive: true, force: true });
  });
  const nodes = await cluster.startAll();
  await eventually(() => nodes.every(({ api }) => api.status().ready), DEADLINE_MS, 'ready');
  const [first] = nodes;
  assert.ok(first);
  const apply = async (kind: Parameters<Cluster['operation']>[0], body: Parameters<Cluster['operation']>[1]) => {
    const facts = await within(DEADLINE_MS, first.api.submitOperation(cluster.operation(kind, body)).final, kind);
    assert.equal(facts.outcome, 'applied', kind);
    await reached(cluster.running(), facts.height);
  };
  const start = async (): Promise<RunningNode> => {
    observer = await startNode({
      home: directory,
      env: {},
      log: pino({ level: 'silent' }),
      onFailure: ({ line }) => assert.fail(line),
    });
    return observer;
  };

  await t.test('that nobody let in is refused', async () => {
    await createHome(directory, {
      genesis: cluster.genesis,
      name: ACME,
      role: 'observer',
      rpcPort: 0,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      nodeSeed: NODE_SEED,
      validatorSeed: OPERATOR_SEED,
    });
    const node = await start();
    const refused = async () => /connection.refused_peer"\} [1-9]/.test(await first.api.metricsText());
    await eventually(refused, DEADLINE_MS, 'refused');
    assert.equal(node.api.status().ready, false);
    await node.stop();
  });

  await t.test('is let in by the ledger, catches up from nothing, and hands in what its models signed', async () => {
    await apply('observer.admit', observerAdmitBody({ name: ACME, peer: peerIdOf(NODE_SEED) }));
    const models = MODELS.map((id, at) => {
      const key = MODEL_KEYS[at]?.publicKey;
      return { id, operator: ACME, auth: 'voter' as const, ...(key === undefined ? {} : { key }) };
    });
    await apply('model.register', modelRegisterBody({ models }));
    const electorate = MODELS.map((voter) => ({ voter, role: 'model', weight: 1 }));
    const proposals = [{ id: parseId('p1'), title: 'P1' }];
    const open = { space: SPACE, session: SESSION, title: 'S1', rule, electorate, proposals, draft: false };
    await apply('session.open', sessionOpenBody(open));
    await load(cluster, first, 'before');
    const loading = load(cluster, first, 'during');
    const { api } = await start();
    assert.equal(api.self, undefined);
    await eventually(() => api.status().ready, DEADLINE_MS, 'ready');
    await loading;
    await reached([observer ?? first], first.api.head().height);
    assert.equal(await rowsOf(api), await rowsOf(first.api));
    const submission = api.submitBallot(ballotOf(cluster, 0));
    await within(DEADLINE_MS, submission.accepted, 'accepted');
    const facts = await within(DEADLINE_MS, submission.final, 'final');
    assert.equal(facts.outcome, 'counted');
    assert.deepEqual(api.head().hash, (await first.api.block({ height: api.head().height }))?.hash);
  });

  await t.test('goes on when the validator it used is gone, and nothing counts twice', async () => {
    assert.ok(observer);
    const { api } = observer;
    await cluster.stop(0);
    const submission = api.submitBallot(ballotOf(cluster, 1));
    assert.equal((await within(DEADLINE_MS, submission.final, 'final')).outcome, 'counted');
    const results = liveResults(api.state(), SPACE, SESSION);
    assert.deepEqual([results?.[0]?.n, results?.[0]?.total], [2, 2 * 7]);
    await cluster.start(0);
  });

  await t.test('has the checkpoints of the validators', async () => {
    assert.ok(observer);
    const { api } = observer;
    const signed = await eventually(
      async () => {
        const signatures = await api.checkpoint(api.head().height);
        return signatures.length >= 2 ? signatures : undefined;
      },
      DEADLINE_MS,
      'f + 1 signatures',
    );
    assert.ok(signed?.every(({ checkpoint }) => checkpoint.height === api.head().height));
  });

  await t.test('starts again from its disk and is put out when the ledger says so', async () => {
    await observer?.stop();
    const { api } = await start();
    await eventually(() => api.status().ready, DEADLINE_MS, 'ready again');
    const second = nodes[1];
    assert.ok(second);
    const body = observerRemoveBody({ name: ACME });
    const removal = second.api.submitOperation(cluster.operation('observer.remove', body));
    assert.equal((await within(DEADLINE_MS, removal.final, 'removed')).outcome, 'applied');
    await eventually(() => !api.status().ready, DEADLINE_MS, 'put out');
  });
});

const LOAD_SESSIONS = 12;

/** Sessions and their ballots, one after the other. */
async function load(cluster: Cluster, { api }: RunningNode, name: string): Promise<void> {
  for (let at = 0; at < LOAD_SESSIONS; at++) {
    const seq = cluster.operation('session.open', null).operation.seq;
    const opened = api.submitOperation(cluster.sessionOpen(`${name}-${at}`, 0, seq));
    await within(DEADLINE_MS, opened.final, 'opened');
    const ballots = cluster.running().map((node) => {
      const voter = cluster.nodes.indexOf(node);
      return node.api.submitBallot(cluster.ballot(`${name}-${at}`, voter, 1 + at)).final;
    });
    await within(DEADLINE_MS, Promise.all(ballots), 'counted');
  }
}

function ballotOf(cluster: Cluster, at: number) {
  const [voter, key] = [MODELS[at] ?? ACME, MODEL_KEYS[at]];
  const entries = [{ proposal: parseId('p1'), choice: { method: 'score', weight: 7 } }] as const;
  const nowMs = Date.now();
  const times = { notAfterMs: nowMs + 60_000, timeMs: nowMs };
  const ballot = {
    chain: cluster.chain,
    space: SPACE,
    session: SESSION,
    voter,
    previous: undefined,
    ...times,
    entries,
  };
  return signBallot(ballot, key?.sign);
}
