import { epochOf } from '../protocol/governance/epochs.ts';
import type { GovernanceState } from '../protocol/governance/state.ts';
import { hashesEqual } from '../protocol/hash.ts';
import type { Snapshot } from '../protocol/snapshot/snapshot.ts';
import { settleStanding } from './chains/restart.ts';
import { readStandings } from './chains/standings.ts';
import { isAwaitingState } from './epoch-place.ts';
import { configOf } from './epochs.ts';
import { createReplica } from './replica.ts';
import type { Replica } from './replica-state.ts';
import type { Anchor } from './types.ts';

/**
 * O-03: go on from a state that f + 1 validators signed instead of executing what led to it. Only for a node without a
 * voice of its own below it: an observer, or a validator behind the fence (F-01), which has nothing there to contradict.
 * Called between two steps. What was signed, heard and held above stays.
 * @returns false when the replica has that state already, or may not leave its own history
 */
export function adopt(replica: Replica, state: GovernanceState, anchor: Anchor): boolean {
  if (!mayAdopt(replica, { height: anchor.height, blockHash: anchor.hash })) return false;
  if (anchor.epoch !== replica.config.roster.epoch || isAwaitingState(replica))
    return adoptEpoch(replica, state, anchor);
  const isFinalHere = anchor.height <= replica.finalHeight;
  replica.state = state;
  replica.executed = anchor;
  // Sessions that are open there have deadlines nobody looked at here (G-01).
  replica.agenda.isStale = true;
  for (const { shard, author, height, tip } of anchor.cut) {
    replica.chains.of(shard, author).execute({ height, tip });
    if (author === replica.config.self) replica.authors.advance(shard, { height, tip });
  }
  if (isFinalHere) {
    const above = replica.executions.filter(({ node }) => node.height > anchor.height);
    replica.executions.splice(0, replica.executions.length, ...above);
    return true;
  }
  replica.executions.splice(0);
  const cut = replica.chains.advance(new Map(), anchor.cut);
  for (const standing of anchor.standings) settleStanding(replica, standing, cut);
  replica.tree.reroot({ ...anchor, cut, standings: readStandings(anchor.standings), sealed: false, block: undefined });
  replica.finalView = anchor.view;
  replica.finalHeight = anchor.height;
  replica.finalization = undefined;
  replica.unfinalSinceMs = undefined;
  replica.wantedBlocks.clear();
  for (const view of replica.unresolved.keys()) if (view <= anchor.view) replica.unresolved.delete(view);
  replica.views.prune(anchor.view);
  return true;
}

/** A state of a later epoch: nothing of the one before goes over but the fence. */
function adoptEpoch(replica: Replica, state: GovernanceState, anchor: Anchor): boolean {
  const { config: before, pool, fence, started } = replica;
  const next = epochOf(state);
  const config = next.epoch === before.roster.epoch ? before : configOf(before, next);
  Object.assign(replica, createReplica(config, state, anchor, pool.policy), { fence, started });
  return true;
}

/** Whether a snapshot may take the place of what this node would execute. */
export function mayAdopt(replica: Replica, { height, blockHash }: Pick<Snapshot, 'height' | 'blockHash'>): boolean {
  const { config, fence, executed, finalHeight, executions } = replica;
  const isVoiceless = config.self === undefined || fence !== undefined;
  if (!isVoiceless || height <= executed.height) return false;
  // Final here and not executed yet: it must be of that very block.
  if (height > finalHeight) return true;
  return executions.some(({ node }) => node.height === height && hashesEqual(node.hash, blockHash));
}
