interface Seen {
  readonly atMs: number;
  readonly value: number;
}

/** Beyond so many the oldest is forgotten early; a window of rounds has far fewer. */
const SEEN_MAX = 256;

/** The largest value (or the smallest) of the last `windowMs`. Values come in order of time. */
export class WindowedExtreme {
  readonly #windowMs: number;
  readonly #sign: 1 | -1;
  /** Each is beaten by all before it and will outlive them. */
  #seen: Seen[] = [];

  private constructor(windowMs: number, sign: 1 | -1) {
    this.#windowMs = windowMs;
    this.#sign = sign;
  }

  static max(windowMs: number): WindowedExtreme {
    return new WindowedExtreme(windowMs, 1);
  }

  static min(windowMs: number): WindowedExtreme {
    return new WindowedExtreme(windowMs, -1);
  }

  push(atMs: number, value: number): void {
    const kept = this.#seen.filter((one) => {
      return one.atMs > atMs - this.#windowMs && one.value * this.#sign > value * this.#sign;
    });
    kept.push({ atMs, value });
    this.#seen = kept.slice(-SEEN_MAX);
  }

  /** Undefined before the first value. What is older than the window goes when the next value comes, not before. */
  get value(): number | undefined {
    return this.#seen[0]?.value;
  }

  clear(): void {
    this.#seen = [];
  }
}
