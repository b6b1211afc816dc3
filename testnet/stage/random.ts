import { createHash } from 'node:crypto';

/** Numbers 0 ≤ x < 1, the same row for the same seed on every machine: digests of the seed and a count. */
export function randomOf(seed: number): () => number {
  let count = 0;
  return () => {
    count += 1;
    return createHash('sha256').update(`${seed}/${count}`).digest().readUInt32BE(0) / 2 ** 32;
  };
}
