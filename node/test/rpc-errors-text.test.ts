import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf } from '../rpc/fault-text.ts';
import { allMethods } from '../rpc/methods/all.ts';
import { startRig } from './harness/rpc-client.ts';

/* Refusals of params are in words of our own: what is wrong, where, and what would be right. */

const METHODS = allMethods('0.0.0');
const ballot = { space: 'main', session: 's1', voter: 'm0' };
const entry = { proposal: 'p1', choice: 7 };
const session = { space: 'main', session: 's1', electorate: [{ voter: 'm0' }] };
const rule = { method: 'score', close: 'opener' };
const percent = { num: 60, den: 1 };
const hash = 'a'.repeat(64);

const CASES: readonly [name: string, method: string, params: unknown, path: string, words: RegExp][] = [
  ['missing', 'session_get', { session: 's1' }, 'space', /^missing: expected an id of 1…64/],
  ['an id in capitals', 'space_get', { space: 'Main' }, 'space', /^expected an id of 1…64 lower-case/],
  ['an id that is a number', 'space_get', { space: 7 }, 'space', /^expected an id/],
  ['hex too short', 'ballot_get', { ballot: 'ab' }, 'ballot', /^expected a hex of 64 digits/],
  ['hex in capitals', 'ballot_get', { ballot: hash.toUpperCase() }, 'ballot', /^expected a hex of 64 digits/],
  ['hex as number', 'ballot_get', { ballot: 12 }, 'ballot', /^expected a hex of 64 digits/],
  ['a fraction', 'chain_getBlock', { height: 1.5 }, 'height', /^expected a whole number, at least 0$/],
  ['a negative height', 'chain_getBlock', { height: -1 }, 'height', /^expected a whole number, at least 0$/],
  ['a limit too large', 'session_list', { limit: 1001 }, 'limit', /^expected a whole number 1…1,000$/],
  ['a word that is none', 'session_list', { status: 'open' }, 'status', /^expected one of draft, active, completed/],
  ['no entries', 'ballot_submit', { ...ballot, entries: [] }, 'entries', /^too few: at least 1$/],
  ['too many', 'ballot_submit', { ...ballot, entries: Array(257).fill(entry) }, 'entries', /^too many: 256 at most$/],
  ['no list', 'ballot_submit', { ...ballot, entries: entry }, 'entries', /^expected a list of 1…256$/],
  [
    'a weight of 11',
    'ballot_submit',
    { ...ballot, entries: [{ ...entry, choice: 11 }] },
    'entries.0.choice',
    /^expected a whole number 1…10, or one of approve, reject, abstain$/,
  ],
  [
    'a misspelt field',
    'ballot_submit',
    { ...ballot, entries: [{ propsal: 'p1', choice: 7 }] },
    'entries.0.propsal',
    /^no such field, did you mean proposal\?$/,
  ],
  [
    'a field that resembles none',
    'ballot_submit',
    { ...ballot, entries: [{ ...entry, zzzzzzzzzzzz: 1 }] },
    'entries.0.zzzzzzzzzzzz',
    /^no such field$/,
  ],
  [
    'a long comment',
    'ballot_submit',
    { ...ballot, entries: [{ ...entry, comment: 'é'.repeat(1_001) }] },
    'entries.0.comment',
    /^too long: 2,000 bytes at most$/,
  ],
  [
    'text that is not NFC',
    'ballot_submit',
    { ...ballot, entries: [{ ...entry, comment: 'e\u0301' }] },
    'entries.0.comment',
    /^expected text in Unicode NFC/,
  ],
  ['a blank title', 'session_open', { ...session, rule, title: ' ' }, 'title', /^blank/],
  [
    'a day that is none',
    'session_open',
    { ...session, rule, closesAt: '2026-02-30T00:00:00Z' },
    'closesAt',
    /^expected an RFC 3339 time in UTC/,
  ],
  [
    'a cursor too long',
    'space_list',
    { cursor: 'x'.repeat(513) },
    'cursor',
    /^too long: expected a text of 1…512 characters$/,
  ],
  ['a key that is none', 'model_register', { id: 'm9', key: '00'.repeat(32) }, 'key', /^no usable ed25519 public key$/],
  [
    'neither key nor null',
    'model_update',
    { id: 'm0', key: 5 },
    'key',
    /^expected an ed25519 public key in .* or null$/,
  ],
  [
    'a kind that is none',
    'session_open',
    { ...session, rule: { ...rule, quorum: { kind: 'most' } } },
    'rule.quorum.kind',
    /^expected one of votes, share$/,
  ],
  [
    'a name of a record',
    'session_open',
    { ...session, rule: { ...rule, threshold: { op: '>', percent, byProposal: { 'P 1': percent } } } },
    'rule.threshold.byProposal.P 1',
    /^not a name for this: expected an id/,
  ],
  [
    'more than all',
    'session_open',
    { ...session, rule: { ...rule, threshold: { op: '>', percent: { num: 101, den: 1 } } } },
    'rule.threshold.percent',
    /^expected at most 100 percent/,
  ],
  [
    'fields that do not go together',
    'session_open',
    { ...session, rule: { ...rule, hold: percent } },
    'rule.hold',
    /^needs a threshold/,
  ],
];

for (const [name, method, params, path, words] of CASES) {
  test(`params: ${name}`, () => {
    const known = METHODS.get(method);
    assert.ok(known !== undefined);
    const { error } = known.params.safeParse(params);
    const fault = faultOf(known.params, error?.issues ?? [], params);
    assert.equal(fault?.path.map(String).join('.'), path);
    assert.match(fault.detail, words);
  });
}

test('names of methods and params that are nearly right are suggested', async (t) => {
  const rig = await startRig(t);
  const method = await rig.call('session_gett', {});
  assert.match(String(method.error?.message), /did you mean session_get\?$/);
  const param = await rig.call('session_get', { space: 'main', sesion: 's1' });
  assert.match(String(param.error?.message), /did you mean session\?$/);
  assert.equal(param.error?.data.path, 'sesion');
  const far = await rig.call('x'.repeat(10_000), {});
  assert.doesNotMatch(String(far.error?.message), /did you mean/);
});

test('who may not sign for a voter hears who may, and where to go', async (t) => {
  const rig = await startRig(t);
  await rig.result('session_open', {
    ...session,
    electorate: [{ voter: 'far' }],
    rule,
    proposals: [{ id: 'p1', title: 'P' }],
  });
  const { error } = await rig.call('ballot_submit', { ...ballot, voter: 'far', entries: [entry] });
  assert.equal(error?.data.operator, 'node2');
  assert.match(error.message, /node2 operates it/);
  assert.match(String(error.data.hint), /node of node2/);
});
