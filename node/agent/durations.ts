/** Buckets double every eight: a quantile is within 9 % of the value it stands for. */
const PER_DOUBLING = 8;
/** Upper edge of the first bucket. */
const FIRST_MS = 0.125;
/** The last one begins at about 18 hours. */
const BUCKETS = 29 * PER_DOUBLING;

/** A spread of durations in fixed buckets: what it costs does not grow with what it is told. Milliseconds. */
export class Durations {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  /** `count` equal durations. What is below zero is a clock's doing and counts as zero. */
  add(ms: number, count = 1): void {
    const value = Math.max(0, ms);
    const bucket = bucketOf(value);
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + count;
    this.#count += count;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
  }

  /** The least, the median and the 99th percentile; undefined when nothing was added. */
  summary(): { readonly min: number; readonly p50: number; readonly p99: number } | undefined {
    if (this.#count === 0) return undefined;
    return { min: this.#min, p50: this.#quantile(0.5), p99: this.#quantile(0.99) };
  }

  clear(): void {
    if (this.#count === 0) return;
    this.#counts.fill(0);
    this.#count = 0;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = 0;
  }

  #quantile(share: number): number {
    const wanted = Math.ceil(share * this.#count);
    let seen = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      seen += count;
      // Nothing is outside of what was seen, whatever the edges of its bucket are.
      if (seen >= wanted) return Math.min(this.#max, Math.max(this.#min, middleOf(bucket)));
    }
    return this.#max;
  }
}

function bucketOf(ms: number): number {
  if (ms <= FIRST_MS) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(ms / FIRST_MS) * PER_DOUBLING));
}

function middleOf(bucket: number): number {
  return FIRST_MS * 2 ** ((bucket - 0.5) / PER_DOUBLING);
}
