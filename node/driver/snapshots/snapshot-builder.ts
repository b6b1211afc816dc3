import type { Delivery } from '../../../consensus/types.ts';
import type { Hash } from '../../../protocol/hash.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { chunkLeaf, type Snapshot, snapshotRoot } from '../../../protocol/snapshot/snapshot.ts';
import { endFrozen, isStale, snapshotChunks } from '../../../protocol/snapshot/stream.ts';
import type { Counters } from '../../network/counters.ts';
import type { LedgerSource } from '../overlay.ts';
import { ArchivedRows } from './archived-rows.ts';
import type { SnapshotStore } from './snapshot-store.ts';

type Due = Extract<Delivery, { kind: 'snapshot-due' }>;

export interface SnapshotBuilderParts {
  readonly store: SnapshotStore;
  readonly source: LedgerSource;
  /** What the keys of heads begin with that are in the ledger alone. */
  readonly archived: () => readonly string[];
  /** Resolves when others had their turn on the thread. */
  readonly turn: () => Promise<void>;
  /** It is in the store. */
  readonly made: (snapshot: Snapshot) => void;
  readonly onError: (error: unknown) => void;
  readonly counters: Counters;
}

/**
 * Makes the snapshot of a frozen state, a slice of work between two turns of the loop (K-03), and gives up when the next
 * one is due: the newest is what others want. What a crash leaves half made is dropped with the next.
 */
export class SnapshotBuilder {
  readonly #parts: SnapshotBuilderParts;
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: SnapshotBuilderParts) {
    this.#parts = parts;
  }

  /** At once after the state was frozen: what is archived must be what was archived then. */
  take(due: Due): void {
    if (this.#isStopped) {
      endFrozen(due.state);
      return;
    }
    const { source, archived } = this.#parts;
    const heads = new ArchivedRows(source, archived(), due.state.get('heads')?.archived ?? 0);
    this.#running = this.#running.then(() => this.#build(due, heads)).catch((error) => this.#parts.onError(error));
  }

  /** Resolves when nothing more is written. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #build({ place, state }: Due, archivedHeads: ArchivedRows): Promise<void> {
    const { store, turn, made, counters } = this.#parts;
    const leaves: Hash[] = [];
    for (const chunk of snapshotChunks(place, state, { archivedHeads })) {
      await turn();
      await archivedHeads.fill();
      if (this.#isStopped || isStale(state) || leaves.length >= LIMITS.snapshotChunksMax) {
        counters.bump('snapshot.given_up');
        endFrozen(state);
        return;
      }
      if (chunk === undefined) continue;
      await store.saveChunk(place.height, leaves.length, chunk);
      leaves.push(chunkLeaf(chunk));
    }
    endFrozen(state);
    const { chain, epoch, height, hash, history } = place;
    const snapshot = { chain, epoch, height, blockHash: hash, history, root: snapshotRoot(leaves) };
    store.save({ snapshot, leaves, isWhole: true, isOwn: true });
    counters.bump('snapshot.made');
    made(snapshot);
    await store.dropOld();
  }
}
