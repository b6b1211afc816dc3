import { Writer } from '../codec/writer.ts';
import { verify } from '../crypto/verify.ts';
import { createState } from '../governance/create.ts';
import { applyItem, closeAfter, closeDue } from '../governance/machine.ts';
import {
  agreedSnapshot,
  chunkLeaf,
  snapshotDigest,
  snapshotRoot,
  verifySnapshot,
  writeSignedSnapshot,
} from '../snapshot/snapshot.ts';
import { freezeState, snapshotChunks } from '../snapshot/stream.ts';
import { CHAIN, filled, GENESIS, ROSTER, VALIDATOR_KEYS } from './fixtures/people.ts';
import { SCRIPT } from './fixtures/script.ts';
import { show } from './fixtures/show.ts';

const SMALL_CHUNK_BYTES = 1_024;

/** The state of the scripted run as one chunk and as small ones, both roots, and the signatures over the first. */
export function vectors(): unknown {
  const state = createState(GENESIS);
  for (const [index, { timeMs, items }] of SCRIPT.entries()) {
    const context = { height: index + 1, timeMs, roster: ROSTER, verify };
    closeDue(state, context);
    for (const item of items) applyItem(state, context, item);
    closeAfter(state, context);
  }
  const place = { chain: CHAIN, epoch: 0, height: SCRIPT.length, view: 7, hash: filled(21), history: filled(22) };
  const cut = [
    { shard: 0, author: 1, incarnation: 0, height: 3, tip: filled(31) },
    { shard: 2, author: 0, incarnation: 1, height: 9, tip: filled(32) },
  ];
  const standings = [
    { author: 0, incarnation: 1, muted: true, pardoned: true, sinceView: 5, restart: filled(33) },
    { author: 2, incarnation: 0, muted: true, pardoned: false, sinceView: -1, restart: undefined },
  ];
  const [whole, small] = [undefined, SMALL_CHUNK_BYTES].map((chunkBytes) => {
    const stream = snapshotChunks(
      { ...place, timeMs: 1_767_225_600_000, cut, standings },
      freezeState(state),
      chunkBytes === undefined ? {} : { chunkBytes },
    );
    const chunks = [...stream].flatMap((chunk) => chunk ?? []);
    const leaves = chunks.map(chunkLeaf);
    return { chunks, leaves, root: snapshotRoot(leaves) };
  });
  const root = whole?.root ?? filled(0);
  const { chain, epoch, height, hash, history } = place;
  const snapshot = { chain, epoch, height, blockHash: hash, history, root };
  const digest = snapshotDigest(snapshot);
  const signed = VALIDATOR_KEYS.map((key, signer) => ({ snapshot, signer, signature: key.sign(digest) }));
  return show({
    whole,
    small: { leaves: small?.leaves, root: small?.root },
    snapshot,
    digest,
    signed: signed.map((one) => ({
      signer: one.signer,
      bytes: writeSignedSnapshot(new Writer(), one).finish(),
      holds: verifySnapshot(ROSTER, CHAIN, one, verify),
    })),
    agreedByTwo: agreedSnapshot(ROSTER, CHAIN, signed.slice(0, 2), verify) !== undefined,
    agreedByOne: agreedSnapshot(ROSTER, CHAIN, signed.slice(0, 1), verify) !== undefined,
  });
}
