import { sha256 } from '#sha256';
import { Writer } from './codec/writer.ts';
import { type Hash, hashesEqual, tagged, ZERO_HASH } from './hash.ts';
import type { Tag } from './tags.ts';

/**
 * Trees of protocol.md: leaves padded with zeros to a power of two, node = sha256(left ‖ right),
 * root = H(tag, u64 count ‖ top). The count under the root fixes the shape, so that no inner node passes for a
 * leaf and no two lists share a root (CVE-2012-2459).
 */
export function merkleRoot(tag: Tag, leaves: readonly Hash[]): Hash {
  let level: readonly Hash[] = leaves;
  for (let width = widthOf(leaves.length), depth = 0; width > 1; width /= 2, depth++) level = parents(level, depth);
  return seal(tag, leaves.length, level[0] ?? ZERO_HASH);
}

function seal(tag: Tag, count: number, top: Hash): Hash {
  return tagged(tag, new Writer(40).u64(count).bytes(top).finish());
}

function widthOf(count: number): number {
  let width = 1;
  while (width < count) width *= 2;
  return width;
}

/** Roots of all-zero subtrees by depth, so that padding costs one hash a level. */
const PADDING: Hash[] = [ZERO_HASH];

function padding(depth: number): Hash {
  for (let at = PADDING.length; at <= depth; at++) {
    const below = PADDING[at - 1] ?? ZERO_HASH;
    PADDING.push(sha256(below, below));
  }
  return PADDING[depth] ?? ZERO_HASH;
}

function parents(level: readonly Hash[], depth: number): Hash[] {
  const up: Hash[] = [];
  for (let at = 0; at < level.length; at += 2) up.push(sha256(level[at] ?? ZERO_HASH, level[at + 1] ?? padding(depth)));
  return up;
}

/** Siblings from the leaf up. Empty for an index outside the list or a list of one. */
export function merkleProof(leaves: readonly Hash[], index: number): Hash[] {
  const path: Hash[] = [];
  if (index < 0 || index >= leaves.length) return path;
  let level: readonly Hash[] = leaves;
  let at = index;
  for (let width = widthOf(leaves.length), depth = 0; width > 1; width /= 2, depth++) {
    path.push(level[at ^ 1] ?? padding(depth));
    level = parents(level, depth);
    at >>>= 1;
  }
  return path;
}

export interface MerkleClaim {
  readonly leaf: Hash;
  readonly index: number;
  readonly count: number;
  readonly path: readonly Hash[];
  readonly root: Hash;
}

/** Total: any claim gives true or false. */
export function verifyProof(tag: Tag, claim: MerkleClaim): boolean {
  const { leaf, index, count, path, root } = claim;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(index)) return false;
  if (count < 1 || count > 2 ** 31 || index < 0 || index >= count) return false;
  if (path.length !== Math.log2(widthOf(count)) || leaf.length !== 32) return false;
  let node = leaf;
  let at = index;
  for (const sibling of path) {
    if (sibling.length !== 32) return false;
    node = at % 2 === 0 ? sha256(node, sibling) : sha256(sibling, node);
    at = Math.floor(at / 2);
  }
  return hashesEqual(seal(tag, count, node), root);
}
