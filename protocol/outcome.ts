/**
 * What became of one item: a code in every checkpoint, so numbers are never reused or renumbered.
 * The order of the names is the order of the checks (protocol.md, Execution): the first failure is the outcome.
 */
export const OUTCOMES = {
  malformed: 1,
  'wrong-chain': 2,
  'wrong-shard': 3,
  expired: 4,
  stale: 5,
  'unknown-session': 6,
  duplicate: 7,
  'bad-signature': 8,
  'not-eligible': 9,
  forbidden: 10,
  'not-open': 11,
  closed: 12,
  'already-voted': 13,
  conflict: 14,
  'unknown-proposal': 15,
  incomplete: 16,
  'invalid-choice': 17,
  counted: 18,
  applied: 19,
} as const;

export type Outcome = keyof typeof OUTCOMES;

const NAMES = new Map<number, Outcome>(Object.entries(OUTCOMES).map(([name, code]) => [code, name as Outcome]));

/** The name of a code, or undefined for a number that is none. */
export function outcomeName(code: number): Outcome | undefined {
  return NAMES.get(code);
}
