const BUCKET_MS = 500;
/** Durations are kept to one part in a hundred. */
const RATIO = Math.log(1.01);
const BINS = 1_400;

interface Bucket {
  items: number;
  readonly bins: Uint32Array;
}

/** What was done when, and how long it took, over virtual time. */
export class Meter {
  readonly #buckets: Bucket[];

  constructor(durationMs: number) {
    this.#buckets = Array.from({ length: Math.ceil(durationMs / BUCKET_MS) }, () => {
      return { items: 0, bins: new Uint32Array(BINS) };
    });
  }

  record(atMs: number, tookMs: number): void {
    const bucket = this.#buckets[Math.floor(atMs / BUCKET_MS)];
    if (bucket === undefined) return;
    const bin = Math.min(BINS - 1, Math.ceil(Math.log(Math.max(1, tookMs)) / RATIO));
    bucket.items += 1;
    bucket.bins[bin] = (bucket.bins[bin] ?? 0) + 1;
  }

  #within(spans: readonly Span[]): Bucket[] {
    return this.#buckets.filter((_, at) => {
      return spans.some(({ fromMs, toMs }) => at * BUCKET_MS >= fromMs && (at + 1) * BUCKET_MS <= toMs);
    });
  }

  perS(...spans: readonly Span[]): number {
    const buckets = this.#within(spans);
    if (buckets.length === 0) return 0;
    return buckets.reduce((sum, { items }) => sum + items, 0) / ((buckets.length * BUCKET_MS) / 1_000);
  }

  /** The p99 in milliseconds; infinite where nothing was done. */
  p99(...spans: readonly Span[]): number {
    const buckets = this.#within(spans);
    const items = buckets.reduce((sum, bucket) => sum + bucket.items, 0);
    let left = Math.ceil(0.99 * items);
    if (left === 0) return Number.POSITIVE_INFINITY;
    for (let bin = 0; bin < BINS; bin++) {
      for (const { bins } of buckets) left -= bins[bin] ?? 0;
      if (left <= 0) return Math.exp(bin * RATIO);
    }
    return Number.POSITIVE_INFINITY;
  }
}

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}
