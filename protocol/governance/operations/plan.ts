import type { CborValue } from '../../codec/cbor.ts';
import { type Hash, hashesEqual } from '../../hash.ts';
import { toHex } from '../../hex.ts';
import type { Outcome } from '../../outcome.ts';
import { epochOf } from '../epochs.ts';
import type { Operation } from '../operation.ts';
import type { BlockContext, GovernanceState } from '../state.ts';

/** All an operation is judged by. */
export interface Scene {
  readonly state: GovernanceState;
  readonly context: BlockContext;
  readonly operation: Operation;
  readonly id: Hash;
  /** Keys that signed; verified before `permit` is asked. */
  readonly signers: readonly Uint8Array[];
}

/**
 * What one kind adds to the checks all operations share. Each answers with its first failing check in the order of the
 * outcome codes, or undefined when all pass.
 */
export interface Plan {
  /** Instead of the actor's seq: for kinds that are idempotent by state, and to know a repeated one. */
  readonly isStale?: (scene: Scene) => boolean;
  /** `unknown-session`, `duplicate`: before any signature is checked. */
  target(scene: Scene): Outcome | undefined;
  /** `not-eligible`, `forbidden`, then what the state does not allow. */
  permit(scene: Scene): Outcome | undefined;
  apply(scene: Scene): void;
}

/** One kind: its body read strictly into a plan. @throws WaggleError WAGGLE_OPERATION_BODY */
export type ReadPlan = (body: CborValue) => Plan;

export function hasKey(keys: readonly Uint8Array[], key: Uint8Array): boolean {
  return keys.some((one) => hashesEqual(one, key));
}

/** At least the threshold of the admins signed. */
export function isByAdmins({ state, signers }: Scene): boolean {
  const { keys, threshold } = epochOf(state).admins;
  return keys.filter((key) => hasKey(signers, key)).length >= threshold;
}

/** The actor may open sessions in this space. */
export function isByOpener({ state, operation }: Scene, space: string): boolean {
  return hasKey(state.spaces.get(space)?.openers ?? [], operation.actor);
}

export function isValidator({ context }: Scene, name: string): boolean {
  return context.roster.validators.some((validator) => validator.name === name);
}

/** Not the actor's next seq. */
export function isSeqStale({ state, operation }: Scene): boolean {
  return operation.seq !== (state.seqs.get(toHex(operation.actor)) ?? 0) + 1;
}
