import type { Block } from '../../protocol/chain/block.ts';
import { type Epoch, isSpoken } from '../../protocol/epoch.ts';
import { approvedChange } from '../../protocol/governance/epochs.ts';
import { faultBound } from '../../protocol/roster.ts';
import { hasWork } from '../chains/cut.ts';
import { pickEvidence } from '../evidence.ts';
import type { Replica, Turn } from '../replica-state.ts';
import type { BlockNode } from './tree.ts';

/** The highest notarized or finalized block whose ancestry is held: what the next one would stand on, but for gaps. */
export function highestCertified(replica: Replica): BlockNode {
  for (let view = replica.view - 1; view > replica.finalView; view--) {
    const hash = replica.views.blockCertificate(view)?.blockHash;
    const node = hash === undefined ? undefined : replica.tree.node(hash);
    if (node !== undefined) return node;
  }
  return replica.tree.final;
}

/** Whether a block neither advances a chain nor carries evidence nor ends the epoch. */
export function isEmpty({ cut, evidence, reconfig }: Block): boolean {
  return cut.length === 0 && evidence.length === 0 && reconfig === undefined;
}

/** Whether an unfinalized block up to `node` is not empty: only then may a block be empty (W-03, FLUSH). */
export function mayFlush(replica: Replica, node: BlockNode): boolean {
  const path = replica.tree.pathFromFinal(node);
  return path?.some(({ block }) => block !== undefined && !isEmpty(block.block)) ?? false;
}

/**
 * W-01 WORK(v): something to order, something that waits for finality too long, f + 1 others that gave the view up, or a
 * proposal for it. Without work a view has no timers and no leader proposes: an idle network is silent.
 */
export function hasWorkFor(turn: Turn): boolean {
  const { replica, now } = turn;
  const state = replica.views.find(replica.view);
  const hasGivenUp = state?.own.has('nullify') === true;
  // Given up here, it is for the others to go on with; saying so again and again on an idle network helps nobody.
  if (state?.proposal !== undefined && !hasGivenUp) return true;
  if ((state?.votes.nullify.size ?? 0) - (hasGivenUp ? 1 : 0) > faultBound(replica.peers.length)) return true;
  // Behind by a finalization whose ancestors are on their way: what there is to order is not known yet.
  if (replica.unresolved.size > 0) return false;
  const base = highestCertified(replica);
  if (!base.sealed && hasContent(turn, base)) return true;
  const since = replica.unfinalSinceMs;
  return since !== undefined && now.monoMs >= since + flushAfterMs(replica) && mayFlush(replica, base);
}

/** Something a block above `base` would carry. */
function hasContent({ replica, now }: Turn, base: BlockNode): boolean {
  if (hasWork(replica.chains, base)) return true;
  if (pickEvidence(replica, base.standings, Math.floor(now.wallMs)).length > 0) return true;
  return dueChange(replica) !== undefined;
}

/**
 * N-05: no vote for the end of an epoch whose next one this build does not speak. A reason to withhold a notarize and never
 * a verdict, as others may speak it: so an epoch that asks for a newer version begins once a quorum has it, and not before.
 */
export function mayFollow({ config }: Replica, next: Epoch | undefined): boolean {
  return next === undefined || isSpoken(next, config.spoken);
}

/** The change with which this node, as a leader, would end the epoch (N-01, N-05). */
export function dueChange(replica: Replica): ReturnType<typeof approvedChange> {
  const change = approvedChange(replica.state);
  return mayFollow(replica, change?.next) ? change : undefined;
}

/** 2·t_a of the base timer: a backed-off one would let an accepted ballot wait for minutes after trouble is over. */
function flushAfterMs({ config }: Replica): number {
  return 2 * 3 * config.viewTimerMs;
}

/** When an unfinalized block will have waited long enough to be work by itself. */
export function flushAtMs(replica: Replica): number | undefined {
  return replica.unfinalSinceMs === undefined ? undefined : replica.unfinalSinceMs + flushAfterMs(replica);
}
