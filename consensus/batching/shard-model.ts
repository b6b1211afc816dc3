import type { Estimates, ShardSample } from './types.ts';
import { WindowedExtreme } from './windowed.ts';

/** How long the filters look back: a step of the network is believed within this. */
const FILTER_MS = 5_000;
/** A round is one and a half finality times: what was sealed under new targets is back by then. */
const ROUND_FINALS = 1.5;
const ROUND_MS_MIN = 300;
const ROUND_MS_MAX = 2_000;
/** Weight of a new round in the moving means. */
const WEIGHT = 0.3;
const ITEM_BYTES = 200;

/** What one shard did in the windows since the last round ended. */
export interface Round {
  readonly itemsPerS: number;
  /** Sealed → executed, as a mean; undefined when nothing that was measured came back. */
  readonly pipeMs: number | undefined;
  /** The largest of the windows' p99 of submitted → executed: intervals beat with blocks, and a mean would not feel it. */
  readonly finalMs: number | undefined;
  /** What the fastest took; undefined as pipeMs. */
  readonly fastestMs: number | undefined;
}

/**
 * The pipe of one shard as seen by its author: B, the bottleneck rate, is the maximum of the rounds' delivery rates, and
 * R, the minimum finality time, the minimum of what the fastest own item or a window's mean segment took.
 */
export class ShardModel {
  readonly #rate = WindowedExtreme.max(FILTER_MS);
  readonly #final = WindowedExtreme.min(FILTER_MS);
  #itemBytes = ITEM_BYTES;
  #p99 = 0;
  #elapsedMs = 0;
  #items = 0;
  #pipeItems = 0;
  #pipeSumMs = 0;
  #finals: number[] = [];
  #fastestMs: number | undefined;

  /** @returns what the round measured, when this window ends one */
  observe(atMs: number, windowMs: number, row: ShardSample): Round | undefined {
    const { deliveredItems, deliveredBytes, finalMs, parts } = row;
    this.#elapsedMs += windowMs;
    this.#items += deliveredItems;
    if (deliveredItems > 0) this.#itemBytes += WEIGHT * (deliveredBytes / deliveredItems - this.#itemBytes);
    if (finalMs !== undefined) {
      this.#p99 = this.#p99 === 0 ? finalMs.p99 : this.#p99 + WEIGHT * (finalMs.p99 - this.#p99);
      this.#finals.push(finalMs.p99);
    }
    const partsMs = parts === undefined ? undefined : parts.orderMs + parts.executeMs;
    const pipeMs = partsMs ?? finalMs?.p50;
    if (pipeMs !== undefined && deliveredItems > 0) {
      this.#pipeItems += deliveredItems;
      this.#pipeSumMs += deliveredItems * pipeMs;
      const fastestMs = Math.min(pipeMs, finalMs?.min ?? pipeMs);
      this.#fastestMs = Math.min(fastestMs, this.#fastestMs ?? fastestMs);
      this.#final.push(atMs, fastestMs);
    }
    const roundMs = Math.min(ROUND_MS_MAX, Math.max(ROUND_MS_MIN, ROUND_FINALS * this.finalMsMin));
    return this.#elapsedMs < roundMs ? undefined : this.#endRound(atMs);
  }

  #endRound(atMs: number): Round {
    const itemsPerS = (1_000 * this.#items) / this.#elapsedMs;
    const pipeMs = this.#pipeItems === 0 ? undefined : this.#pipeSumMs / this.#pipeItems;
    const finalMs = this.#finals.length === 0 ? undefined : Math.max(...this.#finals);
    const fastestMs = this.#fastestMs;
    this.#finals = [];
    this.#fastestMs = undefined;
    this.#rate.push(atMs, itemsPerS);
    this.#elapsedMs = 0;
    this.#items = 0;
    this.#pipeItems = 0;
    this.#pipeSumMs = 0;
    return { itemsPerS, pipeMs, finalMs, fastestMs };
  }

  get deliveryPerS(): number {
    return this.#rate.value ?? 0;
  }

  get finalMsMin(): number {
    return this.#final.value ?? 0;
  }

  get estimates(): Estimates {
    const { deliveryPerS, finalMsMin } = this;
    const pipeItems = (deliveryPerS * finalMsMin) / 1_000;
    return { deliveryPerS, finalMsMin, itemBytes: this.#itemBytes, finalMsP99: this.#p99, pipeItems };
  }

  /** The network is another than the filters remember: from now on `finalMs` is the floor, and rates are seen anew. */
  moveFloor(atMs: number, finalMs: number): void {
    this.#final.clear();
    this.#final.push(atMs, finalMs);
    this.#rate.clear();
  }
}
