/** q by number of validators 1…21, written out by hand so that no formula is shared with the code (consensus.md 2.1). */
const QUORUMS = [1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 8, 9, 9, 10, 11, 11, 12, 13, 13, 14, 15];

/** @throws RangeError for a roster the table does not know */
export function quorumOf(n: number): number {
  const quorum = QUORUMS[n - 1];
  if (quorum === undefined) throw new RangeError(`no quorum for ${n} validators`);
  return quorum;
}
