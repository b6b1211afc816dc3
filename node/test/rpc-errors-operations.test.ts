import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../protocol/hex.ts';
import type { ErrorType } from '../rpc/error-codes.ts';
import { pair } from './harness/fake-node-api.ts';
import { ADMIN, openSession, type Rig, sessionParams, startRig } from './harness/rpc-client.ts';

/* What the ledger refuses is explained: where the fault is, and what would be right. */

const at = { space: 'main', session: 's1' };
const reason = 'because';
const rule = (changed: object) => ({ rule: { method: 'score', close: 'opener', ...changed } });
const deadline = { ...rule({ close: 'deadline' }), closesAt: '2026-03-01T18:00:00Z' };
const key1 = toHex(pair(1).publicKey);
const one = { num: 60, den: 1 };

interface Case {
  readonly name: string;
  /** The session s1 before; none where absent. */
  readonly opened?: Record<string, unknown>;
  readonly bend?: (rig: Rig) => void;
  readonly call: readonly [method: string, params: object];
  readonly type: ErrorType;
  readonly path?: string;
  readonly words?: RegExp;
  readonly facts?: object;
}

const asStranger = ({ api }: Rig) => void Object.assign(api, { operatorKey: pair(9) });

const CASES: readonly Case[] = [
  {
    name: 'a deadline moved to earlier',
    opened: deadline,
    call: ['session_extend', { ...at, reason, closesAt: '2026-03-01T17:00:00Z' }],
    type: 'session.rule-forbids',
    path: 'closesAt',
    words: /only moves to later/,
  },
  {
    name: 'a deadline that is none',
    opened: {},
    call: ['session_extend', { ...at, reason, closesAt: '2026-03-01T17:00:00Z' }],
    type: 'session.rule-forbids',
    path: 'closesAt',
    words: /has no deadline/,
  },
  {
    name: 'a close without the reason it needs',
    opened: deadline,
    call: ['session_close', at],
    type: 'session.rule-forbids',
    path: 'reason',
    words: /needed, as the rule says close: deadline/,
  },
  {
    name: 'a close by another key',
    opened: {},
    bend: asStranger,
    call: ['session_close', { ...at, reason }],
    type: 'session.rule-forbids',
    words: /another key opened/,
  },
  {
    name: 'a cancel by another key',
    opened: {},
    bend: asStranger,
    call: ['session_cancel', { ...at, reason }],
    type: 'session.rule-forbids',
    words: /another key opened/,
  },
  {
    name: 'a word of the ledger as a reason',
    opened: {},
    call: ['session_cancel', { ...at, reason: 'deadline' }],
    type: 'operation.malformed',
    path: 'reason',
    words: /by which the ledger itself/,
  },
  {
    name: 'a session of no space',
    call: ['session_close', { space: 'nowhere', session: 's1', reason }],
    type: 'session.unknown',
    path: 'space',
  },
  {
    name: 'a session that is none',
    call: ['session_close', { ...at, reason }],
    type: 'session.unknown',
    path: 'session',
  },
  {
    name: 'a session opened by a stranger',
    bend: asStranger,
    call: ['session_open', sessionParams()],
    type: 'operation.forbidden',
    path: 'space',
    words: /no opener of the space/,
  },
  {
    name: 'a threshold for a proposal that is not there',
    call: ['session_open', sessionParams(rule({ threshold: { op: '>', percent: one, byProposal: { p9: one } } }))],
    type: 'session.invalid',
    path: 'rule.threshold',
    words: /not there/,
  },
  {
    name: 'a quorum beyond the electorate',
    call: ['session_open', sessionParams(rule({ quorum: { kind: 'votes', votes: 9 } }))],
    type: 'session.invalid',
    path: 'rule.quorum',
    words: /more votes than electors/,
  },
  {
    name: 'a deadline that the rule needs',
    call: ['session_open', sessionParams(rule({ close: 'deadline' }))],
    type: 'session.invalid',
    path: 'closesAt',
    words: /needed where/,
  },
  {
    name: 'a proposal that the draft has',
    opened: { draft: true },
    call: [
      'proposal_add',
      {
        ...at,
        proposals: [
          { id: 'p3', title: 'Three' },
          { id: 'p2', title: 'Again' },
        ],
      },
    ],
    type: 'proposal.exists',
    facts: { proposal: 'p2' },
  },
  {
    name: 'more proposals than a session may have',
    opened: { draft: true },
    call: ['proposal_add', { ...at, proposals: Array.from({ length: 255 }, (_, n) => ({ id: `q${n}`, title: 'Q' })) }],
    type: 'operation.forbidden',
    path: 'proposals',
    words: /at most 256/,
  },
  {
    name: 'a draft whose threshold names what is not there',
    opened: { draft: true, ...rule({ threshold: { op: '>', percent: one, byProposal: { p9: one } } }) },
    call: ['session_activate', at],
    type: 'proposal.unknown',
    words: /the threshold names/,
  },
  {
    name: 'one of several models that is there',
    call: ['model_register', { models: [{ id: 'new' }, { id: 'm0' }] }],
    type: 'model.exists',
    facts: { model: 'm0' },
  },
  {
    name: 'an update of no model',
    call: ['model_update', { id: 'nobody', role: 'r' }],
    type: 'model.unknown',
    path: 'id',
  },
  {
    name: 'an update to no operator',
    call: ['model_update', { id: 'm0', operator: 'nobody' }],
    type: 'model.operator-unknown',
    path: 'operator',
  },
  {
    name: 'auth voter without a key',
    call: ['model_update', { id: 'm0', auth: 'voter' }],
    type: 'operation.forbidden',
    path: 'auth',
    words: /needs a key/,
  },
  {
    name: 'openers alike',
    call: ['space_create', { id: 'one', title: 'One', openers: [key1, key1] }],
    type: 'operation.malformed',
    path: 'openers',
    words: /named twice/,
  },
];

for (const { name, opened, bend, call, type, path, words, facts = {} } of CASES) {
  test(name, async (t) => {
    const rig = await startRig(t, { timing: { finalMs: 500, settleMs: 0 } });
    if (opened !== undefined) await openSession(rig, opened);
    bend?.(rig);
    const { error } = await rig.call(...call, ADMIN);
    assert.equal(error?.data.type, type);
    assert.equal(error.data.path, path);
    if (words !== undefined) assert.match(error.message, words);
    for (const [fact, value] of Object.entries(facts)) assert.equal(error.data[fact], value);
    assert.deepEqual(rig.internal, []);
  });
}
