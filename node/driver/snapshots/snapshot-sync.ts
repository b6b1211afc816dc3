import { adopt, mayAdopt } from '../../../consensus/adopt.ts';
import { isAwaitingState } from '../../../consensus/epoch-place.ts';
import type { Replica } from '../../../consensus/replica-state.ts';
import type { Anchor } from '../../../consensus/types.ts';
import { codeOf } from '../../../protocol/errors.ts';
import type { Genesis } from '../../../protocol/genesis.ts';
import { faultBound } from '../../../protocol/roster.ts';
import type { SignedSnapshot, Snapshot } from '../../../protocol/snapshot/snapshot.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import type { SnapshotFetch } from './snapshot-fetch.ts';
import { installSnapshot } from './snapshot-install.ts';
import type { StoredSnapshot } from './snapshot-records.ts';
import type { SnapshotStore } from './snapshot-store.ts';

export interface SnapshotSyncParts {
  readonly replica: Replica;
  readonly genesis: Genesis;
  readonly store: SnapshotStore;
  readonly writer: LedgerWriter;
  readonly fetch: SnapshotFetch;
  /** Whether a snapshot leads on from what the operator trusts. */
  readonly isTrusted: (snapshot: Snapshot, signal: AbortSignal) => Promise<boolean>;
  /** The replica stands on the snapshot now; `isLanding`: and with it in an epoch it had no state of (O-04). */
  readonly adopted: (anchor: Anchor, isLanding: boolean) => Promise<void>;
  /** There is something to do between two turns. */
  readonly wake: () => void;
  /** Worth a line: 'snapshot.fetching', 'snapshot.installed', 'snapshot.not-installed'. */
  readonly log: (event: string, facts: Readonly<Record<string, unknown>>) => void;
}

/** f + 1 peers said that they no longer have the block of this height: one of them honestly. */
export function isGone(peers: Replica['peers'], height: number): boolean {
  return peers.filter(({ prunedHeight }) => prunedHeight >= height).length > faultBound(peers.length);
}

/** After a round in vain. */
const RETRY_MS = 2_000;

/**
 * Brings a node that cannot, or need not, execute the past onto the newest snapshot that f + 1 validators signed: one that
 * began without a ledger, or one whose peers have given up the blocks it asks for. Fetching goes on beside the loop;
 * installing is done between two turns, as compaction is.
 */
export class SnapshotSync {
  readonly #parts: SnapshotSyncParts;
  /** This node began its life, or this start, with nothing. */
  readonly #isFresh: boolean;
  readonly #abort = new AbortController();
  #newest: Snapshot | undefined;
  #notBeforeMs = 0;
  #ready: StoredSnapshot | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: SnapshotSyncParts) {
    this.#parts = parts;
    this.#isFresh = parts.replica.executed.height === 0;
  }

  /** f + 1 validators signed it. */
  agreed([signed]: readonly SignedSnapshot[]): void {
    if (signed === undefined) return;
    if (this.#newest === undefined || signed.snapshot.height > this.#newest.height) this.#newest = signed.snapshot;
    this.tick();
  }

  /** Look whether there is something to fetch; to be called now and then. */
  tick(): void {
    const { replica } = this.#parts;
    const snapshot = this.#newest;
    if (this.#running !== undefined || this.#ready !== undefined || snapshot === undefined) return;
    const isEarly = performance.now() < this.#notBeforeMs;
    if (isEarly || this.#abort.signal.aborted || !this.#isWanted(replica, snapshot)) return;
    this.#running = this.#fetch(snapshot).finally(() => {
      this.#notBeforeMs = performance.now() + RETRY_MS;
      this.#running = undefined;
    });
  }

  /** A whole snapshot waits to be installed. */
  isDue(): boolean {
    return this.#ready !== undefined;
  }

  /** Between two turns only. @throws WaggleError WAGGLE_STORE_FAILED */
  async run(): Promise<void> {
    const stored = this.#ready;
    this.#ready = undefined;
    const { replica, genesis, store, writer, adopted, log } = this.#parts;
    if (stored === undefined || !mayAdopt(replica, stored.snapshot)) return;
    await writer.flush();
    const { height } = stored.snapshot;
    try {
      const { state, anchor } = await installSnapshot(stored, store, writer, genesis);
      const isLanding = anchor.epoch !== replica.executed.epoch;
      adopt(replica, state, anchor);
      await adopted(anchor, isLanding);
      log('snapshot.installed', { height, chunks: stored.leaves.length });
      await store.dropOld();
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'WAGGLE_SNAPSHOT_CHUNK') throw error;
      // A chunk rotted between being fetched and now: it is fetched again.
      store.save({ ...stored, isWhole: false });
      log('snapshot.not-installed', { height, code });
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  #isWanted(replica: Replica, snapshot: Snapshot): boolean {
    if (!mayAdopt(replica, snapshot)) return false;
    // Who leapt into an epoch has no other way into it (O-04).
    if (this.#isFresh || isAwaitingState(replica)) return true;
    return isGone(replica.peers, replica.executed.height + 1);
  }

  async #fetch(snapshot: Snapshot): Promise<void> {
    const { fetch, isTrusted, wake, log } = this.#parts;
    const { height } = snapshot;
    try {
      if (!(await isTrusted(snapshot, this.#abort.signal))) {
        log('snapshot.not-trusted', { height });
        return;
      }
      log('snapshot.fetching', { height });
      this.#ready = await fetch.round(snapshot, this.#abort.signal);
      if (this.#ready !== undefined) wake();
    } catch (error) {
      log('snapshot.not-fetched', { height, code: codeOf(error) });
    }
  }
}
