import type { CborValue } from '../../protocol/codec/cbor.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { signBallot } from '../../protocol/governance/ballot.ts';
import { encodeSignedOperation, type OperationKind, signOperation } from '../../protocol/governance/operation.ts';
import {
  changeNameBody,
  paramsProposeBody,
  rosterProposeBody,
} from '../../protocol/governance/operations/network-change.ts';
import { fromHex, toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { ErrorType } from '../rpc/error-codes.ts';
import { RPC_LIMITS } from '../rpc/limits.ts';
import type { Submission } from '../rpc/node-api.ts';
import { FakeNodeApi, pair, START_MS } from './harness/fake-node-api.ts';
import {
  ADMIN,
  ballotParams,
  OPERATOR,
  openSession,
  type Rig,
  type RpcAnswer,
  sessionParams,
} from './harness/rpc-client.ts';

/** Makes one wrong thing happen at a door, and returns what the door answered to it. */
export type Scenario = (rig: Rig) => Promise<RpcAnswer>;

const HASH = '5f'.repeat(32);
const PEER = `12D3KooW${'A'.repeat(44)}`;
const at = { space: 'main', session: 's1' };

/** One call, nothing before it. */
const plain =
  (method: string, params?: unknown, token?: string): Scenario =>
  (rig) =>
    rig.call(method, params, token);

/** A call after the session s1 was opened. */
const opened =
  (changed: Record<string, unknown>, method: string, params: unknown, bend?: (rig: Rig) => void): Scenario =>
  async (rig) => {
    await openSession(rig, changed);
    bend?.(rig);
    return await rig.call(method, params);
  };

/** A ballot of m0, or of another, in a session as it is. */
const voted = (params: Record<string, unknown>, changed = {}, bend?: (rig: Rig) => void): Scenario =>
  opened(changed, 'ballot_submit', { ...ballotParams('m0', [7, 8]), ...params }, bend);

/** After a first call that must succeed. */
const after =
  (
    first: [method: string, params: unknown],
    changed: Record<string, unknown>,
    method: string,
    params: unknown,
  ): Scenario =>
  async (rig) => {
    await openSession(rig, changed);
    await rig.result(...first);
    return await rig.call(method, params);
  };

/** What the ledger of the network says, whatever this node expected. */
const ledgerSays = (outcome: Outcome) => (rig: Rig) => {
  const answer = (id: Uint8Array): Submission => {
    const accepted = Promise.resolve();
    return { id, shard: 0, accepted, final: Promise.resolve({ outcome, height: 1 }) };
  };
  rig.api.submitBallot = ({ id }) => answer(id);
  rig.api.submitOperation = ({ id }) => answer(id);
};

const bent = (change: (api: FakeNodeApi) => void, scenario: Scenario): Scenario => {
  return (rig) => {
    change(rig.api);
    return scenario(rig);
  };
};

/** The block that orders it comes this much later. */
const late = (ms: number) => (api: FakeNodeApi) => {
  api.beforeBlock = () => {
    api.nowMs += ms;
  };
};

const onOtherChain = (api: FakeNodeApi) => void Object.assign(api, { chain: new Uint8Array(32).fill(9) });
const open = plain('session_open', sessionParams());
const posted = (body: string): Scenario => {
  return async (rig) => (await rig.post(body)).json as RpcAnswer;
};

const REQUEST: Partial<Record<ErrorType, Scenario>> = {
  'request.parse': posted('{"jsonrpc":'),
  'request.invalid': posted('{"jsonrpc":"2.0","method":"chain_head","id":1.5}'),
  'method.unknown': plain('ballot_submitt'),
  'params.invalid': plain('session_get', { session: 's1' }),
  internal: bent((api) => {
    api.chains = () => {
      throw new TypeError('secret');
    };
  }, plain('chain_getChains')),
  'auth.missing': plain('space_create', { id: 'one', title: 'One' }, ''),
  'auth.forbidden': plain('space_create', { id: 'one', title: 'One' }, OPERATOR),
  'response.too-large': readTooMuch,
  'node.not-ready': bent((api) => {
    api.statusChange = { syncing: true, notReadyReason: 'syncing: 7 of 9 blocks' };
  }, open),
  'request.rate-limited': async (rig) => {
    for (let guess = 0; guess < RPC_LIMITS.guessesMax; guess++) await rig.call('space_create', {}, `guess-${guess}`);
    return await rig.call('space_create', {}, 'guess');
  },
  'request.too-large': posted(' '.repeat(RPC_LIMITS.bodyBytesMax + 1)),
  'request.timeout': voted({}, {}, ({ api }) => void Object.assign(api, { isStuck: true })),
  'network.busy': bent((api) => void Object.assign(api, { submitFault: FakeNodeApi.BUSY }), open),
  'storage.damaged': bent(
    (api) => {
      api.segment = () => Promise.reject(new WaggleError('WAGGLE_STORE_DAMAGED', { prefix: 5 }));
    },
    plain('chain_getSegment', { id: HASH }),
  ),
  'storage.read-only': bent((api) => void Object.assign(api, { statusChange: { writable: false } }), open),
};

async function readTooMuch(rig: Rig): Promise<RpcAnswer> {
  const proposals = Array.from({ length: 200 }, (_, at) => ({ id: `p${at}`, title: 'Long', body: 'b'.repeat(2_000) }));
  await openSession(rig, { proposals });
  const calls = Array.from({ length: 50 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'session_get', params: at }));
  const answers = (await rig.post(JSON.stringify(calls))).json as RpcAnswer[];
  return answers.find(({ error }) => error !== undefined) ?? {};
}

const READS: Partial<Record<ErrorType, Scenario>> = {
  'chain.block-unknown': plain('chain_getBlock', { height: 9 }),
  'chain.segment-unknown': plain('chain_getSegment', { id: HASH }),
  'chain.checkpoint-unknown': plain('chain_getCheckpoint', { height: 9 }),
  'chain.pruned': (rig) => {
    rig.api.floorHeight = 7;
    return rig.call('chain_getBlock', { height: 7 });
  },
  'space.unknown': plain('space_get', { space: 'nowhere' }),
  'session.unknown': plain('session_get', at),
  'proposal.unknown': opened({}, 'proposal_get', { ...at, proposal: 'p9' }),
  'ballot.unknown': plain('ballot_get', { ballot: HASH }),
  'model.unknown': plain('model_get', { model: 'nobody' }),
};

const draft = { draft: true };
const SESSIONS: Partial<Record<ErrorType, Scenario>> = {
  'space.exists': plain('space_create', { id: 'main', title: 'Again' }, ADMIN),
  'session.exists': opened({}, 'session_open', sessionParams({ title: 'Another' })),
  'session.invalid': plain('session_open', sessionParams({ electorate: [{ voter: 'm0' }, { voter: 'm0' }] })),
  'session.closed': after(['session_close', at], {}, 'session_cancel', { ...at, reason: 'late' }),
  'session.not-draft': opened({}, 'session_activate', at),
  'session.not-open': opened(draft, 'session_close', at),
  'session.no-proposals': opened({ draft: true, proposals: [] }, 'session_activate', at),
  'session.rule-forbids': opened({}, 'session_extend', { ...at, reason: 'r', closesAt: '2027-01-01T00:00:00Z' }),
  'proposal.exists': opened(draft, 'proposal_add', { ...at, proposal: { id: 'p1', title: 'Again' } }),
};

const REVISABLE = { method: 'score', revisable: true, close: 'opener' };
const twice = ballotParams('m0', [7, 8]).entries.map((entry) => ({ ...entry, proposal: 'p1' }));
const long = Array.from({ length: 40 }, (_, at) => ({ proposal: `p${at}`, choice: 7, comment: 'c'.repeat(2_000) }));
const BALLOTS: Partial<Record<ErrorType, Scenario>> = {
  'ballot.closed': after(['session_close', at], {}, 'ballot_submit', ballotParams('m0', [7, 8])),
  'ballot.not-open': voted({}, draft),
  'ballot.not-eligible': voted({ voter: 'm5' }),
  'ballot.already-voted': after(
    ['ballot_submit', ballotParams('m0', [7, 8])],
    {},
    'ballot_submit',
    ballotParams('m0', [1, 1]),
  ),
  'ballot.conflict': voted({ previous: HASH }, { rule: REVISABLE }),
  'ballot.bad-signature': signedBy(9),
  'ballot.incomplete': voted({ entries: [{ proposal: 'p1', choice: 7 }] }),
  'ballot.unknown-proposal': voted({ entries: [{ proposal: 'p9', choice: 7 }] }),
  'ballot.invalid-choice': voted({ entries: [{ proposal: 'p1', choice: 11 }] }),
  'ballot.expired': voted({}, {}, ({ api }) => late(61_000)(api)),
  'ballot.wrong-chain': voted({}, {}, ({ api }) => onOtherChain(api)),
  'ballot.wrong-shard': voted({}, {}, ledgerSays('wrong-shard')),
  'ballot.malformed': voted({}, {}, ledgerSays('malformed')),
  'ballot.duplicate-proposal': voted({ entries: twice }),
  'ballot.too-large': voted({ entries: long }),
  'ballot.not-after': voted({ notAfter: '2027-01-01T00:00:00Z' }),
  'ballot.not-operated': voted({ voter: 'far' }),
  'ballot.no-key': voted({ voter: 'v1' }),
  'receipt.unavailable': voted({ await: 'receipt' }),
};

/** A whole ballot of v0, signed by some key. */
function signedBy(byte: number): Scenario {
  return async (rig) => {
    await openSession(rig);
    const names = { space: parseId('main'), session: parseId('s1'), voter: parseId('v0'), previous: undefined };
    const times = { notAfterMs: START_MS + 60_000, timeMs: START_MS };
    const entries = ['p1', 'p2'].map((id) => ({
      proposal: parseId(id),
      choice: { method: 'score', weight: 7 } as const,
    }));
    const { signature } = signBallot({ chain: rig.api.chain, ...names, ...times, entries }, pair(byte).sign);
    const given = { notAfter: new Date(times.notAfterMs).toISOString(), time: new Date(START_MS).toISOString() };
    const params = { ...ballotParams('v0', [7, 7]), ...given, signature: toHex(signature ?? new Uint8Array(64)) };
    return await rig.call('ballot_submit', params, '');
  };
}

const crowd = Array.from({ length: 5_000 }, (_, at) => ({ voter: `m${at}-${'x'.repeat(50)}`, role: 'r'.repeat(64) }));
const key1 = toHex(pair(1).publicKey);
const REGISTRY: Partial<Record<ErrorType, Scenario>> = {
  'model.exists': plain('model_register', { id: 'm0', label: 'Another' }, ADMIN),
  'model.operator-unknown': plain('model_register', { id: 'new', operator: 'nobody' }, ADMIN),
  'model.key-used': async (rig) => {
    await rig.result('model_update', { id: 'v0', key: null }, ADMIN);
    return await rig.call('model_update', { id: 'v0', key: toHex(pair(40).publicKey) }, ADMIN);
  },
  'operation.forbidden': async (rig) => {
    const openers = [toHex(pair(2).publicKey)];
    await rig.result('space_create', { id: 'other', title: 'Other', openers }, ADMIN);
    return await rig.call('session_open', sessionParams({ space: 'other' }));
  },
  'operation.stale': async (rig) => {
    ledgerSays('stale')(rig);
    return await open(rig);
  },
  'operation.bad-signature': bent((api) => {
    Object.assign(api, { operatorKey: { ...pair(1), sign: () => new Uint8Array(64) } });
  }, open),
  'operation.expired': bent(late(61_000), open),
  'operation.malformed': plain('space_create', { id: 'one', title: 'One', openers: [key1, key1] }, ADMIN),
  'operation.wrong-chain': bent(onOtherChain, open),
  'operation.too-large': plain('session_open', sessionParams({ electorate: crowd })),
  'observer.unknown': plain('observer_remove', { name: 'nobody' }),
  'observer.exists': plain('observer_admit', { name: 'node2', peer: PEER }),
  'observer.refused': bent(
    (api) => void Object.assign(api, { operatorKey: pair(9) }),
    plain('observer_admit', { name: 'new', peer: PEER }),
  ),
};

/** Operations that somebody signed elsewhere and brings whole, one after the other; the answer to the last one. */
const brought =
  (...operations: readonly (readonly [kind: OperationKind, body: CborValue])[]): Scenario =>
  async (rig) => {
    let answer: RpcAnswer | undefined;
    for (const [at, [kind, body]] of operations.entries()) {
      const times = { notAfterMs: START_MS + 60_000, timeMs: START_MS };
      const facts = { chain: rig.api.chain, actor: pair(1).publicKey, seq: at + 1, ...times, kind, body };
      const operation = toHex(encodeSignedOperation(signOperation(facts, [pair(1)])));
      answer = await rig.call('operation_submit', { operation });
    }
    if (answer === undefined) throw new RangeError('no operation');
    return answer;
  };

const fifth = { name: parseId('node5'), key: pair(60).publicKey, peer: PEER, addrs: [] };
const joins = ['roster.propose', rosterProposeBody({ epoch: 0, add: [fifth] })] as const;
const change = new Uint8Array(32).fill(1);
const CHANGES: Partial<Record<ErrorType, Scenario>> = {
  'validator.unknown': brought(['roster.propose', rosterProposeBody({ epoch: 0, remove: [parseId('nobody')] })]),
  'change.exists': brought(joins, joins),
  'change.refused': brought(['roster.propose', rosterProposeBody({ epoch: 0, add: [{ ...fifth, key: change }] })]),
  'change.unknown': brought(['change.withdraw', changeNameBody({ epoch: 0, change })]),
  'change.approved': async (rig) => {
    const proposed = await brought(['params.propose', paramsProposeBody({ epoch: 0, shards: 3 })])(rig);
    const { operation } = (proposed as unknown as { result: { operation: string } }).result;
    const body = changeNameBody({ epoch: 0, change: fromHex(operation, 32) });
    return await brought(['session.cancel', null], ['change.withdraw', body])(rig);
  },
};

/** How each public error comes about, by its type. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  Object.entries({ ...REQUEST, ...READS, ...SESSIONS, ...BALLOTS, ...REGISTRY, ...CHANGES }),
);
