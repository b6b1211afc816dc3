import { assert } from '../assert.ts';

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
  #archived = 0;

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

  /** Rows that are only in storage: they count, nothing else knows of them. */
  get archived(): number {
    return this.#archived;
  }

  /** A row that stays in storage: no rule reads it any more. */
  restoreArchived(): void {
    this.#archived += 1;
  }

  /** Whether rows may be given up: not while a frozen table reads them. */
  get mayArchive(): boolean {
    return this.#frozen?.isStale !== false;
  }

  /** Give up a row that no rule reads any more, and that storage holds. @returns whether it was there */
  archive(key: string): boolean {
    assert(this.mayArchive && !this.#touched.has(key), 'a row is archived between blocks and not while it is frozen');
    if (!this.#rows.delete(key)) return false;
    this.#live.delete(key);
    this.#archived += 1;
    return true;
  }

  /** With the archived ones. */
  get size(): number {
    return this.#rows.size + this.#archived;
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
    this.#frozen = new FrozenTable(this.#rows, this.#archived);
    return this.#frozen;
  }
}

/** Rows of a table as they were. Works since rows are replaced and never changed, none is archived meanwhile, and new ones come last. */
export class FrozenTable<Row> {
  /** With the archived ones. */
  readonly size: number;
  readonly archived: number;
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #before = new Map<string, Row>();
  #isStale = false;

  constructor(rows: ReadonlyMap<string, Row>, archived: number) {
    this.#rows = rows;
    this.archived = archived;
    this.size = rows.size + archived;
  }

  /** Whether it may no longer be read. */
  get isStale(): boolean {
    return this.#isStale;
  }

  /** The table is about to overwrite this row. */
  keep(key: string, row: Row | undefined): void {
    if (!this.#isStale && row !== undefined && !this.#before.has(key)) this.#before.set(key, row);
  }

  /** In insertion order, without the archived ones. */
  *keys(): Generator<string> {
    let left = this.size - this.archived;
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
