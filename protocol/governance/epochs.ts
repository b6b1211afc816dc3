import { assert } from '../assert.ts';
import { type Epoch, encodeEpoch } from '../epoch.ts';
import { hashesEqual } from '../hash.ts';
import { shardOf } from '../ids.ts';
import type { Validator } from '../roster.ts';
import { admittedObservers } from './lookups.ts';
import type { BlockContext, ChangeRow, DecidedBy, EpochRow, GovernanceState } from './state.ts';

export const CURRENT_EPOCH = 'current';

/** The epoch that the next block is executed in. */
export function epochOf(state: GovernanceState): EpochRow {
  const row = state.epochs.get(CURRENT_EPOCH);
  assert(row !== undefined, 'a state is of an epoch');
  return row;
}

/** The ballot shard of a voter by the current slot table. */
export function placeOf(state: GovernanceState, space: string, voter: string): number {
  const { shards, slots } = epochOf(state).params;
  return shardOf(space, voter, shards, slots);
}

export function changeKey(epoch: number): string {
  return String(epoch);
}

/** What was proposed to follow the current epoch and was not withdrawn. */
export function openChange(state: GovernanceState): ChangeRow | undefined {
  const row = state.changes.get(changeKey(epochOf(state).epoch));
  return row === undefined || row.withdrawnHeight !== undefined ? undefined : row;
}

/** The change with which any block from now on may end the epoch. */
export function approvedChange(state: GovernanceState): (ChangeRow & { readonly approvedHeight: number }) | undefined {
  const row = openChange(state);
  return row?.approvedHeight === undefined ? undefined : { ...row, approvedHeight: row.approvedHeight };
}

/** By the admins, or by a vote that is over (G-03). Who was there when a long vote began may be gone when it ends. */
export function isDecided({ decidedBy, decidedHeight }: ChangeRow): boolean {
  return decidedBy === undefined || decidedHeight !== undefined;
}

/**
 * Nothing is missing any more: the keys that are new are there, and so is the approval, where models were asked (G-03).
 * The block it happens in is the one that the end of the epoch names (N-01).
 */
export function approvedIn(change: ChangeRow, context: BlockContext): ChangeRow {
  return change.waitsFor.length === 0 && isDecided(change) ? { ...change, approvedHeight: context.height } : change;
}

/** G-03: a session ended, with these proposals approved. A change that waited for another end of it is withdrawn by that. */
export function decideChange(
  state: GovernanceState,
  context: BlockContext,
  { space, session }: Pick<DecidedBy, 'space' | 'session'>,
  approved: readonly string[],
): void {
  const change = openChange(state);
  const by = change?.decidedBy;
  if (change === undefined || by?.space !== space || by.session !== session) return;
  const { height } = context;
  const isApproved = approved.includes(by.proposal);
  const row = isApproved
    ? approvedIn({ ...change, decidedHeight: height }, context)
    : { ...change, withdrawnHeight: height };
  state.changes.set(changeKey(change.epoch), row);
}

/** Whether a block that says so may end the epoch with `next`, as far as this state knows. */
export function isApproved(state: GovernanceState, height: number, next: Uint8Array): boolean {
  const change = approvedChange(state);
  return change?.approvedHeight === height && hashesEqual(encodeEpoch(change.next), next);
}

/**
 * Step (5) of a block that ends its epoch: from here on the next one holds. Who lost its seat stays connected as an
 * observer, so that it loses nothing that is final; who was one and got a seat is none any more. What a key might do that was
 * rotated, its successor may do.
 */
export function sealEpoch(state: GovernanceState, context: BlockContext, next: Epoch): void {
  const before = epochOf(state);
  const change = openChange(state);
  const shardsMost = Math.max(before.shardsMost, next.params.shards);
  state.epochs.set(CURRENT_EPOCH, { ...next, sealedHeight: context.height, shardsMost });
  if (change !== undefined) state.changes.set(changeKey(before.epoch), { ...change, sealedHeight: context.height });
  moveRights(state, before.validators, next.validators);
  const isSeated = ({ name }: { readonly name: string }): boolean => next.validators.some((one) => one.name === name);
  for (const row of admittedObservers(state)) {
    if (isSeated(row)) state.observers.set(row.name, { ...row, removedHeight: context.height });
  }
  const sponsor = change?.proposer ?? state.chain;
  for (const { name, peer } of before.validators.filter((one) => !isSeated(one))) {
    state.observers.set(name, { name, peer, sponsor, admittedHeight: context.height });
  }
}

/** A rotated key opens no session any more, and holds none; the operator is the same, so the new one does. */
function moveRights(state: GovernanceState, before: readonly Validator[], next: readonly Validator[]): void {
  for (const { name, key } of next) {
    const old = before.find((one) => one.name === name)?.key;
    if (old === undefined || hashesEqual(old, key)) continue;
    for (const [space, row] of [...state.spaces.entries()]) {
      if (!row.openers.some((one) => hashesEqual(one, old))) continue;
      const others = row.openers.filter((one) => !hashesEqual(one, old) && !hashesEqual(one, key));
      state.spaces.set(space, { ...row, openers: [...others, key] });
    }
    // Those that ended may be in storage alone, here and not there.
    for (const [session, row] of [...state.sessions.entries()]) {
      const isOpen = row.status === 'active' || row.status === 'draft';
      if (isOpen && hashesEqual(row.opener, old)) state.sessions.set(session, { ...row, opener: key });
    }
  }
}

/** Keys of `next` that the epoch before does not have. */
export function newKeys(before: Epoch, next: Epoch): Uint8Array[] {
  const has = (validators: readonly Validator[], key: Uint8Array): boolean =>
    validators.some((one) => hashesEqual(one.key, key));
  return next.validators.flatMap(({ key }) => (has(before.validators, key) ? [] : [key]));
}
