import type { Replica } from '../../consensus/replica-state.ts';
import { faultBound, quorum } from '../../protocol/roster.ts';
import type { NodeStatus } from '../rpc/node-api.ts';

/** Final heights behind what an honest peer says from which a node calls itself syncing. */
const SYNCING_BLOCKS = 8;

export interface StatusFacts {
  readonly replica: Replica;
  /** Other validators that frames reach. */
  readonly connected: number;
  readonly writable: boolean;
  readonly failure: string | undefined;
  readonly uptimeMs: number;
}

export function statusOf({ replica, connected, writable, failure, uptimeMs }: StatusFacts): NodeStatus {
  const { config, view, executed, finalHeight, tree } = replica;
  const target = claimedHeight(replica);
  const syncing = target > executed.height + SYNCING_BLOCKS;
  const validators = config.roster.validators.length;
  const needed = quorum(validators);
  const reachable = connected + 1;
  const reasons = [
    failure,
    writable ? undefined : 'the disk failed: nothing is written any more',
    reachable < needed
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
    writable: writable && failure === undefined,
    uptimeMs,
  };
}

/** A final height that an honest validator claims: f liars alone cannot make a node look behind. */
function claimedHeight({ peers, finalHeight }: Replica): number {
  const claims = peers.map(({ status }) => status?.finalHeight ?? 0).sort((a, b) => b - a);
  return Math.max(finalHeight, claims[faultBound(peers.length)] ?? 0);
}
