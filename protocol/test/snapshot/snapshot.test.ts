import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Reader } from '../../codec/reader.ts';
import { Writer } from '../../codec/writer.ts';
import { verify } from '../../crypto/verify.ts';
import { codeOf } from '../../errors.ts';
import { chainId, genesisRoster } from '../../genesis.ts';
import { createRoster } from '../../roster.ts';
import {
  agreedSnapshot,
  readSignedSnapshot,
  type SignedSnapshot,
  type Snapshot,
  snapshotDigest,
  verifySnapshot,
  writeSignedSnapshot,
} from '../../snapshot/snapshot.ts';
import { GENESIS, STRANGER, VALIDATORS } from '../governance/world.ts';

const CHAIN = chainId(GENESIS);
const ROSTER = genesisRoster(GENESIS);
const filled = (byte: number) => new Uint8Array(32).fill(byte);
const SNAPSHOT: Snapshot = {
  chain: CHAIN,
  epoch: 0,
  height: 100,
  blockHash: filled(1),
  history: filled(2),
  root: filled(3),
};

function signed(signer: number, snapshot = SNAPSHOT, key = VALIDATORS[signer]): SignedSnapshot {
  assert.ok(key);
  return { snapshot, signer, signature: key.sign(snapshotDigest(snapshot)) };
}

const agreed = (...all: SignedSnapshot[]) => agreedSnapshot(ROSTER, CHAIN, all, verify) !== undefined;

test('f + 1 different signers of one and the same snapshot agree; f, or one twice, do not', () => {
  assert.equal(agreed(signed(0), signed(3)), true);
  assert.equal(agreed(signed(0)), false);
  assert.equal(agreed(signed(0), signed(0)), false);
  assert.equal(agreed(signed(0), signed(1, { ...SNAPSHOT, root: filled(4) })), false);
  assert.equal(agreed(signed(2, { ...SNAPSHOT, root: filled(4) }), signed(0), signed(1)), true);
});

test('a signature of another signer, epoch, chain or of a stranger counts for nothing', () => {
  const [first, second] = [signed(0), signed(1)];
  assert.equal(verifySnapshot(ROSTER, CHAIN, first, verify), true);
  assert.equal(agreed(first, { ...second, signer: 2 }), false);
  assert.equal(agreed(first, signed(1, SNAPSHOT, STRANGER)), false);
  assert.equal(agreed(first, { ...second, signer: 99 }), false);
  const old = { ...SNAPSHOT, epoch: 1 };
  assert.equal(agreed(signed(0, old), signed(1, old)), false);
  const next = createRoster(CHAIN, 1, ROSTER.validators);
  assert.equal(agreedSnapshot(next, CHAIN, [first, second], verify), undefined);
  assert.equal(agreedSnapshot(next, CHAIN, [signed(0, old), signed(1, old)], verify)?.epoch, 1);
  const foreign = { ...SNAPSHOT, chain: filled(9) };
  assert.equal(agreed(signed(0, foreign), signed(1, foreign)), false);
});

test('every field is under the signature, and the encoding comes back', () => {
  const one = signed(1);
  const bytes = writeSignedSnapshot(new Writer(), one).finish();
  assert.deepEqual(readSignedSnapshot(new Reader(bytes)), one);
  for (let at = 0; at < bytes.length; at++) {
    const changed = Uint8Array.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    let holds = false;
    try {
      holds = verifySnapshot(ROSTER, CHAIN, readSignedSnapshot(new Reader(changed)), verify);
    } catch (error) {
      assert.match(String(codeOf(error)), /^WAGGLE_(SNAPSHOT_SIGNER|CODEC_RANGE)$/);
    }
    assert.equal(holds, false, `byte ${at}`);
  }
});
