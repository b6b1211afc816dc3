interface Entry<Event> {
  readonly atMs: number;
  readonly sequence: number;
  readonly event: Event;
}

/** Events by virtual time; events of one time come in the order in which they were pushed. A binary heap. */
export class EventQueue<Event> {
  readonly #heap: Entry<Event>[] = [];
  #sequence = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** Time of the next event, or undefined when there is none. */
  get nextAtMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  push(atMs: number, event: Event): void {
    const entry = { atMs, sequence: this.#sequence, event };
    this.#sequence += 1;
    let at = this.#heap.length;
    this.#heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      this.#heap[at] = above;
      at = parent;
    }
    this.#heap[at] = entry;
  }

  pop(): { readonly atMs: number; readonly event: Event } | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(entry: Entry<Event>): void {
    let at = 0;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      if (left === undefined) break;
      const useRight = right !== undefined && isBefore(right, left);
      const child = useRight ? right : left;
      if (!isBefore(child, entry)) break;
      this.#heap[at] = child;
      at = 2 * at + (useRight ? 2 : 1);
    }
    this.#heap[at] = entry;
  }
}

function isBefore<Event>(a: Entry<Event>, b: Entry<Event>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
