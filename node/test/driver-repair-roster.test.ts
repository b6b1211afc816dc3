import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplicaConfig } from '../../consensus/types.ts';
import { type Certificate, voteDigest } from '../../protocol/certificate.ts';
import { BLOCK_FLAGS, hashBlock, reconfigOf } from '../../protocol/chain/block.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { verify } from '../../protocol/crypto/verify.ts';
import type { Epoch } from '../../protocol/epoch.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { parseId } from '../../protocol/ids.ts';
import { type EpochProof, encodeEpochProof } from '../../protocol/receipt/epoch-proof.ts';
import { createRoster } from '../../protocol/roster.ts';
import { following, newestRoster } from '../driver/repair-network.ts';
import type { RepairPeers } from '../driver/repair-peers.ts';
import { epochEndKey, nameOfKey } from '../storage/keys.ts';

/* Whom a node with a damaged ledger asks, when those of genesis may all be gone. */

const CHAIN = new Uint8Array(32).fill(7);
const KEYS = [1, 2, 3, 4, 5, 6, 7, 8].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)));
/** Epoch n is of the validators n … n + 3. */
const validatorsOf = (epoch: number) =>
  KEYS.slice(epoch, epoch + 4).map(({ publicKey }, at) => {
    return { name: parseId(`v${epoch + at}`), key: publicKey, peer: `p${epoch + at}`, addrs: [] };
  });
const rosterOf = (epoch: number) => createRoster(CHAIN, epoch, validatorsOf(epoch));
const PARAMS = { shards: 1, viewTimerMs: 100, blockIntervalMs: 20 };
const CONFIG = { chain: CHAIN, roster: rosterOf(0), verify } as unknown as ReplicaConfig;

/** That an epoch ended, by the signatures of the validators that `signers` had seats with. */
function proofOf(epoch: number, signers = epoch): EpochProof {
  const next: Epoch = {
    epoch: epoch + 1,
    validators: validatorsOf(epoch + 1),
    admins: { keys: [], threshold: 1 },
    params: PARAMS,
  };
  const place = { chain: CHAIN, epoch, view: 2, height: 1 + epoch, parentView: 0, parentHash: ZERO_HASH, proposer: 0 };
  const reconfig = reconfigOf(1, next);
  const seal = hashBlock({ ...place, flags: BLOCK_FLAGS.seal, timeMs: 5, cut: [], evidence: [], reconfig });
  const subject = { kind: 'finalize', epoch, view: 2, blockHash: seal.hash } as const;
  const signatures = [0, 1, 2].map((at) => {
    return KEYS[signers + at]?.sign(voteDigest(CHAIN, subject)) ?? new Uint8Array(64);
  });
  const certificate: Certificate = { ...subject, signers: [0, 1, 2], signatures };
  return { seal, tail: [], certificate };
}

function leftOf(proofs: readonly EpochProof[], damaged?: number) {
  const records = new Map(
    proofs.map((proof) => [nameOfKey(epochEndKey(proof.seal.block.epoch)), encodeEpochProof(proof)]),
  );
  if (damaged !== undefined) records.set(nameOfKey(epochEndKey(damaged)), Uint8Array.of(1));
  return { get: async (key: Uint8Array) => records.get(nameOfKey(key)) };
}

test('it is the newest roster that what is left proves, from genesis on', async () => {
  const epochOf = async (left?: ReturnType<typeof leftOf>) => (await newestRoster(left, CONFIG)).epoch;
  assert.equal(await epochOf(undefined), 0);
  assert.equal(await epochOf(leftOf([])), 0);
  const proofs = [0, 1, 2].map((epoch) => proofOf(epoch));
  assert.deepEqual(await newestRoster(leftOf(proofs), CONFIG), rosterOf(3));
  assert.equal(await epochOf(leftOf(proofs.slice(1))), 0, 'no way leads there');
  assert.equal(await epochOf(leftOf(proofs, 1)), 1, 'a record that is damaged ends it');
  assert.equal(await epochOf(leftOf([proofOf(0), proofOf(1, 3)])), 1, 'signed by others');
});

test('a repair that comes to a later epoch than was known follows it, and goes back to none', async () => {
  const asked: number[] = [];
  const told: number[] = [];
  const shelf = {} as Awaited<ReturnType<RepairPeers['fetch']>>;
  const inner: RepairPeers = {
    fetch: async (_, { epoch }) => {
      asked.push(epoch);
      return shelf;
    },
  };
  const peers = following(inner, rosterOf(2), ({ epoch }) => told.push(epoch));
  for (const epoch of [0, 2, 3, 3, 1, 4]) assert.equal(await peers.fetch(1, rosterOf(epoch), async () => true), shelf);
  assert.deepEqual(asked, [0, 2, 3, 3, 1, 4]);
  assert.deepEqual(told, [3, 4]);
});
