import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADMIN, type Rig, startRig } from './harness/rpc-client.ts';

/*
 * Whole sessions through JSON-RPC, by rule. What must come out was worked out by hand from the rules of the contract
 * (interface.md, Rule and electorate; domain.md 2), not taken from a run.
 */

type Vote = readonly [voter: string, choice: number | string, extra?: { comment?: string; veto?: string }];

interface Case {
  readonly name: string;
  readonly rule: Record<string, unknown>;
  /** Voter and role. Default: m0…m3, all general. */
  readonly electorate?: readonly (readonly [string, string])[];
  readonly votes: readonly Vote[];
  /** Of the one proposal: status, then what else is looked at. */
  readonly status: string;
  readonly expect?: Record<string, unknown>;
  readonly quorumReached?: boolean;
}

const percent = (num: number) => ({ num, den: 1 });
const atLeast = (num: number) => ({ op: '>=', percent: percent(num) });
const VETO = { maxWeight: 2, role: 'general', textRequired: true, revisionAt: 50, rejectAt: 80 };
const FOUR = ['m0', 'm1', 'm2', 'm3'];

const CASES: readonly Case[] = [
  {
    name: 'score: 8, 7, 6 are 70 of 100, met by >= 70',
    rule: { method: 'score', threshold: atLeast(70) },
    votes: [
      ['m0', 8],
      ['m1', 7],
      ['m2', 6],
    ],
    status: 'approved',
    expect: { n: 3, total: 21, percent: { num: 210, den: 3 }, band: 'approved', rank: 1 },
  },
  {
    name: 'score: the same is not more than 70',
    rule: { method: 'score', threshold: { op: '>', percent: percent(70) } },
    votes: [
      ['m0', 8],
      ['m1', 7],
      ['m2', 6],
    ],
    status: 'rejected',
  },
  {
    name: 'score: between hold and threshold is hold',
    rule: { method: 'score', threshold: atLeast(70), hold: percent(50) },
    votes: [
      ['m0', 5],
      ['m1', 6],
    ],
    status: 'hold',
    expect: { percent: { num: 110, den: 2 } },
  },
  {
    name: 'score: without a threshold nothing is approved or rejected',
    rule: { method: 'score' },
    votes: [['m0', 10]],
    status: 'none',
    expect: { band: null, threshold: null },
  },
  {
    name: 'nobody voted: no percent of nothing',
    rule: { method: 'score', threshold: atLeast(1) },
    votes: [],
    status: 'rejected',
    expect: { n: 0, percent: null },
  },
  {
    name: 'stance: abstentions stand beside, two of three approve',
    rule: { method: 'stance', threshold: { op: '>=', percent: { num: 200, den: 3 } } },
    votes: [
      ['m0', 'approve'],
      ['m1', 'approve'],
      ['m2', 'reject'],
      ['m3', 'abstain'],
    ],
    status: 'approved',
    expect: { n: 3, total: 2, approve: 2, reject: 1, abstain: 1, percent: { num: 200, den: 3 } },
  },
  {
    name: 'quorum of votes: two of the three needed',
    rule: { method: 'score', threshold: atLeast(10), quorum: { kind: 'votes', votes: 3 } },
    votes: [
      ['m0', 10],
      ['m1', 10],
    ],
    status: 'rejected',
    quorumReached: false,
  },
  {
    name: 'quorum of a share: three of four are 3/4',
    rule: { method: 'score', threshold: atLeast(10), quorum: { kind: 'share', share: { num: 3, den: 4 } } },
    votes: [
      ['m0', 10],
      ['m1', 10],
      ['m2', 10],
    ],
    status: 'approved',
    quorumReached: true,
  },
  {
    name: 'veto: two of four generals with a text are 50 %, which sends it to revision whatever the percent',
    rule: { method: 'score', threshold: atLeast(30), veto: VETO },
    votes: [
      ['m0', 1, { veto: 'unsafe' }],
      ['m1', 2, { veto: 'unsafe' }],
      ['m2', 10],
      ['m3', 10],
    ],
    status: 'revision',
    expect: {
      band: 'approved',
      veto: {
        electors: 4,
        low: 2,
        lowWithText: 2,
        lowAll: 2,
        texts: 2,
        share: { num: 200, den: 4 },
        resolution: 'revision',
      },
    },
  },
  {
    name: 'veto: the same without texts decides nothing where a text is required',
    rule: { method: 'score', threshold: atLeast(30), veto: VETO },
    votes: [
      ['m0', 1],
      ['m1', 2],
      ['m2', 10],
      ['m3', 10],
    ],
    status: 'approved',
    expect: {
      veto: { electors: 4, low: 2, lowWithText: 0, lowAll: 2, texts: 0, share: { num: 0, den: 4 }, resolution: 'none' },
    },
  },
  {
    name: 'veto: without required texts the low weights alone decide; 100 % rejects',
    rule: { method: 'score', threshold: atLeast(10), veto: { ...VETO, textRequired: false } },
    votes: [
      ['m0', 1],
      ['m1', 1],
      ['m2', 2],
      ['m3', 2],
    ],
    status: 'rejected',
    expect: {
      veto: {
        electors: 4,
        low: 4,
        lowWithText: 0,
        lowAll: 4,
        texts: 0,
        share: { num: 400, den: 4 },
        resolution: 'rejected',
      },
    },
  },
  {
    name: 'veto: other roles may write texts and decide nothing; who stays away stays in the denominator',
    rule: { method: 'score', threshold: atLeast(10), veto: VETO },
    electorate: [
      ['m0', 'general'],
      ['m1', 'general'],
      ['m2', 'reviewer'],
      ['m3', 'reviewer'],
    ],
    votes: [
      ['m2', 1, { veto: 'no' }],
      ['m3', 1, { veto: 'no' }],
      ['m0', 1, { veto: 'no' }],
    ],
    status: 'revision',
    expect: {
      veto: {
        electors: 2,
        low: 1,
        lowWithText: 1,
        lowAll: 3,
        texts: 3,
        share: { num: 100, den: 2 },
        resolution: 'revision',
      },
    },
  },
];

async function open(rig: Rig, params: Record<string, unknown>): Promise<void> {
  const base = { space: 'main', session: 's', proposals: [{ id: 'p', title: 'P' }] };
  const electorate = FOUR.map((voter) => ({ voter }));
  await rig.result('session_open', { ...base, electorate, ...params }, ADMIN);
}

function ballot([voter, choice, extra]: Vote, session = 's', space = 'main') {
  return { space, session, voter, entries: [{ proposal: 'p', choice, ...extra }] };
}

interface Tally {
  readonly final: boolean;
  readonly quorumReached?: boolean;
  readonly proposals: readonly Record<string, unknown>[];
}

for (const { name, rule, electorate, votes, status, expect, quorumReached } of CASES) {
  test(name, async (t) => {
    const rig = await startRig(t);
    const roles = electorate?.map(([voter, role]) => ({ voter, role }));
    await open(rig, { rule: { close: 'opener', ...rule }, ...(roles === undefined ? {} : { electorate: roles }) });
    for (const vote of votes) await rig.result('ballot_submit', ballot(vote));
    await rig.result('session_close', { space: 'main', session: 's' });
    const tally = await rig.result<Tally>('tally_get', { space: 'main', session: 's' });
    const [result = {}] = tally.proposals;
    assert.deepEqual([tally.final, result.status], [true, status]);
    if (quorumReached !== undefined) assert.equal(tally.quorumReached, quorumReached);
    for (const [field, value] of Object.entries(expect ?? {})) assert.deepEqual(result[field], value, field);
  });
}

test('closing by all votes: the last voter closes it, and nobody votes after', async (t) => {
  const rig = await startRig(t);
  await open(rig, { rule: { method: 'score', close: 'all-voted' } });
  for (const voter of FOUR.slice(0, 3)) await rig.result('ballot_submit', ballot([voter, 5]));
  const session = { space: 'main', session: 's' };
  const before = await rig.result<{ status: string; progress: { missing: string[] } }>('session_get', session);
  assert.deepEqual([before.status, before.progress.missing], ['active', ['m3']]);
  await rig.result('ballot_submit', ballot(['m3', 5]));
  const after = await rig.result<{ status: string; reason: string }>('session_get', session);
  assert.deepEqual([after.status, after.reason], ['completed', 'all-voted']);
});

test('closing by deadline: block time decides, extended it stays open, forced it needs a reason', async (t) => {
  const rig = await startRig(t);
  const session = { space: 'main', session: 's' };
  const time = (minutes: number) => new Date(rig.api.nowMs + minutes * 60_000).toISOString();
  await open(rig, { rule: { method: 'score', close: 'deadline' }, closesAt: time(10) });
  assert.equal((await rig.refused('session_close', session)).type, 'session.rule-forbids');
  assert.equal(
    (await rig.refused('session_extend', { ...session, reason: 'r', closesAt: time(5) })).type,
    'session.rule-forbids',
  );
  await rig.result('session_extend', { ...session, reason: 'two are travelling', closesAt: time(20) });
  rig.api.nowMs += 15 * 60_000;
  await rig.result('ballot_submit', ballot(['m0', 9]));
  rig.api.nowMs += 6 * 60_000;
  assert.equal((await rig.refused('ballot_submit', ballot(['m1', 9]))).type, 'ballot.closed');
});

test('a revisable session counts the last ballot of a voter, another the first', async (t) => {
  const rig = await startRig(t);
  for (const [session, revisable] of [
    ['fixed', false],
    ['free', true],
  ] as const) {
    await open(rig, { session, rule: { method: 'score', revisable, close: 'opener' } });
    await rig.result('ballot_submit', ballot(['m0', 3], session));
  }
  assert.equal((await rig.refused('ballot_submit', ballot(['m0', 9], 'fixed'))).type, 'ballot.already-voted');
  await rig.result('ballot_submit', ballot(['m0', 9], 'free'));
  const totals = await Promise.all(
    ['fixed', 'free'].map(
      async (session) => (await rig.result<Tally>('tally_get', { space: 'main', session })).proposals,
    ),
  );
  assert.deepEqual(
    totals.map(([result]) => [result?.n, result?.total]),
    [
      [1, 3],
      [1, 9],
    ],
  );
});

test('commentRequired wants a comment that says something', async (t) => {
  const rig = await startRig(t);
  await open(rig, { rule: { method: 'score', commentRequired: true, close: 'opener' } });
  for (const extra of [{}, { comment: '' }, { comment: ' \n' }]) {
    assert.equal((await rig.refused('ballot_submit', ballot(['m0', 5, extra]))).type, 'ballot.invalid-choice');
  }
  await rig.result('ballot_submit', ballot(['m0', 5, { comment: 'because' }]));
});

test('two spaces have sessions of one name, with voters and openers of their own', async (t) => {
  const rig = await startRig(t);
  await rig.result('space_create', { id: 'lab', title: 'Lab' }, ADMIN);
  await open(rig, { rule: { method: 'score', close: 'opener' } });
  await open(rig, { space: 'lab', rule: { method: 'stance', close: 'opener' }, electorate: [{ voter: 'm4' }] });
  await rig.result('ballot_submit', ballot(['m0', 8]));
  await rig.result('ballot_submit', ballot(['m4', 'approve'], 's', 'lab'));
  assert.equal((await rig.refused('ballot_submit', ballot(['m4', 8]))).type, 'ballot.not-eligible');
  const n = async (space: string) => (await rig.result<Tally>('tally_get', { space, session: 's' })).proposals[0]?.n;
  assert.deepEqual([await n('main'), await n('lab')], [1, 1]);
});

test('a draft takes proposals until it is opened, and a cancelled session has no result', async (t) => {
  const rig = await startRig(t);
  const session = { space: 'main', session: 's' };
  await open(rig, { draft: true, proposals: [], rule: { method: 'score', close: 'opener' } });
  assert.equal((await rig.refused('ballot_submit', ballot(['m0', 5]))).type, 'ballot.not-open');
  await rig.result('proposal_add', { ...session, proposal: { id: 'p', title: 'P' } });
  await rig.result('session_activate', session);
  await rig.result('ballot_submit', ballot(['m0', 5]));
  await rig.result('session_cancel', { ...session, reason: 'asked twice' });
  const { status, reason } = await rig.result<{ status: string; reason: string }>('session_get', session);
  assert.deepEqual([status, reason], ['cancelled', 'asked twice']);
  assert.equal((await rig.result<Tally>('tally_get', session)).final, false);
});
