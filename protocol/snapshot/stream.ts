import { assert } from '../assert.ts';
import { Writer } from '../codec/writer.ts';
import { encodeRow, TABLES, type TableName } from '../governance/rows.ts';
import type { GovernanceState } from '../governance/state.ts';
import type { FrozenTable } from '../governance/table.ts';
import { LIMITS } from '../limits.ts';
import { encodeSnapshotHead, type SnapshotHead } from './head.ts';
import { sortInSlices } from './sort.ts';

/** The rows of a state as they were at one block, while the state moves on. */
export type FrozenState = ReadonlyMap<TableName, FrozenTable<object | number>>;

/** Make sure of the rows as they are now. One at a time: an earlier one is stale from here on. */
export function freezeState(state: GovernanceState): FrozenState {
  return new Map(TABLES.map(({ name }) => [name, state[name].freeze() as FrozenTable<object | number>]));
}

/** Whether a later snapshot has taken its place. */
export function isStale(state: FrozenState): boolean {
  return [...state.values()].some((table) => table.isStale);
}

/** What was kept for it is given back. */
export function endFrozen(state: FrozenState): void {
  for (const table of state.values()) table.end();
}

export interface ArchivedRow {
  readonly key: string;
  /** As `encodeRow` made it. */
  readonly bytes: Uint8Array;
}

/** The archived heads of a state, ascending by key; whoever keeps them brings them while the stream pauses. */
export interface ArchivedHeads {
  /** The next one, again and again until it is taken; `later` when it is not here yet. */
  peek(): ArchivedRow | 'later' | undefined;
  take(): void;
}

const NO_ARCHIVED_HEADS: ArchivedHeads = { peek: () => undefined, take: () => undefined };

/** Rows encoded between two pauses. */
const ROWS_PER_SLICE = 64;

/**
 * The canonical stream of a state, cut into chunks: the head, then every row as (table, key, row), tables in the order of
 * their numbers, keys in the order of their code units; each with its length in front. Chunks are full but for the last,
 * and rows go on over their edges. An `undefined` is a pause: so much work was done that others may want the thread.
 */
export function* snapshotChunks(
  place: Omit<SnapshotHead, 'rowCounts'>,
  state: FrozenState,
  { chunkBytes = LIMITS.snapshotChunkBytes, archivedHeads = NO_ARCHIVED_HEADS }: SnapshotOptions = {},
): Generator<Uint8Array | undefined, void, undefined> {
  const rowCounts = TABLES.map(({ number, name }) => ({ table: number, rows: state.get(name)?.size ?? 0 }));
  const chunker = new Chunker(chunkBytes);
  yield* chunker.add(encodeSnapshotHead({ ...place, rowCounts }));
  for (const { number, name } of TABLES) {
    const table = state.get(name);
    if (table === undefined) continue;
    let rows = 0;
    for (const row of rowsOf(table, yield* sortInSlices(table.keys()), archivedHeads)) {
      if (row === undefined) {
        yield undefined;
        continue;
      }
      yield* chunker.add(new Writer(256).u8(number).text16(row.key).bytes(row.bytes).finish());
      rows += 1;
      if (rows % ROWS_PER_SLICE === 0) yield undefined;
    }
    assert(rows === table.size, 'who keeps archived rows brings all of them');
  }
  yield* chunker.end();
}

interface SnapshotOptions {
  readonly chunkBytes?: number;
  readonly archivedHeads?: ArchivedHeads;
}

/** All rows of a table, ascending by key. An `undefined`: the next one is not here yet. */
function* rowsOf(
  table: FrozenTable<object | number>,
  keys: readonly string[],
  heads: ArchivedHeads,
): Generator<ArchivedRow | undefined> {
  const archived = table.archived === 0 ? NO_ARCHIVED_HEADS : heads;
  for (const key of keys) {
    yield* archivedBelow(key, archived);
    yield { key, bytes: encodeRow(table.get(key) ?? 0) };
  }
  yield* archivedBelow(undefined, archived);
}

function* archivedBelow(key: string | undefined, heads: ArchivedHeads): Generator<ArchivedRow | undefined> {
  for (let next = heads.peek(); next !== undefined; next = heads.peek()) {
    if (next === 'later') yield undefined;
    else if (key !== undefined && next.key > key) return;
    else {
      heads.take();
      yield next;
    }
  }
}

class Chunker {
  readonly #bytes: Uint8Array;
  #length = 0;

  constructor(chunkBytes: number) {
    this.#bytes = new Uint8Array(chunkBytes);
  }

  *add(unit: Uint8Array): Generator<Uint8Array> {
    yield* this.#write(new Writer(4).u32(unit.length).finish());
    yield* this.#write(unit);
  }

  *end(): Generator<Uint8Array> {
    if (this.#length > 0) yield this.#bytes.slice(0, this.#length);
  }

  *#write(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + this.#bytes.length - this.#length);
      this.#bytes.set(part, this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length < this.#bytes.length) continue;
      yield this.#bytes.slice();
      this.#length = 0;
    }
  }
}
