import { assert } from './assert.ts';
import { type Hash, hashesEqual, tagged } from './hash.ts';
import type { Id } from './ids.ts';
import { TAGS } from './tags.ts';

export interface Validator {
  readonly name: Id;
  /** Consensus key, ed25519. */
  readonly key: Uint8Array;
  /** libp2p peer id. */
  readonly peer: string;
  /** Multiaddrs to dial. */
  readonly addrs: readonly string[];
}

/** The fixed, ordered validators of one epoch. A ValidatorIndex is a position in `validators`. */
export interface Roster {
  readonly epoch: number;
  readonly validators: readonly Validator[];
  /** Leader order: a permutation of the indices (consensus.md 2.9). */
  readonly order: readonly number[];
}

/** f = ⌊(n−1)/3⌋. */
export function faultBound(validators: number): number {
  return Math.floor((validators - 1) / 3);
}

/** q = n − f. Never 2f+1: for n = 6 that would be two disjoint quorums (consensus.md 2.1). */
export function quorum(validators: number): number {
  return validators - faultBound(validators);
}

/** The leader order is shuffled per epoch from the chain id, so that every node computes the same one. */
export function createRoster(chain: Hash, epoch: number, validators: readonly Validator[]): Roster {
  assert(validators.length > 0, 'a roster has a validator');
  const order = validators.map((_, index) => index);
  for (let last = order.length - 1; last > 0; last--) {
    const draw = tagged(TAGS.roster.tag, chain, Uint8Array.of(epoch & 0xff, (epoch >>> 8) & 0xff, last));
    const number = ((draw[0] ?? 0) << 16) | ((draw[1] ?? 0) << 8) | (draw[2] ?? 0);
    const pick = number % (last + 1);
    const kept = order[last] ?? 0;
    order[last] = order[pick] ?? 0;
    order[pick] = kept;
  }
  return { epoch, validators, order };
}

/** L(v): round robin over the epoch's order. */
export function leaderOf(roster: Roster, view: number): number {
  return roster.order[view % roster.order.length] ?? 0;
}

/** The index of a validator's key, or −1. */
export function validatorIndex(roster: Roster, key: Uint8Array): number {
  return roster.validators.findIndex((validator) => hashesEqual(validator.key, key));
}
