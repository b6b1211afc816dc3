import type { Segment } from '../protocol/chain/segment.ts';
import type { Epoch } from '../protocol/epoch.ts';
import { epochOf } from '../protocol/governance/epochs.ts';
import { createRoster, validatorIndex } from '../protocol/roster.ts';
import { leftoversIn, leftoversOf, placeLeftover } from './chains/leftovers.ts';
import { createReplica } from './replica.ts';
import type { Replica } from './replica-state.ts';
import { createFence, type FenceEntry, inheritFence } from './simplex/fence-state.ts';
import type { JournalEntry, ReplicaConfig } from './types.ts';

/*
 * From one epoch to the next (N-02, N-03). The last block of an epoch is executed and durable in the ledger; then
 * `beginEpoch` makes a fresh instance of the replica in its place, and its entries become a new journal; then `start`.
 * Views, votes, certificates and chains begin anew, and no record of the epoch before is ever read into this one. What goes
 * over is the state, the fence, and items that were accepted and that no final block has.
 */

/**
 * O-04: proofs lead to a later epoch whose past nobody serves any more. The replica listens to its roster until f + 1 of
 * them signed a state, and says and executes nothing until it has adopted that. Only for who has no voice (O-03), between
 * two steps; the next `start` follows once there is a state.
 */
export function awaitState(replica: Replica, epoch: Epoch): void {
  const { config, state, executed, pool, fence, started } = replica;
  Object.assign(replica, createReplica(configOf(config, epoch), state, executed, pool.policy), { fence, started });
}

/** What a replica of the epoch is told: the seat it has by one of its keys, and the epoch's parameters. */
export function configOf(config: ReplicaConfig, epoch: Epoch): ReplicaConfig {
  const { chain, verify, keyring = [], spoken } = config;
  const roster = createRoster(chain, epoch.epoch, epoch.validators);
  const seat = keyring.find(({ publicKey }) => validatorIndex(roster, publicKey) >= 0);
  const self = seat === undefined ? undefined : validatorIndex(roster, seat.publicKey);
  const { shards, viewTimerMs, blockIntervalMs, snapshotIntervalBlocks, slots } = epoch.params;
  const sign = (message: Uint8Array): Uint8Array => (seat === undefined ? config.sign(message) : seat.sign(message));
  return {
    ...{ chain, roster, self, shards, viewTimerMs, blockIntervalMs, sign, verify, keyring },
    ...(snapshotIntervalBlocks === undefined ? {} : { snapshotIntervalBlocks }),
    ...(slots === undefined ? {} : { slots }),
    ...(spoken === undefined ? {} : { spoken }),
  };
}

/** The start of an epoch brings its own. */
const NO_NONCE = new Uint8Array(16);

/** Make the replica one of the epoch its state is in. Between two steps; then come the new journal, and `start`. */
export function beginEpoch(replica: Replica): void {
  const { config: before, state, executed, pool, checkpoints } = replica;
  const left = leftoversOf(replica);
  const config = { ...configOf(before, epochOf(state)), rosterBefore: before.roster };
  const next = createReplica(config, state, executed, pool.policy);
  for (const one of left) next.leftovers.keep(placeLeftover(config, one));
  const inherited = inheritFence(replica.fence);
  const fence = inherited && createFence(inherited.view, NO_NONCE, inherited.isInherited);
  checkpoints.endEpoch(executed.height, before.roster.validators.length);
  Object.assign(replica, next, { checkpoints, fence });
}

/**
 * What a journal of the epoch before leaves to the next, for a node that went down between the two: all that it accepted
 * there and that no final cut had, and what it knows of its past. `isOrdered` says which segments are in the ledger.
 */
export function inheritJournal(
  entries: readonly JournalEntry[],
  config: ReplicaConfig,
  isOrdered: (segment: Segment) => boolean,
): JournalEntry[] {
  const last = entries.findLast((entry): entry is FenceEntry => entry.kind === 'fence');
  const fence = inheritFence(last && { view: last.view, isInherited: last.isInherited === true });
  const left = leftoversIn(entries, config, isOrdered).map((one) => placeLeftover(config, one));
  const items = left.map(({ shard, item }): JournalEntry => ({ kind: 'leftover', shard, item }));
  return fence === undefined ? items : [fence, ...items];
}
