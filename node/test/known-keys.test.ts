import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CborValue } from '../../protocol/codec/cbor.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { genesisRoster, parseGenesis } from '../../protocol/genesis.ts';
import { createState } from '../../protocol/governance/create.ts';
import type { Operation } from '../../protocol/governance/operation.ts';
import type { ChangeRow } from '../../protocol/governance/state.ts';
import { toHex } from '../../protocol/hex.ts';
import { knowsActor } from '../driver/known-keys.ts';

const [VALIDATOR, ADMIN, OPENER, MODEL, APPLIED, STRANGER] = [1, 2, 3, 4, 5, 6].map(
  (byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)).publicKey,
) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];

const GENESIS = parseGenesis({
  v: 1,
  network: 'test-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: [{ name: 'v0', key: toHex(VALIDATOR), peer: 'p0', addrs: [] }],
  models: [{ id: 'm0', operator: 'v0', auth: 'voter', key: toHex(MODEL) }],
  spaces: [{ id: 'main', title: 'Main', openers: [toHex(OPENER)] }],
  admins: { keys: [toHex(ADMIN)], threshold: 1 },
  params: { shards: 2, viewTimerMs: 100, blockIntervalMs: 20 },
});
const STATE = createState(GENESIS);
STATE.seqs.set(toHex(APPLIED), 1);

function knows(actor: Uint8Array, body: CborValue): boolean {
  const operation = { actor, body } as unknown as Operation;
  return knowsActor(STATE, genesisRoster(GENESIS), operation);
}

test('admins, validators and who applied an operation before are known whatever they say', () => {
  for (const actor of [ADMIN, VALIDATOR, APPLIED]) assert.ok(knows(actor, null));
  assert.ok(!knows(STRANGER, { space: 'main', id: 'm0' }));
});

test('an opener is known in its space, and a model’s key for its model', () => {
  assert.ok(knows(OPENER, { space: 'main' }));
  assert.ok(!knows(OPENER, { space: 'other' }));
  assert.ok(knows(MODEL, { id: 'm0' }));
  assert.ok(!knows(MODEL, { id: 'm1' }));
});

test('bodies of any form name nothing else', () => {
  const bodies: CborValue[] = [null, 1, 'main', [], [{ space: 'main' }], new Uint8Array(3), { space: 7, id: ['m0'] }];
  for (const body of bodies) assert.ok(!knows(OPENER, body) && !knows(MODEL, body));
  assert.ok(!knows(OPENER, { space: '__proto__', id: 'constructor' }));
});

test('who is to sit in the next epoch is known from the proposal until it said that it is there', () => {
  const change = { epoch: 0, waitsFor: [STRANGER] } as unknown as ChangeRow;
  STATE.changes.set('0', change);
  assert.ok(knows(STRANGER, null));
  STATE.changes.set('0', { ...change, withdrawnHeight: 3 });
  assert.ok(!knows(STRANGER, null));
  STATE.changes.set('0', { ...change, waitsFor: [] });
  assert.ok(!knows(STRANGER, null));
});
