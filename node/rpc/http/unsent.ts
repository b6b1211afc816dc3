/** Bytes of answers that wait for their clients, over all connections: many slow readers must not fill the memory. */
export class UnsentBytes {
  readonly #max: number;
  #held = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get held(): number {
    return this.#held;
  }

  /** How to give them back, once or more often; undefined when there is no room. One answer alone always has room. */
  take(bytes: number): (() => void) | undefined {
    if (this.#held > 0 && this.#held + bytes > this.#max) return undefined;
    this.#held += bytes;
    let taken = bytes;
    return () => {
      this.#held -= taken;
      taken = 0;
    };
  }
}
