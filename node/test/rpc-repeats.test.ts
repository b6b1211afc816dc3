import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../protocol/hex.ts';
import { pair } from './harness/fake-node-api.ts';
import { ADMIN, type Rig, sessionParams, startRig } from './harness/rpc-client.ts';

/* Who lost an answer asks again: the same is a success that says so, anything else is refused as before. */

interface Answer {
  readonly outcome?: string;
  readonly operation: string;
}

const key = toHex(pair(61).publicKey);
const PEER = `12D3KooW${'A'.repeat(44)}`;

const CALLS: readonly (readonly [method: string, params: Record<string, unknown>, other: Record<string, unknown>])[] = [
  ['space_create', { id: 'lab', title: 'Lab' }, { title: 'Other' }],
  ['model_register', { id: 'new', key, provider: 'x' }, { provider: 'y' }],
  ['model_register', { id: 'new', key, provider: 'x' }, { key: toHex(pair(62).publicKey) }],
  ['session_open', sessionParams({ session: 'again' }), { title: 'Other' }],
  ['session_open', sessionParams({ session: 'again', closesAt: '2030-01-01T00:00:00.000Z' }), { closesAt: undefined }],
  ['session_open', sessionParams({ session: 'again', draft: true }), { draft: false }],
  ['observer_admit', { name: 'acme', peer: PEER }, { peer: PEER.replace('A', 'B') }],
];

for (const [method, params, other] of CALLS) {
  test(`${method} made again with ${Object.keys(other)}: equal is a duplicate, different is refused`, async (t) => {
    const rig = await startRig(t);
    const call = async (changes: object): Promise<Answer> => await rig.result(method, { ...params, ...changes }, ADMIN);
    assert.equal((await call({})).outcome, 'applied');
    assert.equal((await call({})).outcome, 'duplicate');
    await assertRefused(rig, method, { ...params, ...other });
  });
}

test('proposal_add and a revocation made again are duplicates', async (t) => {
  const rig = await startRig(t);
  const draft = { ...sessionParams({ session: 'd', draft: true, proposals: [] }), space: 'main' };
  await rig.result('session_open', draft, ADMIN);
  const added = { space: draft.space, session: 'd', proposal: { id: 'p9', title: 'Nine' } };
  const revoked = { id: 'v0', key: null };
  for (const [method, params] of Object.entries({ proposal_add: added, model_update: revoked })) {
    assert.equal((await rig.result<Answer>(method, params, ADMIN)).outcome, 'applied');
    assert.equal((await rig.result<Answer>(method, params, ADMIN)).outcome, 'duplicate');
  }
  await assertRefused(rig, 'proposal_add', { ...added, proposal: { id: 'p9', title: 'Ten' } });
});

async function assertRefused(rig: Rig, method: string, params: object): Promise<void> {
  assert.match(String((await rig.refused(method, params, ADMIN)).type), /\.exists$/);
}
