import type { ShardSample } from '../../consensus/batching/types.ts';
import { Arrivals, type Run } from './arrivals.ts';
import { Durations } from './durations.ts';

/** Of an own segment that is not executed yet: when its items came, and when it was durable here. */
interface Sealed {
  readonly height: number;
  readonly runs: readonly Run[];
  readonly items: number;
  readonly sealedAtMs: number;
}

/** An own segment as a block executed it. */
export interface Executed {
  readonly height: number;
  readonly items: number;
  /** Of the items. */
  readonly bytes: number;
  readonly finalizedAtMs: number;
  readonly atMs: number;
}

/** What the chain and the pool say themselves, so that nothing that was missed here stays for ever. */
export interface Pending {
  readonly waitingItems: number;
  readonly inFlightSegments: number;
}

/** Sums over the own segments that were executed in the window; `waited` is over their items, the others over segments. */
interface Parts {
  segments: number;
  items: number;
  waitedMs: number;
  orderMs: number;
  executeMs: number;
}

/** Follows the own items of one shard from submission to execution, window by window. */
export class ShardTrack {
  readonly #shard: number;
  readonly #arrivals = new Arrivals();
  readonly #final = new Durations();
  #inFlight: Sealed[] = [];
  #delivered = { items: 0, bytes: 0 };
  #sealed = { segments: 0, items: 0 };
  #parts = noParts();

  constructor(shard: number) {
    this.#shard = shard;
  }

  submitted(atMs: number): void {
    this.#arrivals.add(atMs);
  }

  refused(): void {
    this.#arrivals.refuse();
  }

  sealed(height: number, items: number, atMs: number): void {
    this.#inFlight.push({ height, items, runs: this.#arrivals.take(items), sealedAtMs: atMs });
    this.#sealed.segments += 1;
    this.#sealed.items += items;
  }

  /** One that was sealed before this start counts as delivered, and tells nothing of time. */
  executed(segment: Executed): void {
    this.#delivered.items += segment.items;
    this.#delivered.bytes += segment.bytes;
    let sealed = this.#inFlight[0];
    while (sealed !== undefined && sealed.height <= segment.height) {
      this.#inFlight.shift();
      if (sealed.height === segment.height) this.#measure(sealed, segment);
      sealed = this.#inFlight[0];
    }
  }

  /** The chain begins anew, or nothing of it is under way: what was followed will not come. */
  forget(): void {
    this.#arrivals.clear();
    this.#inFlight = [];
  }

  /** What the window that ends now held; the next one begins. */
  takeWindow({ waitingItems, inFlightSegments }: Pending): ShardSample {
    if (inFlightSegments === 0) this.#inFlight = [];
    const sample: ShardSample = {
      shard: this.#shard,
      deliveredItems: this.#delivered.items,
      deliveredBytes: this.#delivered.bytes,
      sealedSegments: this.#sealed.segments,
      sealedItems: this.#sealed.items,
      inFlightSegments,
      // Of segments sealed before this start, and of those on their way to the disk, one item at least is known.
      inFlightItems: Math.max(inFlightSegments, sum(this.#inFlight)),
      waitingItems,
      finalMs: this.#final.summary(),
      parts: meansOf(this.#parts),
    };
    this.#delivered = { items: 0, bytes: 0 };
    this.#sealed = { segments: 0, items: 0 };
    this.#parts = noParts();
    this.#final.clear();
    return sample;
  }

  #measure({ runs, sealedAtMs }: Sealed, { finalizedAtMs, atMs }: Executed): void {
    const parts = this.#parts;
    for (const run of runs) {
      this.#final.add(atMs - run.atMs, run.count);
      parts.items += run.count;
      parts.waitedMs += Math.max(0, sealedAtMs - run.atMs) * run.count;
    }
    parts.segments += 1;
    parts.orderMs += Math.max(0, finalizedAtMs - sealedAtMs);
    parts.executeMs += Math.max(0, atMs - finalizedAtMs);
  }
}

function sum(inFlight: readonly Sealed[]): number {
  return inFlight.reduce((items, one) => items + one.items, 0);
}

function noParts(): Parts {
  return { segments: 0, items: 0, waitedMs: 0, orderMs: 0, executeMs: 0 };
}

function meansOf({ segments, items, waitedMs, orderMs, executeMs }: Parts): ShardSample['parts'] {
  if (segments === 0 || items === 0) return undefined;
  return { sealMs: waitedMs / items, orderMs: orderMs / segments, executeMs: executeMs / segments };
}
