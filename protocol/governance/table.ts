/**
 * Rows of the governance state by key, remembering which rows a block touched, so that what is written behind
 * and what a checkpoint covers are proportional to the block and not to the history (protocol.md, Checkpoints).
 * Iteration is in insertion order and must never reach anything hashed: sort first.
 */
export class Table<Row> {
  readonly #rows = new Map<string, Row>();
  #frozen: FrozenTable<Row> | undefined;
  readonly #touched = new Set<string>();
  /** Of the touched keys, those that had no row before. */
  #added = new Set<string>();
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
    const { size } = this.#rows;
    this.restore(key, row);
    if (this.#rows.size > size) this.#added.add(key);
    this.#touched.add(key);
  }

  /** A row that comes back from storage: present, not touched. */
  restore(key: string, row: Row): void {
    this.#frozen?.keep(key, this.#rows.get(key));
    this.#rows.set(key, row);
    if (this.#isLive(row)) this.#live.add(key);
    else if (this.#live.size > 0) this.#live.delete(key);
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
    return this.takeChanges().keys;
  }

  /** As `takeTouched`, with those keys that had no row before. */
  takeChanges(): { keys: string[]; added: ReadonlySet<string> } {
    const keys = [...this.#touched].sort();
    this.#touched.clear();
    const added = this.#added;
    this.#added = new Set();
    return { keys, added };
  }

  /**
   * The rows as they are now, for reading while the table moves on: only what is overwritten meanwhile is kept twice. One
   * at a time: an earlier one is stale from here on.
   */
  freeze(): FrozenTable<Row> {
    this.#frozen?.end();
    this.#frozen = new FrozenTable(this.#rows);
    return this.#frozen;
  }
}

/** Rows of a table as they were. Works since rows are replaced and never changed or removed, and new ones come last. */
export class FrozenTable<Row> {
  readonly size: number;
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #before = new Map<string, Row>();
  #isStale = false;

  constructor(rows: ReadonlyMap<string, Row>) {
    this.#rows = rows;
    this.size = rows.size;
  }

  /** Whether it may no longer be read. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** The table is about to overwrite this row. */
  keep(key: string, row: Row | undefined): void {
    if (!this.#isStale && row !== undefined && !this.#before.has(key)) this.#before.set(key, row);
  }

  /** In insertion order. */
  *keys(): Generator<string> {
    let left = this.size;
    for (const key of this.#rows.keys()) {
      if (left-- <= 0) return;
      yield key;
    }
  }

  get(key: string): Row | undefined {
    return this.#before.get(key) ?? this.#rows.get(key);
  }

  /** It is not read any more. */
  end(): void {
    this.#isStale = true;
    this.#before.clear();
  }
}
