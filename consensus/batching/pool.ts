import { type Item, itemSizeBytes } from '../../protocol/chain/segment.ts';
import type { Hash } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';

/** When an open batch becomes a segment: by size, bytes or age, and not while too many segments are in flight. */
export interface BatchPolicy {
  itemsTarget(shard: number): number;
  /** A segment takes at most four times this, whatever waits: what one link must carry before anything else. */
  bytesTarget(shard: number): number;
  lingerMs(shard: number): number;
  /** Own segments of the shard that may be sealed and unfinal before a batch that is due waits; at least one may. */
  inFlightSegmentsMax(shard: number): number;
}

const BYTES_PER_TARGET = 4;

/** Fixed size and time, until something measures. */
export const FIXED_BATCHES: BatchPolicy = {
  itemsTarget: () => 512,
  bytesTarget: () => 256 * 1024,
  lingerMs: () => 5,
  // More than an author may have in flight at all (C-04).
  inFlightSegmentsMax: () => LIMITS.chainWindowSegments,
};

interface PooledItem {
  readonly item: Item;
  readonly id: Hash;
}

export interface Batch {
  readonly items: readonly Item[];
  readonly ids: readonly Hash[];
}

/** Items of one shard that were accepted and are not sealed yet. */
class OpenBatch {
  readonly queue: PooledItem[] = [];
  bytes = 0;
  openedAtMs = 0;
}

/** Accepted but unsealed items, one open batch a shard, bounded in items and bytes. */
export class Pool {
  readonly #batches: OpenBatch[] = [];
  readonly policy: BatchPolicy;
  static readonly itemsMax = 16_384;
  static readonly bytesMax = 8 * 1024 * 1024;

  constructor(shards: number, policy: BatchPolicy) {
    this.policy = policy;
    for (let shard = 0; shard <= shards; shard++) this.#batches.push(new OpenBatch());
  }

  /** False when the shard's batch is full: the caller answers "busy". */
  add(shard: number, item: Item, id: Hash, atMs: number): boolean {
    const batch = this.#batches[shard];
    if (batch === undefined) return false;
    const bytes = itemSizeBytes(item);
    if (batch.queue.length >= Pool.itemsMax || batch.bytes + bytes > Pool.bytesMax) return false;
    if (batch.queue.length === 0) batch.openedAtMs = atMs;
    batch.queue.push({ item, id });
    batch.bytes += bytes;
    return true;
  }

  /** The shard's next batch when it is due, removed from the pool. */
  take(shard: number, atMs: number): Batch | undefined {
    const batch = this.#batches[shard];
    if (batch === undefined || batch.queue.length === 0 || !this.#isDue(shard, batch, atMs)) return undefined;
    const itemsMax = shard === 0 ? LIMITS.blockAddControlItemsMax : LIMITS.segmentItemsMax;
    const bytesMax = Math.min(LIMITS.segmentBytesMax, BYTES_PER_TARGET * this.policy.bytesTarget(shard));
    const taken: PooledItem[] = [];
    let bytes = 0;
    for (const pooled of batch.queue) {
      const size = itemSizeBytes(pooled.item);
      // The first always fits: no target may stop the chain.
      if (taken.length >= itemsMax || (taken.length > 0 && bytes + size > bytesMax)) break;
      taken.push(pooled);
      bytes += size;
    }
    batch.queue.splice(0, taken.length);
    batch.bytes -= bytes;
    batch.openedAtMs = atMs;
    return { items: taken.map(({ item }) => item), ids: taken.map(({ id }) => id) };
  }

  #isDue(shard: number, batch: OpenBatch, atMs: number): boolean {
    if (batch.queue.length >= this.policy.itemsTarget(shard)) return true;
    if (batch.bytes >= this.policy.bytesTarget(shard)) return true;
    return atMs >= batch.openedAtMs + this.policy.lingerMs(shard);
  }

  /** When the shard's open batch will be due by age, or undefined when nothing waits. */
  dueAtMs(shard: number): number | undefined {
    const batch = this.#batches[shard];
    if (batch === undefined || batch.queue.length === 0) return undefined;
    return batch.openedAtMs + this.policy.lingerMs(shard);
  }

  /** Own segments of the shard that may be in flight before a batch waits: one at least, or nothing would ever move. */
  inFlightSegmentsMax(shard: number): number {
    return Math.max(1, this.policy.inFlightSegmentsMax(shard));
  }

  /** Everything that waits, oldest first within a shard; nothing does any more. */
  drain(): { readonly shard: number; readonly item: Item; readonly id: Hash }[] {
    return this.#batches.flatMap((batch, shard) => {
      batch.bytes = 0;
      return batch.queue.splice(0).map((pooled) => ({ shard, ...pooled }));
    });
  }

  /** Give up everything. @returns the ids, for who waits for them */
  clear(): { readonly id: Hash; readonly shard: number }[] {
    return this.#batches.flatMap((batch, shard) => {
      batch.bytes = 0;
      return batch.queue.splice(0).map(({ id }) => ({ id, shard }));
    });
  }

  /** Items waiting in a shard. */
  waiting(shard: number): number {
    return this.#batches[shard]?.queue.length ?? 0;
  }
}
