import { assert } from '../protocol/assert.ts';
import type { ReplicaConfig } from './types.ts';

/** Own ValidatorIndex, where only a validator comes: no rule of an observer signs anything (O-01). */
export function seatOf({ self }: ReplicaConfig): number {
  assert(self !== undefined, 'only a validator signs');
  return self;
}
