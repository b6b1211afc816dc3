import { createHash } from 'node:crypto';

/** Numbers 0 ≤ x < 1, the same row for the same seed on every machine: digests of the seed and a count. */
export function randomOf(seed: number): () => number {
  let count = 0;
  return () => {
    count += 1;
    return createHash('sha256').update(`${seed}/${count}`).digest().readUInt32BE(0) / 2 ** 32;
  };
}

/** @throws TypeError there is none */
export function oneOf<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new TypeError('nothing to choose from');
  return item;
}
