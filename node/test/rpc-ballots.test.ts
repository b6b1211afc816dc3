import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ballot, type SignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import type { Entry } from '../../protocol/governance/types.ts';
import { fromHex, toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { FakeNodeApi, pair, START_MS } from './harness/fake-node-api.ts';
import { ballotParams, openSession, type Rig, startRig } from './harness/rpc-client.ts';

interface Submitted {
  readonly ballot: string;
  readonly shard: number;
  readonly status: string;
  readonly outcome?: string;
  readonly height?: number;
  readonly finalMs?: number;
}

const submit = (rig: Rig, voter: string, choices: readonly unknown[], more: Record<string, unknown> = {}) =>
  rig.result<Submitted>('ballot_submit', ballotParams(voter, choices, more));
const refused = async (rig: Rig, params: Record<string, unknown>, token?: string) =>
  await rig.refused('ballot_submit', params, token);

/** What a voter's own tool builds and signs, and the params that carry it. */
function signedParams(rig: Rig, voter: string, weights: readonly number[], changed: Partial<Ballot> = {}, key = 40) {
  const entries: Entry[] = weights.map((weight, at) => ({
    proposal: parseId(`p${at + 1}`),
    choice: { method: 'score', weight },
  }));
  const ballot: Ballot = {
    chain: rig.api.chain,
    space: parseId('main'),
    session: parseId('s1'),
    voter: parseId(voter),
    previous: undefined,
    notAfterMs: START_MS + 60_000,
    timeMs: START_MS,
    entries,
    ...changed,
  };
  const signed = signBallot(ballot, pair(key).sign);
  return { signed, params: paramsOf(signed) };
}

function paramsOf({ ballot, signature = new Uint8Array() }: SignedBallot): Record<string, unknown> {
  const weights = ballot.entries.map(({ choice }) => (choice.method === 'score' ? choice.weight : choice.stance));
  return ballotParams(ballot.voter, weights, {
    ...(ballot.previous === undefined ? {} : { previous: toHex(ballot.previous) }),
    notAfter: new Date(ballot.notAfterMs).toISOString(),
    time: new Date(ballot.timeMs).toISOString(),
    signature: toHex(signature),
  });
}

/** Each line is one fault: what is sent in place of a good ballot, the error, and the path it names. */
const entry = (changed: Record<string, unknown>) => ({
  entries: [
    { proposal: 'p1', choice: 5 },
    { proposal: 'p2', choice: 5, ...changed },
  ],
});
const choiceFaults = [0, 11, -1, 1.5, 1.0000000000000002, '9', 'Approve', '', true, null, [], {}, 2 ** 53];
const FAULTS: readonly [name: string, changed: Record<string, unknown>, type: string, path: string][] = [
  ...choiceFaults.map(
    (choice) =>
      [`choice ${JSON.stringify(choice)}`, entry({ choice }), 'ballot.invalid-choice', 'entries[1].choice'] as [
        string,
        Record<string, unknown>,
        string,
        string,
      ],
  ),
  [
    'an object of no method',
    entry({ choice: { method: 'rank', weight: 3 } }),
    'ballot.invalid-choice',
    'entries[1].choice',
  ],
  [
    'an object with more',
    entry({ choice: { method: 'score', weight: 3, x: 1 } }),
    'ballot.invalid-choice',
    'entries[1].choice.x',
  ],
  [
    'weight 11 in an object',
    entry({ choice: { method: 'score', weight: 11 } }),
    'ballot.invalid-choice',
    'entries[1].choice.weight',
  ],
  ['a stance in a score session', entry({ choice: 'approve' }), 'ballot.invalid-choice', 'entries[1].choice'],
  ['a proposal twice', entry({ proposal: 'p1' }), 'ballot.duplicate-proposal', 'entries[1].proposal'],
  ['a foreign proposal', entry({ proposal: 'p9' }), 'ballot.unknown-proposal', 'entries[1].proposal'],
  ['a missing proposal', { entries: [{ proposal: 'p2', choice: 5 }] }, 'ballot.incomplete', 'entries'],
  ['no entries', { entries: [] }, 'params.invalid', 'entries'],
  [
    '257 entries',
    { entries: Array.from({ length: 257 }, (_, at) => ({ proposal: `q${at}`, choice: 5 })) },
    'params.invalid',
    'entries',
  ],
  ['an oversize comment', entry({ comment: 'é'.repeat(1_001) }), 'params.invalid', 'entries[1].comment'],
  ['a lone surrogate', entry({ comment: 'a\ud800' }), 'params.invalid', 'entries[1].comment'],
  ['a comment in NFD', entry({ comment: 'e\u0301' }), 'params.invalid', 'entries[1].comment'],
  ['a bidi override', entry({ comment: '\u202eabc' }), 'params.invalid', 'entries[1].comment'],
  ['a control character', entry({ comment: 'a\u0000' }), 'params.invalid', 'entries[1].comment'],
  ['a veto where there is none', entry({ veto: 'no' }), 'ballot.invalid-choice', 'entries[1].veto'],
  ['an unknown field', entry({ weight: 5 }), 'params.invalid', 'entries[1].weight'],
  ['a proposal in upper case', entry({ proposal: 'P2' }), 'params.invalid', 'entries[1].proposal'],
  ['a proposal as number', entry({ proposal: 2 }), 'params.invalid', 'entries[1].proposal'],
  ['a voter with a space', { voter: 'm 0' }, 'params.invalid', 'voter'],
  ['a voter of 65 letters', { voter: 'm'.repeat(65) }, 'params.invalid', 'voter'],
  ['a voter __proto__', { voter: '__proto__' }, 'params.invalid', 'voter'],
  ['a voter in homoglyphs', { voter: '\u0430' }, 'params.invalid', 'voter'],
  ['a voter that nobody knows', { voter: 'm9' }, 'model.unknown', 'voter'],
  ['an unknown session', { session: 's9' }, 'session.unknown', 'session'],
  ['an unknown space', { space: 'lab' }, 'session.unknown', 'session'],
  ['previous in upper case', { previous: 'AB'.repeat(32) }, 'params.invalid', 'previous'],
  ['previous too short', { previous: 'ab' }, 'params.invalid', 'previous'],
  ['a time that no calendar has', { notAfter: '2026-02-30T00:00:00.000Z' }, 'params.invalid', 'notAfter'],
  ['a time as number', { notAfter: START_MS }, 'params.invalid', 'notAfter'],
  ['a time with an offset', { time: '2026-03-01T12:00:00+01:00' }, 'params.invalid', 'time'],
  [
    'a far notAfter',
    { notAfter: new Date(START_MS + LIMITS.ballotLifetimeMsMax + 1).toISOString() },
    'ballot.not-after',
    'notAfter',
  ],
  ['await of another kind', { await: 'never' }, 'params.invalid', 'await'],
  ['await receipt', { await: 'receipt' }, 'receipt.unavailable', 'await'],
  ['a signature too short', { signature: 'ab' }, 'params.invalid', 'signature'],
];

test('every fault of a ballot is refused with its place, and nothing is submitted', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const opened = rig.api.submitted.length;
  for (const [name, changed, type, path] of FAULTS) {
    await t.test(name, async () => {
      const error = await refused(rig, { ...ballotParams('m0', [5, 5]), ...changed });
      assert.equal(error.type, type);
      assert.equal(error.path, path);
    });
  }
  assert.equal(rig.api.submitted.length, opened);
  assert.deepEqual(rig.internal, []);
});

test('a choice is a number, a word, or an object that names its method', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const { ballot } = await submit(rig, 'm0', [10, { method: 'score', weight: 1 }]);
  const { entries } = await rig.result<{ entries: unknown }>('ballot_get', [ballot]);
  assert.deepEqual(entries, [
    { proposal: 'p1', choice: 10 },
    { proposal: 'p2', choice: 1 },
  ]);
  await openSession(rig, { session: 's2', rule: { method: 'stance', close: 'opener' } });
  await submit(rig, 'm0', ['approve', { method: 'stance', stance: 'abstain' }], { session: 's2' });
  assert.equal((await refused(rig, ballotParams('m1', [5, 'approve'], { session: 's2' }))).path, 'entries[0].choice');
});

test('entries may come in any order, and a fault is named by the order they came in', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const entries = [
    { proposal: 'p9', choice: 1 },
    { proposal: 'p2', choice: 2 },
    { proposal: 'p1', choice: 3 },
  ];
  assert.equal((await refused(rig, { ...ballotParams('m0', []), entries })).path, 'entries[0].proposal');
  await rig.result('ballot_submit', { ...ballotParams('m0', []), entries: entries.slice(1) });
});

test('a ballot answers final with its height, or accepted at once', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const final = await submit(rig, 'm0', [9, 3]);
  assert.equal(final.status, 'final');
  assert.equal(final.outcome, 'counted');
  assert.equal(final.height, 2);
  assert.ok(Number.isInteger(final.finalMs));
  const accepted = await submit(rig, 'm1', [9, 3], { await: 'accepted' });
  assert.deepEqual(Object.keys(accepted).sort(), ['ballot', 'shard', 'status']);
  assert.equal(accepted.status, 'accepted');
});

test('resending the ballot that counts is a success, by its bytes and by its answers', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const { params } = signedParams(rig, 'v0', [9, 3]);
  const first = await rig.result<Submitted>('ballot_submit', params, '');
  const again = await rig.result<Submitted>('ballot_submit', params, '');
  assert.deepEqual(again, {
    ballot: first.ballot,
    shard: first.shard,
    status: 'final',
    outcome: 'duplicate',
    height: first.height,
  });
  // Also after its time, and after the end of the session: it counts, whatever happens later.
  rig.api.nowMs += 120_000;
  await rig.result('session_close', ['main', 's1']);
  assert.deepEqual(await rig.result('ballot_submit', params, ''), again);
  assert.equal((await refused(rig, ballotParams('v0', [9, 3]))).type, 'ballot.closed');
});

test('a node-signed ballot with the same answers is the one that counts already', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const first = await submit(rig, 'm0', [9, 3]);
  rig.api.nowMs += 5;
  assert.deepEqual(await submit(rig, 'm0', [9, 3]), {
    ballot: first.ballot,
    shard: first.shard,
    status: 'final',
    outcome: 'duplicate',
    height: first.height,
  });
  const other = await refused(rig, ballotParams('m0', [9, 4]));
  assert.equal(other.type, 'ballot.already-voted');
  assert.equal(other.counted, first.ballot);
});

test('in a revisable session a ballot stands on the one before, and a superseded one still counts as sent', async (t) => {
  const rig = await startRig(t);
  await openSession(rig, { rule: { method: 'score', revisable: true, close: 'opener' } });
  const { params: one } = signedParams(rig, 'v0', [1, 1]);
  const first = await rig.result<Submitted>('ballot_submit', one, '');
  const { params: loose } = signedParams(rig, 'v0', [2, 2]);
  const conflict = await refused(rig, loose, '');
  assert.equal(conflict.type, 'ballot.conflict');
  assert.equal(conflict.counted, first.ballot);
  const { params: next } = signedParams(rig, 'v0', [2, 2], { previous: fromHex(first.ballot, 32) });
  const second = await rig.result<Submitted>('ballot_submit', next, '');
  assert.equal((await rig.result<Submitted>('ballot_submit', one, '')).outcome, 'duplicate');
  const { supersededBy } = await rig.result<{ supersededBy?: string }>('ballot_get', [first.ballot]);
  assert.equal(supersededBy, second.ballot);
});

test('ballots of one voter at once are signed one after the other', async (t) => {
  const rig = await startRig(t);
  await openSession(rig, { rule: { method: 'score', revisable: true, close: 'opener' } });
  const weights = [1, 2, 3, 4, 5, 6, 7, 8];
  const all = await Promise.all(weights.map((weight) => submit(rig, 'm0', [weight, weight])));
  assert.deepEqual(new Set(all.map(({ outcome }) => outcome)), new Set(['counted']));
  const heights = all.map(({ height }) => height);
  assert.equal(new Set(heights).size, weights.length);
});

test('who waits too long behind a ballot that does not come through is told to try again', async (t) => {
  const rig = await startRig(t, { timing: { finalMs: 1_000, settleMs: 0 } });
  await openSession(rig);
  rig.api.isStuck = true;
  const calls = Array.from({ length: 20 }, () => rig.call('ballot_submit', ballotParams('m0', [9, 3])));
  const types = (await Promise.all(calls)).map(({ error }) => error?.data.type);
  const late = types.filter((type) => type === 'request.timeout').length;
  assert.ok(late >= 1 && late < 5, `${late} of 20 were tried`);
  assert.equal(types.filter((type) => type === 'network.busy').length, 20 - late);
});

test('a voter signs with its own key, its operator stands for it, and nobody else does', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const ballot = async (id: string) => await rig.result<{ auth: string }>('ballot_get', [id]);
  assert.equal((await ballot((await submit(rig, 'v0', [9, 3])).ballot)).auth, 'voter');
  assert.equal((await ballot((await submit(rig, 'm0', [9, 3])).ballot)).auth, 'operator');
  assert.equal((await refused(rig, ballotParams('v1', [9, 3]))).type, 'ballot.no-key');
  rig.api.keyFaults.set('v1', 'WAGGLE_KEY_LOCKED');
  const unusable = await refused(rig, ballotParams('v1', [9, 3]));
  assert.equal(unusable.type, 'ballot.no-key');
  assert.equal(unusable.fault, 'WAGGLE_KEY_LOCKED');
  assert.match(String(unusable.hint), /^mend the key file/);
  rig.api.keyFaults.clear();
  rig.api.keys.set('v1', pair(99));
  assert.equal((await refused(rig, ballotParams('v1', [9, 3]))).type, 'ballot.no-key', 'not the registered key');
  rig.api.keys.set('v1', pair(41));
  await submit(rig, 'v1', [9, 3]);
  const far = await refused(rig, ballotParams('far', [9, 3]));
  assert.equal(far.type, 'ballot.not-operated');
  assert.equal(far.operator, 'node2');
  assert.equal((await refused(rig, ballotParams('m5', [9, 3]))).type, 'ballot.not-eligible');
  await openSession(rig, { session: 's2', rule: { method: 'score', auth: 'voter', close: 'opener' } });
  assert.equal((await refused(rig, ballotParams('m0', [9, 3], { session: 's2' }))).type, 'ballot.no-key');
});

test('a signature stands for a token, and must hold', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  const { params } = signedParams(rig, 'v0', [9, 3]);
  assert.equal((await refused(rig, ballotParams('m0', [9, 3]), '')).type, 'auth.missing');
  const { params: forged } = signedParams(rig, 'v0', [9, 3], {}, 41);
  assert.equal((await refused(rig, forged, '')).type, 'ballot.bad-signature');
  assert.equal(
    (await refused(rig, { ...params, entries: ballotParams('v0', [9, 4]).entries }, '')).type,
    'ballot.bad-signature',
  );
  assert.equal((await refused(rig, { ...params, time: '2026-03-01T12:00:00.001Z' }, '')).type, 'ballot.bad-signature');
  const { notAfter: _notAfter, ...without } = params;
  assert.equal((await refused(rig, without, '')).path, 'notAfter');
  const { time: _time, ...timeless } = params;
  assert.equal((await refused(rig, timeless, '')).path, 'time');
  await rig.result('ballot_submit', params, '');
});

test('what the session does not allow has an error of its own', async (t) => {
  const rig = await startRig(t);
  const later = new Date(START_MS + 5_000).toISOString();
  await openSession(rig, { opensAt: later });
  await openSession(rig, { session: 's2', draft: true });
  await openSession(rig, {
    session: 's3',
    rule: { method: 'score', commentRequired: true, complete: false, close: 'opener' },
  });
  assert.equal((await refused(rig, ballotParams('m0', [9, 3]))).type, 'ballot.not-open');
  assert.equal((await refused(rig, ballotParams('m0', [9, 3], { session: 's2' }))).type, 'ballot.not-open');
  assert.equal((await refused(rig, ballotParams('m0', [9], { session: 's3' }))).path, 'entries[0].comment');
  const { params: late } = signedParams(rig, 'v0', [9, 3], { notAfterMs: START_MS - 1 });
  assert.equal((await refused(rig, late, '')).type, 'ballot.expired');
  await rig.result('session_cancel', { space: 'main', session: 's1', reason: 'a mistake' });
  assert.equal((await refused(rig, ballotParams('m0', [9, 3]))).type, 'ballot.closed');
});

test('past a deadline by this clock alone the ledger decides', async (t) => {
  const rig = await startRig(t);
  await openSession(rig, {
    closesAt: new Date(START_MS + 1_000).toISOString(),
    rule: { method: 'score', close: 'deadline' },
  });
  rig.api.nowMs += 2_000;
  const before = rig.api.submitted.length;
  const error = await refused(rig, ballotParams('m0', [9, 3]));
  assert.equal(error.type, 'ballot.closed');
  assert.equal(error.height, 2);
  assert.equal(rig.api.submitted.length, before + 1);
});

test('an outcome that differs from what this node expected is told with its height', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  rig.api.beforeBlock = () => rig.api.advanceOther('m0');
  const error = await refused(rig, ballotParams('m0', [9, 3]));
  assert.equal(error.type, 'ballot.already-voted');
  assert.equal(error.outcome, 'already-voted');
  assert.equal(error.height, 3);
  assert.match(String(error.ballot), /^[0-9a-f]{64}$/);
});

test('a full pool, a stopped node and a late block are told apart, and may be tried again', async (t) => {
  const rig = await startRig(t);
  await openSession(rig);
  rig.api.submitFault = FakeNodeApi.BUSY;
  const busy = await refused(rig, ballotParams('m0', [9, 3]));
  assert.equal(busy.code, 7001);
  assert.equal(busy.retryable, true);
  assert.equal(typeof busy.retryAfterMs, 'number');
  rig.api.submitFault = undefined;
  rig.api.isStuck = true;
  const late = await refused(rig, ballotParams('m0', [9, 3]));
  assert.equal(late.code, -32007);
  assert.equal(late.retryable, true);
  assert.match(String(late.ballot), /^[0-9a-f]{64}$/);
  rig.api.statusChange = { writable: false };
  assert.equal((await refused(rig, ballotParams('m1', [9, 3]))).type, 'storage.read-only');
  rig.api.statusChange = { syncing: true, notReadyReason: 'behind by 9 blocks' };
  assert.equal((await refused(rig, ballotParams('m1', [9, 3]))).type, 'node.not-ready');
});

test('a session that is not executed here yet is waited for', async (t) => {
  const rig = await startRig(t, { timing: { finalMs: 500, settleMs: 5_000 } });
  const waiting = rig.call('ballot_submit', ballotParams('m0', [9, 3]));
  // The call waits for a block as soon as the door has read it.
  await rig.api.listening;
  await openSession(rig);
  assert.equal((await waiting).error, undefined);
  assert.equal(rig.api.listeners, 0);
});

test('the largest ballot fits, and one beyond it is named as such', async (t) => {
  const rig = await startRig(t);
  const proposals = Array.from({ length: 256 }, (_, at) => ({ id: `p${at + 1}`, title: `Proposal ${at + 1}` }));
  await openSession(rig, { proposals });
  const fits = {
    ...ballotParams('m0', []),
    entries: proposals.map(({ id }) => ({ proposal: id, choice: 7, comment: 'x'.repeat(200) })),
  };
  await rig.result('ballot_submit', fits);
  const big = {
    ...ballotParams('m1', []),
    entries: proposals.map(({ id }) => ({ proposal: id, choice: 7, comment: 'x'.repeat(300) })),
  };
  assert.equal((await refused(rig, big)).type, 'ballot.too-large');
});

test('asked again after a timeout the node sends the same ballot, and another when the answers are others', async (t) => {
  const rig = await startRig(t, { timing: { finalMs: 400 } });
  await openSession(rig, { rule: { method: 'score', revisable: true, close: 'opener' } });
  rig.api.isStuck = true;
  const submit = async (...choices: number[]) => await rig.refused('ballot_submit', ballotParams('m0', choices));
  assert.equal((await submit(7, 8)).type, 'request.timeout');
  rig.api.nowMs += 5_000;
  assert.equal((await submit(7, 8)).type, 'request.timeout');
  assert.equal((await submit(7, 9)).type, 'request.timeout');
  const [first, second, third] = rig.api.submitted.slice(-3);
  assert.equal(second, first);
  assert.notEqual(third, first);
  rig.api.isStuck = false;
  const { ballot, outcome } = await rig.result<{ ballot: string; outcome: string }>(
    'ballot_submit',
    ballotParams('m0', [7, 9]),
  );
  assert.deepEqual([ballot, outcome], [third, 'counted']);
  rig.api.nowMs += 1_000;
  const next = await rig.result<{ ballot: string }>('ballot_submit', ballotParams('m0', [7, 9]));
  assert.notEqual(next.ballot, third, 'what is settled is no repeat: the voter revises');
});
