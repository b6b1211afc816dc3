import { ITEM_KINDS, itemLeaf } from '../chain/segment.ts';
import { WaggleError } from '../errors.ts';
import type { AppliedItem } from './applied.ts';
import { decodeSignedBallot, type SignedBallot } from './ballot.ts';
import { type ItemPlace, judgeBallot } from './ballots.ts';
import { complete, END_REASONS, endOf, hasAllVoted, isClosing, isDue } from './closing.ts';
import { countBallot } from './counting.ts';
import { decodeSignedOperation, type SignedOperation } from './operation.ts';
import { applyOperation } from './operations/judge.ts';
import { activeSessions } from './queries.ts';
import type { BlockContext, GovernanceState } from './state.ts';

/** An item of a final block and where it stands. */
export interface PlacedItem extends ItemPlace {
  /** ITEM_KINDS of chain/segment.ts; any other number is `malformed`. */
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/**
 * Execute one item: steps (2) and (3) of protocol.md, Execution. Total: any bytes give exactly one outcome, nothing is
 * thrown, and the state changes only for `counted` and `applied`. What does not decode goes by the hash of its item.
 */
export function applyItem(state: GovernanceState, context: BlockContext, item: PlacedItem): AppliedItem {
  if (item.kind === ITEM_KINDS.ballot) {
    const signed = decodeOr(decodeSignedBallot, item.bytes);
    if (signed !== undefined) return applyBallot(state, context, signed, item);
  }
  if (item.kind === ITEM_KINDS.operation) {
    const signed = decodeOr(decodeSignedOperation, item.bytes);
    if (signed !== undefined) return applySigned(state, context, signed, item);
  }
  return { id: itemLeaf(item), kind: 'unknown', outcome: 'malformed', bytes: item.bytes };
}

function decodeOr<Value>(decode: (bytes: Uint8Array) => Value, bytes: Uint8Array): Value | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof WaggleError) return undefined;
    throw error;
  }
}

function applyBallot(
  state: GovernanceState,
  context: BlockContext,
  signed: SignedBallot,
  item: PlacedItem,
): AppliedItem {
  const { outcome, counted } = judgeBallot(state, context, signed, item);
  if (outcome === 'counted') countBallot(state, context, signed, item.shard);
  const applied = { id: signed.id, kind: 'ballot', ballot: signed, bytes: item.bytes, outcome } as const;
  return counted === undefined ? applied : { ...applied, counted };
}

function applySigned(
  state: GovernanceState,
  context: BlockContext,
  signed: SignedOperation,
  item: PlacedItem,
): AppliedItem {
  const outcome = applyOperation(state, context, signed, item);
  const applied = { id: signed.id, kind: 'operation', operation: signed, bytes: item.bytes, outcome } as const;
  return outcome === 'duplicate' ? { ...applied, counted: signed.id } : applied;
}

/**
 * Step (1) of a block: active sessions whose deadline is not after block.time end with the sums of the block before.
 * Sessions are independent rows, so the order in which they end reaches nothing.
 */
export function closeDue(state: GovernanceState, context: BlockContext): void {
  for (const row of activeSessions(state)) {
    if (isDue(row, context.timeMs)) complete(state, context, { ...row, ...endOf(context, END_REASONS.deadline) });
  }
}

/** Step (4): sessions closed by operation in this block, and those where every elector answered everything. */
export function closeAfter(state: GovernanceState, context: BlockContext): void {
  for (const row of activeSessions(state)) {
    if (isClosing(row)) complete(state, context, row);
    else if (hasAllVoted(state, row)) complete(state, context, { ...row, ...endOf(context, END_REASONS.allVoted) });
  }
}
