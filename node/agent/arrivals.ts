/** So many items that came at one time. */
export interface Run {
  readonly atMs: number;
  readonly count: number;
}

/** Arrivals closer than this are one run: a batch of a client costs one entry. */
const RUN_MS = 1;

/**
 * When items came that are not sealed yet, first in, first out as the pool is. It holds runs, not items, so that a vote
 * costs an increment.
 */
export class Arrivals {
  #runs: { atMs: number; count: number }[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#runs.length;
  }

  add(atMs: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && !this.isEmpty && atMs - last.atMs < RUN_MS) last.count += 1;
    else this.#runs.push({ atMs, count: 1 });
  }

  /** The pool was full: what came last was not taken. */
  refuse(): void {
    const last = this.#runs.at(-1);
    if (last === undefined || this.isEmpty) return;
    last.count -= 1;
    if (last.count === 0) this.#runs.pop();
  }

  /** The oldest `count` items; fewer when not so many are known. */
  take(count: number): Run[] {
    const taken: Run[] = [];
    let left = count;
    for (let run = this.#runs[this.#first]; run !== undefined && left > 0; run = this.#runs[this.#first]) {
      const part = Math.min(left, run.count);
      taken.push({ atMs: run.atMs, count: part });
      left -= part;
      run.count -= part;
      if (run.count === 0) this.#first += 1;
    }
    if (this.isEmpty) this.clear();
    else if (this.#first > this.#runs.length / 2) {
      this.#runs = this.#runs.slice(this.#first);
      this.#first = 0;
    }
    return taken;
  }

  clear(): void {
    this.#runs = [];
    this.#first = 0;
  }
}
