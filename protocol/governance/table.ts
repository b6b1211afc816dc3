/**
 * Rows of the governance state by key, remembering which rows a block touched, so that what is written behind
 * and what a checkpoint covers are proportional to the block and not to the history (protocol.md, Checkpoints).
 * Iteration is in insertion order and must never reach anything hashed: sort first.
 */
export class Table<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #touched = new Set<string>();
  readonly #live = new Set<string>();
  readonly #isLive: (row: Row) => boolean;

  /** `isLive` picks the rows that `liveKeys` lists, so that finding them never costs the whole history. */
  constructor(isLive: (row: Row) => boolean = () => false) {
    this.#isLive = isLive;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  has(key: string): boolean {
    return this.#rows.has(key);
  }

  set(key: string, row: Row): void {
    this.restore(key, row);
    this.#touched.add(key);
  }

  /** A row that comes back from storage: present, not touched. */
  restore(key: string, row: Row): void {
    this.#rows.set(key, row);
    if (this.#isLive(row)) this.#live.add(key);
    else this.#live.delete(key);
  }

  get size(): number {
    return this.#rows.size;
  }

  keys(): IterableIterator<string> {
    return this.#rows.keys();
  }

  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries();
  }

  values(): IterableIterator<Row> {
    return this.#rows.values();
  }

  /** Keys of the live rows, sorted. */
  liveKeys(): string[] {
    return [...this.#live].sort();
  }

  /** Keys set since the last call, sorted; forgets them. */
  takeTouched(): string[] {
    const keys = [...this.#touched].sort();
    this.#touched.clear();
    return keys;
  }
}
