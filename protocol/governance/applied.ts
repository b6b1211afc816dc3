import type { Hash } from '../hash.ts';
import type { Outcome } from '../outcome.ts';
import type { SignedBallot } from './ballot.ts';
import type { SignedOperation } from './operation.ts';

/** What became of one item of a final block: exactly one outcome each. */
export interface AppliedItem {
  readonly id: Hash;
  readonly kind: 'ballot' | 'operation' | 'unknown';
  readonly outcome: Outcome;
  /** As it stands in its segment. */
  readonly bytes: Uint8Array;
  readonly ballot?: SignedBallot;
  readonly operation?: SignedOperation;
  /** For `duplicate`: the id that counts already. */
  readonly counted?: Hash;
}
