import type { Message, SnapshotRequest } from '../../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../../consensus/wire.ts';
import { codeOf, WaggleError } from '../../../protocol/errors.ts';
import { hashesEqual } from '../../../protocol/hash.ts';
import { chunkLeaf, type Snapshot, snapshotRoot } from '../../../protocol/snapshot/snapshot.ts';
import type { Counters } from '../../network/counters.ts';
import type { StoredSnapshot } from './snapshot-records.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** Asked at the same time, one thing each: so much memory, and no peer gives more than one slot to it. */
const PEERS_MAX = 4;
/** Vain requests after which a peer is left for this round. */
const VAIN_MAX = 3;

export interface SnapshotFetchParts {
  readonly store: SnapshotStore;
  /** Connected peers that may have it, in the order of asking. */
  peers(): readonly string[];
  /** Each frame of the answer goes to `onFrame`; what that throws ends it. */
  request(peer: string, request: Uint8Array, onFrame: (bytes: Uint8Array) => void, signal: AbortSignal): Promise<void>;
  readonly counters: Counters;
}

/**
 * Fetches a snapshot that f + 1 validators signed: its leaves, which must make the root, then its chunks, each of which
 * must be its leaf before it is stored. Who sends anything else is left for good and the others are asked; what is stored
 * is not asked for again, also after a restart.
 */
export class SnapshotFetch {
  readonly #parts: SnapshotFetchParts;
  readonly #liars = new Set<string>();

  constructor(parts: SnapshotFetchParts) {
    this.#parts = parts;
  }

  /** One round over the peers. @returns the whole snapshot, or undefined when something could not be had */
  async round(snapshot: Snapshot, signal: AbortSignal): Promise<StoredSnapshot | undefined> {
    const { store, counters } = this.#parts;
    const stored = (await this.#known(snapshot)) ?? (await this.#fetchManifest(snapshot, signal));
    if (stored === undefined || signal.aborted) return undefined;
    if (stored.isWhole) return stored;
    const missing = await store.missing(stored);
    const peers = this.#honest();
    const lanes = Array.from({ length: Math.min(PEERS_MAX, peers.length) }, async () => {
      for (let peer = peers.shift(); peer !== undefined; peer = peers.shift()) {
        await this.#fetchFrom(peer, stored, missing, signal);
      }
    });
    await Promise.all(lanes);
    if (missing.length > 0 || signal.aborted || (await store.missing(stored)).length > 0) return undefined;
    const whole = { ...stored, isWhole: true };
    store.save(whole);
    counters.bump('snapshot.fetched');
    return whole;
  }

  async #known(snapshot: Snapshot): Promise<StoredSnapshot | undefined> {
    const stored = await this.#parts.store.find(snapshot.height);
    return stored !== undefined && hashesEqual(stored.snapshot.root, snapshot.root) ? stored : undefined;
  }

  async #fetchManifest(snapshot: Snapshot, signal: AbortSignal): Promise<StoredSnapshot | undefined> {
    const { store } = this.#parts;
    const { height, root } = snapshot;
    for (const peer of this.#honest()) {
      const answer = await this.#ask(peer, { kind: 'fetch-manifest', height }, signal);
      if (answer?.kind !== 'manifest') continue;
      if (answer.height !== height || !hashesEqual(snapshotRoot(answer.leaves), root)) {
        this.#leave(peer);
        continue;
      }
      const leaves = answer.leaves.map((leaf) => leaf.slice());
      const stored = { snapshot, leaves, isWhole: false, isOwn: false };
      await store.drop(height);
      store.save(stored);
      return stored;
    }
    return undefined;
  }

  /** Until nothing is missing, or this peer lied or had nothing several times. */
  async #fetchFrom(peer: string, stored: StoredSnapshot, missing: number[], signal: AbortSignal): Promise<void> {
    const { store, counters } = this.#parts;
    const { height } = stored.snapshot;
    for (let vain = 0; vain < VAIN_MAX && !signal.aborted; ) {
      const index = missing.shift();
      const leaf = index === undefined ? undefined : stored.leaves[index];
      if (index === undefined || leaf === undefined) return;
      const answer = await this.#ask(peer, { kind: 'fetch-chunk', height, index }, signal);
      if (answer?.kind !== 'chunk') {
        missing.push(index);
        vain += 1;
        continue;
      }
      if (answer.height !== height || answer.index !== index || !hashesEqual(chunkLeaf(answer.bytes), leaf)) {
        missing.push(index);
        this.#leave(peer);
        return;
      }
      await store.saveChunk(height, index, answer.bytes.slice());
      counters.bump('snapshot.chunks');
    }
  }

  /** The one message of an answer; undefined when there is none. What is no answer at all is a lie. */
  async #ask(peer: string, request: SnapshotRequest, signal: AbortSignal): Promise<Message | undefined> {
    let message: Message | undefined;
    let isLie = false;
    const onFrame = (bytes: Uint8Array): void => {
      isLie = true;
      if (message !== undefined) throw new WaggleError('WAGGLE_SYNC_ANSWER_LENGTH');
      const decoded = decodeMessage(bytes);
      if (decoded.kind !== (request.kind === 'fetch-chunk' ? 'chunk' : 'manifest')) {
        throw new WaggleError('WAGGLE_SYNC_ANSWER_KIND', { kind: decoded.kind });
      }
      isLie = false;
      message = decoded;
    };
    try {
      await this.#parts.request(peer, encodeMessage(request), onFrame, signal);
      if (message === undefined) this.#parts.counters.bump('snapshot.not_there');
      return message;
    } catch (error) {
      this.#parts.counters.bump(`snapshot.failed.${codeOf(error) ?? 'unknown'}`);
      if (isLie) this.#leave(peer);
      return undefined;
    }
  }

  #leave(peer: string): void {
    this.#liars.add(peer);
    this.#parts.counters.bump('snapshot.liar');
  }

  #honest(): string[] {
    return this.#parts.peers().filter((peer) => !this.#liars.has(peer));
  }
}
