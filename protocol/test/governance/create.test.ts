import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyPairFromSeed } from '../../crypto/keys.ts';
import { codeOf } from '../../errors.ts';
import { chainId, genesisToJson, parseGenesis } from '../../genesis.ts';
import { createState } from '../../governance/create.ts';
import { toHex } from '../../hex.ts';

const key = (byte: number): string => toHex(keyPairFromSeed(new Uint8Array(32).fill(byte)).publicKey);
const json = {
  v: 1,
  network: 'test-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: [1, 2, 3, 4].map((at) => ({ name: `node${at}`, key: key(at), peer: `peer${at}`, addrs: [] })),
  models: [{ id: 'model-a', operator: 'node1', auth: 'operator' }],
  spaces: [{ id: 'main', title: 'Main', openers: [key(1)] }],
  admins: { keys: [key(1)], threshold: 1 },
  params: { shards: 4, viewTimerMs: 100, blockIntervalMs: 25 },
};

test('genesis survives its own JSON and the chain id does not move', () => {
  const genesis = parseGenesis(json);
  assert.equal(toHex(chainId(parseGenesis(genesisToJson(genesis)))), toHex(chainId(genesis)));
  assert.notEqual(toHex(chainId(parseGenesis({ ...json, network: 'other' }))), toHex(chainId(genesis)));
});

test('the first state holds the spaces and models of genesis and nothing to write', () => {
  const state = createState(parseGenesis(json));
  assert.ok(state.spaces.has('main') && state.models.has('model-a'));
  assert.deepEqual(state.models.takeTouched(), []);
});

test('a genesis two nodes could read differently is refused', () => {
  const faults: object[] = [
    { v: 2 },
    { network: 'Not An Id' },
    { validators: [] },
    { validators: [...json.validators, json.validators[0]] },
    { admins: { keys: [key(1)], threshold: 2 } },
    { admins: { keys: ['00'.repeat(32)], threshold: 1 } },
    { models: [{ id: 'm', operator: 'nobody', auth: 'operator' }] },
    { models: [{ id: 'm', operator: 'node1', auth: 'voter' }] },
    { params: { ...json.params, shards: 0 } },
    { createdAt: '2026-01-01' },
  ];
  for (const fault of faults) {
    assert.throws(
      () => parseGenesis({ ...json, ...fault }),
      (error) => codeOf(error) === 'WAGGLE_GENESIS_FORM',
      JSON.stringify(fault),
    );
  }
});
