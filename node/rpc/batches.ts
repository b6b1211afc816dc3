/** How long elements of batches are begun in one turn of the event loop: about what a batch of usual ballots takes. */
const TURN_MS = 3;
/** Of the bodies whose elements wait: nothing was spent for them yet, so no rate bounds them. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024;

type Begin<Result> = (element: unknown, done: (result: Result) => void) => void;

/**
 * Elements of batches, begun in their order. What is left when a turn's time is over goes on in later turns, behind other
 * batches that wait, so that neither single calls nor the node's own work wait for the signatures of a hundred ballots.
 */
export class Batches {
  readonly #turnMs: number;
  readonly #waiting: (() => void)[] = [];
  #waitingBytes = 0;

  constructor(turnMs = TURN_MS) {
    this.#turnMs = turnMs;
  }

  /** Whether a batch of so many bytes may wait; one that nobody is before always may. */
  hasRoom(sizeBytes: number): boolean {
    return this.#waiting.length === 0 || this.#waitingBytes + sizeBytes <= WAITING_BYTES_MAX;
  }

  /** Resolves with the results in the order of the elements, one at least, when all are done. `begin` must not throw. */
  run<Result>(elements: readonly unknown[], begin: Begin<Result>, sizeBytes = 0): Promise<Result[]> {
    const { promise, resolve } = Promise.withResolvers<Result[]>();
    const results = new Array<Result>(elements.length);
    let left = elements.length;
    let next = 0;
    const go = (): void => {
      const startMs = performance.now();
      while (next < elements.length) {
        const at = next++;
        begin(elements[at], (result) => {
          results[at] = result;
          left -= 1;
          if (left === 0) resolve(results);
        });
        if (performance.now() - startMs >= this.#turnMs) break;
      }
      if (next < elements.length) this.#defer(go);
      else this.#waitingBytes -= sizeBytes;
    };
    this.#waitingBytes += sizeBytes;
    if (this.#waiting.length === 0) go();
    else this.#defer(go);
    return promise;
  }

  #defer(go: () => void): void {
    this.#waiting.push(go);
    if (this.#waiting.length === 1) setImmediate(() => this.#turn());
  }

  /**
   * Those that wait, each once, until a turn's time is over: one a turn would never catch up with short ones that come
   * faster than turns. Each is counted as waiting while it runs, so that what it defers takes a turn of its own.
   */
  #turn(): void {
    const startMs = performance.now();
    for (let left = this.#waiting.length; left > 0; left--) {
      this.#waiting[0]?.();
      this.#waiting.shift();
      if (performance.now() - startMs >= this.#turnMs) break;
    }
    if (this.#waiting.length > 0) setImmediate(() => this.#turn());
  }
}
