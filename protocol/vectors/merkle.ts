import { tagged } from '../hash.ts';
import { merkleProof, merkleRoot, verifyProof } from '../merkle.ts';
import { TAGS } from '../tags.ts';
import { show } from './fixtures/show.ts';

const COUNTS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33];

/** Leaf i is the item hash of the byte i; a proof for the first, the middle and the last leaf. */
export function vectors(): unknown {
  const { tag } = TAGS['items-tree'];
  const leaves = Array.from({ length: 33 }, (_, at) => tagged(TAGS.item.tag, Uint8Array.of(at)));
  return show({
    tag,
    leaves,
    trees: COUNTS.map((count) => {
      const list = leaves.slice(0, count);
      const root = merkleRoot(tag, list);
      const indexes = count === 0 ? [] : [...new Set([0, count >>> 1, count - 1])];
      const proofs = indexes.map((index) => {
        const path = merkleProof(list, index);
        const leaf = list[index] ?? root;
        return { index, path, holds: verifyProof(tag, { leaf, index, count, path, root }) };
      });
      return { count, root, proofs };
    }),
  });
}
