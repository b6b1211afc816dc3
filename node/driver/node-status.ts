import { maySeal } from '../../consensus/chains/restart.ts';
import { standingOf } from '../../consensus/chains/standings.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import { faultBound, quorum } from '../../protocol/roster.ts';
import type { NodeStatus } from '../rpc/node-api.ts';
import { isGone } from './snapshots/snapshot-sync.ts';

/** Final heights behind what an honest peer says from which a node calls itself syncing. */
const SYNCING_BLOCKS = 8;

export interface StatusFacts {
  readonly replica: Replica;
  /** Other validators that frames reach. */
  readonly connected: number;
  readonly writable: boolean;
  readonly failure: string | undefined;
  /** What is damaged on the disk and being repaired. */
  readonly damage: string | undefined;
  readonly uptimeMs: number;
  /** Of an observer: it stood where the validators said they are, once since its start. */
  readonly caughtUp: boolean;
}

export function statusOf(facts: StatusFacts): NodeStatus {
  const { replica, connected, writable, failure, damage, uptimeMs, caughtUp } = facts;
  const { config, view, executed, finalHeight, tree } = replica;
  const target = claimedHeight(replica);
  const isObserver = config.self === undefined;
  const syncing = target > executed.height + SYNCING_BLOCKS || (isObserver && !caughtUp);
  const validators = config.roster.validators.length;
  const needed = quorum(validators);
  const reachable = connected + (isObserver ? 0 : 1);
  const reasons = [
    failure,
    writable ? undefined : 'the disk failed: nothing is written any more',
    damage,
    isObserver ? undefined : sealReason(replica),
    goneReason(replica),
    isObserver && reachable === 0 ? 'no validator is reachable' : undefined,
    !isObserver && reachable < needed
      ? `no quorum: ${reachable} of ${validators} validators are reachable, ${needed} are needed`
      : undefined,
    syncing ? `syncing: at height ${executed.height} of ${target}` : undefined,
  ];
  const notReadyReason = reasons.find((reason) => reason !== undefined);
  return {
    epoch: config.roster.epoch,
    view,
    height: executed.height,
    finalHeight,
    finalizedAtMs: finalHeight === 0 ? undefined : tree.final.timeMs,
    syncing,
    ready: notReadyReason === undefined,
    notReadyReason,
    writable: writable && failure === undefined && (isObserver || maySeal(replica)),
    uptimeMs,
  };
}

/** f + 1 validators said where they stand, one of them honest, and this node is there. */
export function isLevel(replica: Replica): boolean {
  const said = replica.peers.filter(({ status }) => status !== undefined).length;
  return said > faultBound(replica.peers.length) && replica.executed.height >= claimedHeight(replica);
}

/** F-01, F-03 and E-03, for people. */
function sealReason(replica: Replica): string | undefined {
  const { fence, view, config, tree } = replica;
  if (maySeal(replica)) return undefined;
  const { muted, pardoned } = standingOf(tree.final.standings, config.self ?? -1);
  if (muted && (pardoned || fence === undefined)) {
    return 'a final block holds proof that its key signed two things at once: its vote chains are muted';
  }
  if (fence === undefined) return 'its vote chains go on under an incarnation it does not know';
  if (fence.view === undefined) return 'it lost what it signed, and asks the others where it may go on';
  if (view <= fence.view) return `it lost what it signed, and is silent up to view ${fence.view}`;
  return 'it lost its vote chains: it takes no ballots until a final block restarts them';
}

/** What this node would execute next nobody has any more, and it may not leave its own history (O-03). */
function goneReason(replica: Replica): string | undefined {
  const next = replica.executed.height + 1;
  if (replica.config.self === undefined || replica.fence !== undefined || !isGone(replica.peers, next))
    return undefined;
  return `the others no longer have block ${next}: start --rejoin goes on from their snapshot`;
}

/** A final height that an honest validator claims: f liars alone cannot make a node look behind. */
function claimedHeight({ peers, finalHeight }: Replica): number {
  const claims = peers.map(({ status }) => status?.finalHeight ?? 0).sort((a, b) => b - a);
  return Math.max(finalHeight, claims[faultBound(peers.length)] ?? 0);
}
