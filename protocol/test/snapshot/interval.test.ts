import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from '../../errors.ts';
import { chainId, genesisToJson, parseGenesis } from '../../genesis.ts';
import { toHex } from '../../hex.ts';
import { GENESIS } from '../governance/world.ts';

function withInterval(snapshotIntervalBlocks: unknown): unknown {
  const json = genesisToJson(GENESIS);
  return { ...json, params: { ...json.params, snapshotIntervalBlocks } };
}

test('a genesis without an interval is the same network as before; one with it is another', () => {
  assert.ok(!('snapshotIntervalBlocks' in genesisToJson(GENESIS).params));
  const genesis = parseGenesis(withInterval(10));
  assert.equal(genesis.params.snapshotIntervalBlocks, 10);
  assert.deepEqual(parseGenesis(genesisToJson(genesis)), genesis);
  assert.notEqual(toHex(chainId(genesis)), toHex(chainId(GENESIS)));
});

test('an interval that makes no sense is refused', () => {
  for (const interval of [0, 1, 1.5, -10, 1e9, '10', null]) {
    assert.throws(
      () => parseGenesis(withInterval(interval)),
      (error) => codeOf(error) === 'WAGGLE_GENESIS_FORM',
    );
  }
});
