import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainId, parseGenesis } from '../../protocol/genesis.ts';
import { signOperation } from '../../protocol/governance/operation.ts';
import { spaceCreateBody } from '../../protocol/governance/operations/registry.ts';
import { toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import { allMethods } from '../rpc/methods/all.ts';
import { pair } from './harness/fake-node-api.ts';
import { ADMIN, ballotParams, openSession, type Rig, sessionParams, startRig } from './harness/rpc-client.ts';

const METHODS = allMethods('0.0.0');
const at = { space: 'main', session: 's1' };

/** The result of a call, checked against the schema that clients are shown. */
async function checked<Result>(rig: Rig, method: string, params?: unknown, token?: string): Promise<Result> {
  const result = await rig.result<Result>(method, params, token);
  const parsed = METHODS.get(method)?.result.safeParse(result);
  assert.deepEqual(parsed?.error?.issues, undefined, method);
  return result;
}

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly next: string | null;
}

async function allPages(rig: Rig, method: string, params: object): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = null;
  do {
    const page: Page = await checked(rig, method, { ...params, ...(cursor === null ? {} : { cursor }) });
    assert.ok(page.items.length > 0 && page.items.length <= 2);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  return items;
}

test('every read answers in the shape it announces', async (t) => {
  const rig = await startRig(t);
  await checked(rig, 'chain_head');
  await checked(rig, 'session_open', sessionParams());
  const { ballot } = await checked<{ ballot: string }>(rig, 'ballot_submit', ballotParams('v0', [9, 3]));
  const reads: [string, unknown][] = [
    ['node_status', undefined],
    ['node_peers', undefined],
    ['chain_genesis', undefined],
    ['chain_head', undefined],
    ['chain_getBlock', { height: 1 }],
    ['chain_getChains', {}],
    ['chain_getCheckpoint', [1]],
    ['chain_getEpochs', {}],
    ['chain_getSegment', [toHex(rig.api.lastSegment)]],
    ['session_get', at],
    ['session_list', {}],
    ['proposal_get', { ...at, proposal: 'p1' }],
    ['proposal_list', { space: 'main' }],
    ['ballot_get', [ballot]],
    ['ballot_list', at],
    ['tally_get', at],
    ['model_list', {}],
    ['model_get', ['v0']],
    ['agent_status', undefined],
    ['agent_history', {}],
    ['agent_findings', undefined],
    ['space_list', {}],
    ['space_get', ['main']],
    ['rpc.discover', undefined],
  ];
  for (const [method, params] of reads) await checked(rig, method, params);
  assert.deepEqual(rig.internal, []);
});

test('decisions of the agent come in pages, and a cursor of another start is refused', async (t) => {
  const rig = await startRig(t);
  const [last] = rig.api.decisions.newest(1);
  assert.ok(last);
  for (let at = 0; at < 3; at++) rig.api.decisions.record([last], rig.api.nowMs);
  const all = await allPages(rig, 'agent_history', { limit: 2 });
  assert.deepEqual(
    all.map(({ seq }) => seq),
    [5, 4, 3, 2, 1],
  );
  for (const cursor of ['123/2', 'node1']) {
    const encoded = Buffer.from(cursor).toString('base64url');
    const { error } = await rig.call('agent_history', { cursor: encoded });
    assert.deepEqual([error?.data?.type, error?.data?.path], ['params.invalid', 'cursor'], cursor);
  }
});

test('genesis is the very file whose hash is the chain', async (t) => {
  const rig = await startRig(t);
  const { chain } = await rig.result<{ chain: string }>('node_status');
  assert.equal(toHex(chainId(parseGenesis(await rig.result('chain_genesis')))), chain);
});

test('a block is found by height and by hash, and not by both or neither', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const { hash } = await rig.result<{ hash: string }>('chain_head');
  assert.deepEqual(await rig.result('chain_getBlock', { hash }), await rig.result('chain_getBlock', { height: 1 }));
  assert.equal((await rig.refused('chain_getBlock', { height: 9 })).type, 'chain.block-unknown');
  assert.equal((await rig.refused('chain_getBlock', {})).type, 'params.invalid');
  assert.equal((await rig.refused('chain_getBlock', { height: 1, hash })).type, 'params.invalid');
  assert.equal((await rig.refused('chain_getSegment', ['00'.repeat(32)])).type, 'chain.segment-unknown');
  assert.equal((await rig.refused('chain_getCheckpoint', [9])).type, 'chain.checkpoint-unknown');
  const { signatures, differing } = await rig.result<{ signatures: { name: string }[]; differing: number }>(
    'chain_getCheckpoint',
    [1],
  );
  assert.deepEqual(
    signatures.map(({ name }) => name),
    ['node1', 'node2'],
  );
  assert.equal(differing, 1);
});

test('a session from opening to its result', async (t) => {
  const rig = await startRig(t);
  const opened = await checked<{ session: string; status: string }>(rig, 'session_open', sessionParams());
  assert.equal(opened.session, 's1');
  assert.equal(opened.status, 'active');
  await rig.result('ballot_submit', ballotParams('m0', [10, 2]));
  await rig.result('ballot_submit', ballotParams('m1', [4, 2]));
  const session = await checked<{ status: string; progress: object }>(rig, 'session_get', at);
  assert.deepEqual(session.progress, {
    ballots: 2,
    voters: 2,
    electors: 7,
    complete: 2,
    missing: ['v0', 'v1', 'm2', 'm3', 'far'],
    missingCount: 5,
  });
  const live = await checked<{ final: boolean; proposals: Record<string, unknown>[] }>(rig, 'tally_get', at);
  assert.equal(live.final, false);
  const closed = await checked<{ outcome: string; height: number }>(rig, 'session_close', {
    ...at,
    reason: 'all is said',
  });
  assert.equal(closed.outcome, 'applied');
  const tally = await checked<{ final: boolean; height: number; proposals: Record<string, unknown>[] }>(
    rig,
    'tally_get',
    at,
  );
  assert.equal(tally.final, true);
  assert.equal(tally.height, closed.height);
  const [one, two] = tally.proposals;
  assert.deepEqual(
    [one?.n, one?.total, one?.percent, one?.band, one?.status, one?.rank],
    [2, 14, { num: 140, den: 2 }, 'approved', 'approved', 1],
  );
  assert.deepEqual([two?.n, two?.total, two?.status, two?.rank], [2, 4, 'rejected', 2]);
  assert.deepEqual(
    (await allPages(rig, 'proposal_list', { space: 'main', limit: 2, status: 'approved' })).map(({ id }) => id),
    ['p1'],
  );
});

test('a draft is completed, then opened, then settled', async (t) => {
  const rig = await startRig(t);
  const draft = await rig.result<{ status: string }>('session_open', sessionParams({ draft: true, proposals: [] }));
  assert.equal(draft.status, 'draft');
  assert.equal((await rig.refused('session_activate', at)).type, 'session.no-proposals');
  await checked(rig, 'proposal_add', { ...at, proposal: { id: 'p1', title: 'One' } });
  assert.equal(
    (await rig.refused('proposal_add', { ...at, proposal: { id: 'p1', title: 'Another' } })).type,
    'proposal.exists',
  );
  await checked(rig, 'session_activate', at);
  assert.equal(
    (await rig.refused('proposal_add', { ...at, proposal: { id: 'p2', title: 'Two' } })).type,
    'session.not-draft',
  );
  await rig.result('ballot_submit', ballotParams('m0', [9]));
});

test('what the ledger refuses of a record is named by its field', async (t) => {
  const rig = await startRig(t);
  const rule = { method: 'score', close: 'opener' };
  const faults: [Record<string, unknown>, string, string | undefined][] = [
    [{ electorate: [{ voter: 'm0' }, { voter: 'm0' }] }, 'session.invalid', 'electorate'],
    [{ proposals: [] }, 'session.invalid', 'proposals'],
    [{ rule: { ...rule, close: 'deadline' } }, 'session.invalid', 'closesAt'],
    [{ rule: { ...rule, quorum: { kind: 'votes', votes: 99 } } }, 'session.invalid', 'rule.quorum'],
    [
      {
        rule: {
          ...rule,
          threshold: { op: '>=', percent: { num: 70, den: 1 }, byProposal: { p9: { num: 1, den: 1 } } },
        },
      },
      'session.invalid',
      'rule.threshold',
    ],
    [
      { rule: { ...rule, threshold: { op: '>=', percent: { num: 70.5, den: 1 } } } },
      'params.invalid',
      'rule.threshold.percent.num',
    ],
    [
      { rule: { ...rule, threshold: { op: '>=', percent: { num: 101, den: 1 } } } },
      'params.invalid',
      'rule.threshold.percent',
    ],
    [{ rule: { ...rule, hold: { num: 40, den: 1 } } }, 'params.invalid', 'rule.hold'],
    [{ rule: { ...rule, method: 'stance', veto: {} } }, 'params.invalid', 'rule.veto'],
    [{ rule: { ...rule, revisable: true, close: 'all-voted' } }, 'params.invalid', 'rule.close'],
    [{ electorate: [{ voter: 'm0', weight: 0 }] }, 'params.invalid', 'electorate[0].weight'],
    [{ title: 'a\u202eb' }, 'params.invalid', 'title'],
    [{ title: ' ' }, 'params.invalid', 'title'],
    [{ space: 'lab' }, 'space.unknown', 'space'],
    [{ closesAt: '2026-03-01T11:00:00.000Z' }, 'session.closed', 'closesAt'],
  ];
  for (const [changed, type, path] of faults) {
    const error = await rig.refused('session_open', sessionParams(changed));
    assert.deepEqual([error.type, error.path], [type, path], JSON.stringify(changed));
  }
  await openSession(rig);
  assert.equal((await rig.refused('session_open', sessionParams({ title: 'Other' }))).type, 'session.exists');
});

test('a session with 10,000 electors fits', async (t) => {
  const rig = await startRig(t);
  const electorate = Array.from({ length: 10_000 }, (_, index) => ({
    voter: `model-${index}`,
    role: 'general',
    weight: 1,
  }));
  await rig.result('session_open', sessionParams({ electorate }));
  const { progress } = await checked<{ progress: { missing: string[]; missingCount: number } }>(rig, 'session_get', at);
  assert.equal(progress.missing.length, 1_000);
  assert.equal(progress.missingCount, 10_000);
  const big = electorate.map((one, index) => ({ ...one, voter: `model-${'x'.repeat(40)}-${index}` }));
  assert.equal(
    (await rig.refused('session_open', sessionParams({ session: 's2', electorate: big }))).type,
    'operation.too-large',
  );
});

test('closing, cancelling and extending follow the rule of the session', async (t) => {
  const rig = await startRig(t);
  await openSession(rig, { closesAt: '2026-03-01T13:00:00.000Z', rule: { method: 'score', close: 'deadline' } });
  assert.equal((await rig.refused('session_close', at)).type, 'session.rule-forbids');
  const extend = (closesAt: string) => ({ ...at, reason: 'more time', closesAt });
  assert.equal((await rig.refused('session_extend', extend('2026-03-01T12:30:00.000Z'))).type, 'session.rule-forbids');
  await checked(rig, 'session_extend', extend('2026-03-01T14:00:00.000Z'));
  assert.equal((await rig.result<{ closesAt: string }>('session_get', at)).closesAt, '2026-03-01T14:00:00.000Z');
  await checked(rig, 'session_cancel', { ...at, reason: 'a mistake' });
  assert.equal((await rig.refused('session_cancel', { ...at, reason: 'again' })).type, 'session.closed');
  assert.equal((await rig.refused('session_close', { space: 'main', session: 's9' })).type, 'session.unknown');
});

test('operations at once do not use the same seq', async (t) => {
  const rig = await startRig(t);
  const sessions = ['s1', 's2', 's3', 's4', 's5'];
  await Promise.all(sessions.map((session) => openSession(rig, { session })));
  const { items } = await checked<Page>(rig, 'session_list', { space: 'main' });
  assert.deepEqual(
    items.map(({ session }) => session),
    sessions,
  );
  assert.equal(rig.api.submitted.length, 5);
});

test('an operation that comes second is signed once more with the next seq', async (t) => {
  const rig = await startRig(t);
  const { api } = rig;
  const other = (seq: number, id: string) => {
    const body = spaceCreateBody({ id: parseId(id), title: id, openers: [pair(1).publicKey] });
    const times = { notAfterMs: api.nowMs + 60_000, timeMs: api.nowMs };
    return signOperation({ chain: api.chain, actor: pair(1).publicKey, seq, ...times, kind: 'space.create', body }, [
      pair(1),
    ]);
  };
  api.beforeBlock = () => api.advanceOperation(other(1, 'other'));
  assert.equal((await rig.result<{ status: string }>('session_open', sessionParams())).status, 'active');
  assert.equal(api.submitted.length, 2);
  // Whoever loses twice is told.
  api.beforeBlock = () => {
    api.advanceOperation(other(3, 'other2'));
    api.beforeBlock = () => api.advanceOperation(other(4, 'other3'));
  };
  const error = await rig.refused('session_close', at);
  assert.equal(error.type, 'operation.stale');
  assert.equal(error.retryable, true);
});

test('accepted and late operations', async (t) => {
  const rig = await startRig(t);
  const accepted = await checked<{ status: string; outcome?: string }>(
    rig,
    'session_open',
    sessionParams({ await: 'accepted' }),
  );
  assert.equal(accepted.status, 'accepted');
  assert.equal(accepted.outcome, undefined);
  await rig.result('session_close', at);
  rig.api.isStuck = true;
  const late = await rig.refused('session_open', sessionParams({ session: 's2' }));
  assert.equal(late.code, -32007);
  assert.match(String(late.operation), /^[0-9a-f]{64}$/);
});

test('the registry and the spaces', async (t) => {
  const rig = await startRig(t);
  await checked(
    rig,
    'model_register',
    { id: 'gpt-5', key: toHex(pair(60).publicKey), provider: 'openai', aliases: ['GPT 5'] },
    ADMIN,
  );
  const model = await checked<Record<string, unknown>>(rig, 'model_get', ['gpt-5']);
  assert.deepEqual([model.operator, model.auth, model.status, model.aliases], ['node1', 'voter', 'active', ['GPT 5']]);
  const many = Array.from({ length: 512 }, (_, index) => ({ id: `bulk-${index}` }));
  await checked(rig, 'model_register', { models: many }, ADMIN);
  const refused = async (params: object, method = 'model_register') => (await rig.refused(method, params, ADMIN)).type;
  assert.equal(await refused({ id: 'gpt-5' }), 'model.exists');
  assert.equal(await refused({ id: 'x', operator: 'node9' }), 'model.operator-unknown');
  assert.equal(await refused({ id: 'x', key: '00'.repeat(32) }), 'params.invalid');
  assert.equal(await refused({ id: 'x', models: many }), 'params.invalid');
  assert.equal(await refused({ auth: 'operator' }), 'params.invalid');
  assert.equal(await refused({ id: 'gpt-5' }, 'model_update'), 'params.invalid');
  await checked(rig, 'model_update', { id: 'gpt-5', key: null }, ADMIN);
  assert.equal((await rig.result<{ status: string }>('model_get', ['gpt-5'])).status, 'revoked');
  assert.equal(await refused({ id: 'gpt-5', key: toHex(pair(60).publicKey) }, 'model_update'), 'model.key-used');
  await checked(rig, 'space_create', { id: 'lab', title: 'Lab' }, ADMIN);
  assert.equal(await refused({ id: 'lab', title: 'Labour' }, 'space_create'), 'space.exists');
  assert.equal((await rig.refused('space_get', ['nope'])).type, 'space.unknown');
  assert.equal((await rig.refused('model_get', ['nope'])).type, 'model.unknown');
});

test('a list in small pages is the list, in order and without gaps', async (t) => {
  const rig = await startRig(t);
  const ids = ['s1', 's10', 's2', 'a', 'z', 's3'];
  for (const session of ids) await openSession(rig, { session });
  for (const voter of ['m0', 'm1', 'm2']) await rig.result('ballot_submit', ballotParams(voter, [9, 3]));
  const sessions = await allPages(rig, 'session_list', { space: 'main', limit: 2 });
  assert.deepEqual(
    sessions.map(({ session }) => session),
    [...ids].sort(),
  );
  const proposals = await allPages(rig, 'proposal_list', { space: 'main', limit: 2 });
  assert.equal(proposals.length, ids.length * 2);
  assert.equal((await allPages(rig, 'model_list', { limit: 2 })).length, 9);
  assert.equal((await allPages(rig, 'model_list', { limit: 2, operator: 'node2' })).length, 1);
  assert.deepEqual(
    (await allPages(rig, 'ballot_list', { ...at, limit: 2 })).map(({ voter }) => voter),
    ['m0', 'm1', 'm2'],
  );
  for (const bad of [
    { limit: 0 },
    { limit: 1_001 },
    { limit: 1.5 },
    { cursor: '' },
    { cursor: 'not!' },
    { cursor: '../..' },
  ]) {
    assert.equal(
      (await rig.refused('session_list', { space: 'main', ...bad })).type,
      'params.invalid',
      JSON.stringify(bad),
    );
  }
});

test('the OpenRPC document lists every method with its scope, its params and the limits', async (t) => {
  const rig = await startRig(t);
  interface Described {
    readonly name: string;
    readonly params: readonly { name: string; required: boolean; schema: object }[];
    readonly 'x-scope': string;
  }
  const served = await fetch(`${rig.url}/openrpc.json`);
  const document = (await served.json()) as {
    openrpc: string;
    methods: readonly Described[];
    'x-limits': Record<string, number>;
  };
  assert.deepEqual(
    document.methods.map(({ name }) => name),
    [...METHODS.keys()],
  );
  const scopes = new Map(document.methods.map((method) => [method.name, method['x-scope']]));
  assert.deepEqual(
    ['session_open', 'model_register', 'ballot_submit', 'tally_get'].map((name) => scopes.get(name)),
    ['operator', 'admin', 'caller', 'none'],
  );
  const submit = document.methods.find(({ name }) => name === 'ballot_submit');
  assert.deepEqual(
    submit?.params.filter(({ required }) => required).map(({ name }) => name),
    ['space', 'session', 'voter', 'entries'],
  );
  assert.equal(document['x-limits'].bodyBytesMax, 1_048_576);
});
