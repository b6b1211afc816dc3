import { keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { toHex } from '../../../protocol/hex.ts';
import { type Checkpoint, checkpointDigest } from '../../../protocol/receipt/checkpoint.ts';
import { type EpochProof, encodeEpochProof } from '../../../protocol/receipt/epoch-proof.ts';

/** What a cluster's first two validators would have signed, as `waggle chain checkpoint HEIGHT -o json` prints it. */
export function signedByTwo(checkpoint: Checkpoint, proofs: readonly EpochProof[] = []) {
  const { chain, epoch, height, blockHash, timeMs, history, root } = checkpoint;
  const signatures = [0, 1].map((signer) => {
    const key = keyPairFromSeed(new Uint8Array(32).fill(signer + 101));
    return { signer, signature: toHex(key.sign(checkpointDigest(checkpoint))) };
  });
  const hashes = { chain: toHex(chain), blockHash: toHex(blockHash), history: toHex(history), root: toHex(root) };
  const epochs = proofs.map((proof) => toHex(encodeEpochProof(proof)));
  return { ...hashes, epoch, height, time: new Date(timeMs).toISOString(), signatures, epochs };
}
