import { assert } from '../../../protocol/assert.ts';
import { decodeSegment, type Segment } from '../../../protocol/chain/segment.ts';
import { sha256 } from '../../../protocol/crypto/sha256.ts';
import { verify } from '../../../protocol/crypto/verify.ts';
import {
  decodeSignedBallot,
  encodeBallotBody,
  encodeSignedBallot,
  type SignedBallot,
} from '../../../protocol/governance/ballot.ts';
import { merkleRoot } from '../../../protocol/merkle.ts';
import { TAGS } from '../../../protocol/tags.ts';
import { type Hall, itemsOf } from './hall.ts';
import type { Part } from './part.ts';

const SMALL_BYTES = 200;
const LARGE_BYTES = 64 * 1024;
const LEAVES = 512;
const SEGMENT_BALLOTS = 100;
/** What signs where signing is not what is measured. */
const UNSIGNED = (): Uint8Array => new Uint8Array(64);

/** Run `work` on every item of a list, so often that a run is long enough for the books of the kernel. */
function repeated<Item>(name: string, items: readonly Item[], times: number, work: (item: Item) => void): Part {
  return {
    name,
    count: items.length * times,
    run: () => {
      for (let time = 0; time < times; time++) for (const item of items) work(item);
    },
  };
}

/** Signatures, hashes, codec and trees. `signed` are ballots whose voters sign, `plain` those of operators. */
export function pureParts(hall: Hall, plain: readonly SignedBallot[], verifying: readonly Part[]): Part[] {
  const items = itemsOf(plain);
  const lists = chunksOf(items, SEGMENT_BALLOTS);
  const segments: Segment[] = lists.map((list) => hall.seal(1, list, UNSIGNED));
  const small = [new Uint8Array(SMALL_BYTES).fill(7)];
  const large = [new Uint8Array(LARGE_BYTES).fill(7)];
  const leaves = Array.from({ length: LEAVES }, (_, at) => sha256(Uint8Array.of(at % 256, at >> 8)));
  return [
    ...verifying,
    repeated('hash/sha256-200B', small, 20_000, (bytes) => void sha256(bytes)),
    repeated('hash/sha256-64KiB', large, 500, (bytes) => void sha256(bytes)),
    repeated('hash/merkle-512-leaves', [leaves], 40, (all) => void merkleRoot(TAGS['items-tree'].tag, all)),
    repeated('codec/ballot-encode', plain, 10, (one) => {
      encodeBallotBody(one.ballot);
      encodeSignedBallot(one);
    }),
    repeated('codec/ballot-decode', items, 10, ({ bytes }) => void decodeSignedBallot(bytes)),
    repeated('codec/segment-of-100-encode', lists, 3, (list) => void hall.seal(1, list, UNSIGNED)),
    repeated('codec/segment-of-100-decode', segments, 3, ({ bytes }) => void decodeSegment(bytes)),
  ];
}

/** One signature of a ballot. */
export function verifyPart(ballots: readonly { readonly key: Uint8Array; readonly signed: SignedBallot }[]): Part {
  return repeated('crypto/verify', ballots, 1, ({ key, signed: { id, signature } }) => {
    assert(signature !== undefined && verify(key, id, signature), 'a good signature is taken');
  });
}

export function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  const chunks: Item[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
