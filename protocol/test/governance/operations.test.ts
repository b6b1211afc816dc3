import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CborValue } from '../../codec/cbor.ts';
import type { KeyPair } from '../../crypto/keys.ts';
import type { OperationKind } from '../../governance/operation.ts';
import { modelRegisterBody, modelUpdateBody, spaceCreateBody } from '../../governance/operations/registry.ts';
import { proposalAddBody, sessionActivateBody } from '../../governance/operations/session-draft.ts';
import { type SessionOpen, sessionOpenBody } from '../../governance/operations/session-open.ts';
import { judgeOperation } from '../../governance/queries.ts';
import { toHex } from '../../hex.ts';
import { parseId } from '../../ids.ts';
import { OUTCOMES, type Outcome } from '../../outcome.ts';
import {
  ADMINS,
  at,
  OPENER,
  openWorld,
  pair,
  RULE,
  STRANGER,
  scores,
  sessionOpen,
  VALIDATORS,
  voterKey,
  World,
} from './world.ts';

const [admin = STRANGER, second = STRANGER] = ADMINS;
const BOTH = [admin, second];
const space = { id: parseId('lab'), title: 'Lab', openers: [OPENER.publicKey] };
const model = { id: parseId('new'), operator: parseId('node2'), auth: 'operator' } as const;

function outcomeOf(world: World, kind: OperationKind, body: CborValue, signers: readonly KeyPair[]): Outcome {
  return world.apply(world.operation(kind, body, signers)).outcome;
}

test('the first failing check is the outcome: faults are mended one by one, in the order of the codes', () => {
  const world = openWorld();
  const taken = sessionOpenBody(sessionOpen({ closesAtMs: 1 }));
  const nowhere = sessionOpenBody(sessionOpen({ space: parseId('none'), closesAtMs: 1 }));
  const bad = { chain: new Uint8Array(32), seq: 7, notAfterMs: 1, actor: admin.publicKey };
  const { chain } = world.state;
  const run = (body: CborValue, changed: object, signers = [STRANGER], shard = 0): Outcome =>
    world.apply(world.operation('session.open', body, signers, changed), { shard }).outcome;
  const outcomes = [
    run('nothing', bad, [STRANGER], 3),
    run(nowhere, bad, [STRANGER], 3),
    run(nowhere, { ...bad, chain }, [STRANGER], 3),
    run(nowhere, { ...bad, chain }),
    run(nowhere, { ...bad, chain, notAfterMs: 9_000_000 }),
    run(nowhere, { actor: admin.publicKey }),
    run(taken, { actor: admin.publicKey }),
    run(taken, {}),
    run(taken, {}, [OPENER]),
    run(sessionOpenBody(sessionOpen()), {}, [OPENER]),
    run(sessionOpenBody(sessionOpen({ session: parseId('0002') })), {}, [OPENER]),
  ];
  assert.deepEqual(outcomes, [
    'malformed',
    'wrong-chain',
    'wrong-shard',
    'expired',
    'stale',
    'unknown-session',
    'bad-signature',
    'forbidden',
    'closed',
    'conflict',
    'applied',
  ]);
  const codes = outcomes.map((outcome) => OUTCOMES[outcome]);
  assert.deepEqual(
    [...codes].sort((a, b) => a - b),
    codes,
  );
});

test('seq: only the next one is applied, and only an applied one uses it up', () => {
  const world = new World();
  const run = (seq: number, signers = BOTH): Outcome => {
    const body = spaceCreateBody({ ...space, id: parseId(`s${seq}`) });
    return world.apply(world.operation('space.create', body, signers, { seq })).outcome;
  };
  assert.deepEqual(
    [run(0), run(2), run(1, [admin]), run(1), run(1), run(3), run(2)],
    ['stale', 'stale', 'forbidden', 'applied', 'stale', 'stale', 'applied'],
  );
  assert.equal(world.state.seqs.get(toHex(admin.publicKey)), 2);
  assert.equal(world.state.seqs.get(toHex(second.publicKey)), undefined);
});

test('one false signature spoils an operation, and the actor must sign', () => {
  const world = new World();
  const good = world.operation('space.create', spaceCreateBody(space), [...BOTH, STRANGER]);
  const forged = good.signatures.map((one) =>
    toHex(one.key) === toHex(STRANGER.publicKey) ? { ...one, signature: new Uint8Array(64) } : one,
  );
  assert.equal(world.apply({ ...good, signatures: forged }).outcome, 'bad-signature');
  assert.equal(
    world.apply(world.operation('space.create', spaceCreateBody(space), BOTH, { actor: OPENER.publicKey })).outcome,
    'bad-signature',
  );
  assert.equal(world.apply(good).outcome, 'applied');
});

test('authorization by kind: who may, and that nobody else does', () => {
  const draft = () => openWorld({ draft: true });
  const added = { ...at, proposals: [{ id: parseId('003'), title: 'Third' }] };
  const cases: [OperationKind, CborValue, () => World, readonly KeyPair[], readonly KeyPair[][]][] = [
    ['space.create', spaceCreateBody(space), () => new World(), BOTH, [[admin], [OPENER], [STRANGER]]],
    ['model.register', modelRegisterBody({ models: [model] }), () => new World(), BOTH, [[admin], [OPENER]]],
    [
      'model.update',
      modelUpdateBody({ id: parseId('m0'), label: 'M0' }),
      () => new World(),
      BOTH,
      [[voterKey(0)], [admin]],
    ],
    [
      'model.update',
      modelUpdateBody({ id: parseId('m0'), key: null }),
      () => new World(),
      [voterKey(0)],
      [[voterKey(1)], [admin]],
    ],
    [
      'session.open',
      sessionOpenBody(sessionOpen()),
      () => new World(),
      [OPENER],
      [BOTH, [STRANGER], [STRANGER, OPENER]],
    ],
    ['proposal.add', proposalAddBody(added), draft, [OPENER], [BOTH, [STRANGER]]],
    ['session.activate', sessionActivateBody(at), draft, [OPENER], [BOTH, [STRANGER]]],
    ['session.close', { ...at }, openWorld, [OPENER], [[admin], [STRANGER], [...VALIDATORS]]],
    ['session.close', { ...at }, openWorld, BOTH, []],
    ['session.cancel', { ...at, reason: 'a mistake' }, openWorld, [STRANGER, OPENER], [[admin], [STRANGER]]],
  ];
  for (const [kind, body, make, may, mayNot] of cases) {
    for (const signers of mayNot) assert.equal(outcomeOf(make(), kind, body, signers), 'forbidden', kind);
    assert.equal(outcomeOf(make(), kind, body, may), 'applied', kind);
  }
  assert.equal(outcomeOf(new World(), 'chain.restart', {}, BOTH), 'forbidden', 'evidence, and no operation');
});

test('registry: one operation registers many models or none', () => {
  const world = new World();
  const models = [
    model,
    { ...model, id: parseId('newer'), auth: 'voter', key: pair(70).publicKey, aliases: ['N'] } as const,
  ];
  const run = (...list: object[]): Outcome =>
    outcomeOf(world, 'model.register', modelRegisterBody({ models: list as (typeof model)[] }), BOTH);
  assert.equal(run({ ...model, operator: parseId('node9') }), 'not-eligible');
  assert.equal(run({ ...model, key: new Uint8Array(32) }), 'forbidden', 'a key of small order');
  assert.equal(run({ ...model, key: new Uint8Array(31) }), 'malformed');
  assert.equal(run({ ...model, auth: 'voter' }), 'malformed');
  assert.equal(run(model, model), 'malformed');
  assert.equal(run(), 'malformed');
  assert.equal(run(model, { ...model, id: parseId('m0') }), 'conflict');
  assert.ok(!world.state.models.has('new'));
  assert.equal(run(...models), 'applied');
  assert.deepEqual(world.state.models.get('newer')?.aliases, ['N']);
  assert.equal(world.state.models.get('new')?.registeredHeight, world.height);
  assert.equal(outcomeOf(world, 'space.create', spaceCreateBody(space), BOTH), 'applied');
  assert.equal(outcomeOf(world, 'space.create', spaceCreateBody(space), BOTH), 'conflict');
});

test('keys rotate, are revoked, and never return', () => {
  const world = openWorld();
  const run = (key: Uint8Array | null, signers: readonly KeyPair[], rest = {}): Outcome =>
    outcomeOf(world, 'model.update', modelUpdateBody({ id: parseId('m0'), key, ...rest }), signers);
  const next = pair(71);
  assert.equal(run(voterKey(0).publicKey, [voterKey(0)]), 'conflict');
  assert.equal(run(next.publicKey, [voterKey(0)], { label: 'M0' }), 'forbidden', 'its key, and nothing else');
  assert.equal(run(next.publicKey, [voterKey(0)]), 'applied');
  assert.equal(world.apply(world.ballot(0, scores(8, 8))).outcome, 'bad-signature', 'signed with the old key');
  assert.equal(run(voterKey(0).publicKey, [next]), 'conflict', 'a key that was given up');
  assert.equal(run(null, [next]), 'applied');
  assert.equal(run(null, BOTH), 'conflict');
  assert.equal(
    outcomeOf(world, 'model.update', modelUpdateBody({ id: parseId('m0'), auth: 'voter' }), BOTH),
    'forbidden',
  );
  assert.equal(run(pair(72).publicKey, [next]), 'forbidden', 'a revoked key signs nothing');
  assert.equal(run(pair(72).publicKey, BOTH), 'applied');
  assert.equal(world.state.models.get('m0')?.pastKeys?.length, 2);
  assert.equal(
    outcomeOf(world, 'model.update', modelUpdateBody({ id: parseId('who'), label: 'x' }), BOTH),
    'not-eligible',
  );
  assert.equal(outcomeOf(world, 'model.update', modelUpdateBody({ id: parseId('m0') }), BOTH), 'malformed');
  const moved = modelUpdateBody({ id: parseId('m3'), operator: parseId('node1') });
  assert.equal(outcomeOf(world, 'model.update', moved, BOTH), 'applied');
  assert.equal(
    world.apply(world.ballot(3, scores(8, 8)), { author: 3 }).outcome,
    'bad-signature',
    'the operator moved',
  );
  assert.equal(world.apply(world.ballot(3, scores(8, 8)), { author: 0 }).outcome, 'counted');
});

test('a repeated session.open is a duplicate, another one for its id a conflict', () => {
  const world = new World();
  const first = world.open();
  assert.equal(world.apply(first).outcome, 'applied');
  const again = world.apply(first);
  assert.deepEqual([again.outcome, toHex(again.counted ?? new Uint8Array())], ['duplicate', toHex(first.id)]);
  assert.equal(world.apply(world.open()).outcome, 'conflict');
  assert.equal(judgeOperation(world.state, world.context, first, { shard: 0, author: 0 }), 'duplicate');
});

test('drafts: proposals are added until activation, which needs them complete', () => {
  const byProposal = { '003': { num: 80, den: 1 } };
  const rule = { ...RULE, threshold: { op: '>=', percent: { num: 70, den: 1 }, byProposal } } as const;
  const world = openWorld({ draft: true, proposals: [], rule });
  const add = (...ids: string[]): Outcome => {
    const proposals = ids.map((id) => ({ id: parseId(id), title: id }));
    return outcomeOf(world, 'proposal.add', proposalAddBody({ ...at, proposals }), [OPENER]);
  };
  const activate = (): Outcome => outcomeOf(world, 'session.activate', sessionActivateBody(at), [OPENER]);
  assert.equal(activate(), 'unknown-proposal');
  assert.equal(add('001', '002'), 'applied');
  assert.equal(add('004', '001'), 'conflict');
  assert.equal(add('004', '004'), 'malformed');
  assert.equal(activate(), 'unknown-proposal');
  assert.equal(add('003'), 'applied');
  assert.equal(add(...Array.from({ length: 254 }, (_, n) => `x${n}`)), 'forbidden', 'over the limit');
  assert.equal(outcomeOf(world, 'session.close', { ...at }, [OPENER]), 'not-open');
  assert.equal(activate(), 'applied');
  assert.equal(add('005'), 'closed');
  assert.equal(activate(), 'closed');
  assert.equal(world.apply(world.ballot(0, scores(1, 2, 3))).outcome, 'counted');
  const empty = openWorld({ draft: true, proposals: [] });
  assert.equal(outcomeOf(empty, 'session.activate', sessionActivateBody(at), [OPENER]), 'incomplete');
  const late = openWorld({ draft: true, closesAtMs: 1_000_500 });
  assert.equal(outcomeOf(late, 'session.activate', sessionActivateBody(at), [OPENER]), 'closed');
  assert.equal(
    outcomeOf(late, 'session.activate', { ...(sessionActivateBody(at) as object), session: 'no' }, [OPENER]),
    'unknown-session',
  );
});

const threshold = { op: '>=', percent: { num: 70, den: 1 } } as const;
const elector = { voter: parseId('m0'), role: 'general', weight: 1 };

/** What makes a session.open malformed; the rule is changed unless the fault is beside it. */
const MALFORMED: readonly object[] = [
  { rule: { ...RULE, extra: 1 } },
  { rule: { ...RULE, method: 'ranked' } },
  { rule: { ...RULE, threshold: { ...threshold, op: '<' } } },
  { rule: { ...RULE, threshold: { ...threshold, percent: { num: 1, den: 0 } } } },
  { rule: { ...RULE, threshold: { ...threshold, percent: { num: -1, den: 1 } } } },
  { rule: { ...RULE, threshold: { ...threshold, percent: { num: 101, den: 1 } } } },
  { rule: { ...RULE, threshold: { ...threshold, percent: { num: 1, den: 2_000_000_000 } } } },
  { rule: { ...RULE, threshold: { ...threshold, percent: 70 } } },
  { rule: { ...RULE, threshold: { ...threshold, byProposal: { '009': { num: 70, den: 1 } } } } },
  { rule: { ...RULE, threshold: { ...threshold, byCategory: { Nowhere: { num: 70, den: 1 } } } } },
  { rule: { ...RULE, threshold: { ...threshold, byProposal: { 'Not An Id': { num: 70, den: 1 } } } } },
  { rule: { ...RULE, threshold: null } },
  { rule: { ...RULE, hold: { num: 200, den: 1 } } },
  { rule: { ...RULE, quorum: { kind: 'votes', votes: 0 } } },
  { rule: { ...RULE, quorum: { kind: 'votes', votes: 5 } } },
  { rule: { ...RULE, quorum: { kind: 'share', share: { num: 60, den: 1 } } } },
  { rule: { ...RULE, quorum: { kind: 'share', share: { num: 0, den: 1 } } } },
  { rule: { ...RULE, veto: { ...RULE.veto, maxWeight: 0 } } },
  { rule: { ...RULE, veto: { ...RULE.veto, revisionAt: 90 } } },
  { rule: { ...RULE, veto: { ...RULE.veto, role: '' } } },
  { rule: { ...RULE, method: 'stance' } },
  { rule: { ...RULE, close: 'all-voted', revisable: true } },
  { rule: { ...RULE, close: 'deadline' } },
  { rule: { ...RULE, auth: 'operator' } },
  { rule: { ...RULE, revisable: 0 } },
  { title: '' },
  { title: ' ' },
  { title: 'é'.repeat(129) },
  { session: 'Has Space' },
  { electorate: [] },
  { electorate: [elector, elector] },
  { electorate: [{ ...elector, weight: 0 }] },
  { electorate: [{ ...elector, weight: 1_000_001 }] },
  { electorate: [{ ...elector, role: 'r'.repeat(65) }] },
  { electorate: [{ ...elector, voter: 'M 0' }] },
  { proposals: [] },
  {
    proposals: [
      { id: '001', title: 'a' },
      { id: '001', title: 'b' },
    ],
  },
  { proposals: [{ id: '001', title: 'a', body: 'x'.repeat(8_193) }] },
  { proposals: [{ id: '001', title: 'a', status: 'approved' }] },
  { opensAtMs: 2_000_000, closesAtMs: 2_000_000 },
  { draft: 'no' },
  { unknown: true },
];

test('a rule, an electorate or a proposal that is not whole is malformed', () => {
  const world = new World();
  const plain = { ...RULE, threshold, hold: undefined };
  assert.equal(
    outcomeOf(world, 'session.open', sessionOpenBody(sessionOpen({ rule: plain as never })), [OPENER]),
    'applied',
  );
  for (const [index, fault] of MALFORMED.entries()) {
    const body = sessionOpenBody(sessionOpen({ session: parseId('0002'), ...fault } as Partial<SessionOpen>));
    const before = world.rows();
    assert.equal(
      outcomeOf(world, 'session.open', body, [OPENER]),
      'malformed',
      `case ${index} ${JSON.stringify(fault)}`,
    );
    assert.deepEqual(world.rows(), before);
  }
});

test('names that mean something to an object are names like any other', () => {
  const proposals = [{ id: parseId('constructor'), title: 'a', category: '__proto__' }];
  const byCategory = Object.fromEntries([['__proto__', { num: 55, den: 1 }]]);
  const byProposal = Object.fromEntries([['constructor', { num: 60, den: 1 }]]);
  const world = openWorld({ proposals, rule: { ...RULE, threshold: { ...threshold, byCategory, byProposal } } });
  const row = world.state.sessions.get('main/0001');
  assert.deepEqual(Object.entries(row?.rule.threshold?.byCategory ?? {}), [['__proto__', { num: 55, den: 1 }]]);
  assert.ok(
    world
      .rows()
      .get('sessions:main/0001')
      ?.includes(toHex(new TextEncoder().encode('__proto__'))),
  );
});

test('ten thousand electors fit one operation', () => {
  const electorate = Array.from({ length: 10_000 }, (_, n) => ({
    voter: parseId(`model-${n}`),
    role: 'collaborator',
    weight: 1,
  }));
  const world = openWorld({ electorate });
  assert.equal(world.state.sessions.get('main/0001')?.electorate.length, 10_000);
});
