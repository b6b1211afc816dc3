import type { CborValue } from '../../protocol/codec/cbor.ts';
import { epochOf, openChange } from '../../protocol/governance/epochs.ts';
import type { Operation } from '../../protocol/governance/operation.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { type Roster, validatorIndex } from '../../protocol/roster.ts';

/**
 * Whether the ledger knows the key that answers for an operation: an admin's, a validator's, one that applied an
 * operation before, an opener of the space it names or the key of the model it names. Anybody else's is `forbidden`
 * whatever it says, so its signatures need no look. Looks up what the operation names; never walks a table.
 */
export function knowsActor(state: GovernanceState, roster: Roster, { actor, body }: Operation): boolean {
  if (epochOf(state).admins.keys.some((key) => hashesEqual(key, actor))) return true;
  if (validatorIndex(roster, actor) >= 0 || state.seqs.has(toHex(actor))) return true;
  // A key that is to have a seat says that its node is there.
  if (openChange(state)?.waitsFor.some((one) => hashesEqual(one, actor)) === true) return true;
  const openers = state.spaces.get(named(body, 'space'))?.openers ?? [];
  if (openers.some((key) => hashesEqual(key, actor))) return true;
  const key = state.models.get(named(body, 'id'))?.key;
  return key !== undefined && hashesEqual(key, actor);
}

/** The text a body holds in a field; none names nothing. */
function named(body: Operation['body'], field: 'space' | 'id'): string {
  if (body === null || typeof body !== 'object' || Array.isArray(body) || body instanceof Uint8Array) return '';
  const value = (body as { readonly [key: string]: CborValue })[field];
  return typeof value === 'string' ? value : '';
}
