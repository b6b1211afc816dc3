import { Writer } from '../codec/writer.ts';
import { verify } from '../crypto/verify.ts';
import { ZERO_HASH } from '../hash.ts';
import {
  type Checkpoint,
  checkpointDigest,
  nextHistory,
  shardLeaf,
  shardsRoot,
  verifyCheckpoint,
  writeSignedCheckpoint,
} from '../receipt/checkpoint.ts';
import { CHAIN, filled, ROSTER, VALIDATOR_KEYS } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

/** Two blocks: shard roots, the root over them, the history that commits both, and a signature. */
export function vectors(): unknown {
  const shards = [0, 2, 3].map((shard) => ({ shard, outcomesRoot: filled(shard + 1), talliesRoot: filled(shard + 9) }));
  const root = shardsRoot(shards);
  const first = nextHistory(ZERO_HASH, filled(20), root);
  const history = nextHistory(first, filled(21), root);
  const place = { chain: CHAIN, epoch: 0, height: 2, blockHash: filled(21), timeMs: 1_767_225_600_000 };
  const checkpoint: Checkpoint = { ...place, history, root };
  const digest = checkpointDigest(checkpoint);
  const signed = VALIDATOR_KEYS.map((key, signer) => ({ checkpoint, signer, signature: key.sign(digest) }));
  return show({
    shards: shards.map((roots) => ({ ...roots, leaf: shardLeaf(roots) })),
    root,
    histories: [first, history],
    checkpoint,
    digest,
    signed: signed.map((one) => ({
      signer: one.signer,
      bytes: writeSignedCheckpoint(new Writer(), one).finish(),
      holds: verifyCheckpoint(ROSTER, one, verify),
    })),
  });
}
