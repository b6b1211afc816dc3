import { Reader } from '../codec/reader.ts';
import { WaggleError } from '../errors.ts';
import { restoreRow, TABLES, type TableName } from '../governance/rows.ts';
import type { GovernanceState } from '../governance/state.ts';
import { decodeSnapshotHead, type SnapshotHead } from './head.ts';

export interface SnapshotRow {
  readonly table: TableName;
  /** Of the table. */
  readonly number: number;
  readonly key: string;
  /** Canonical; a copy of its own. */
  readonly bytes: Uint8Array;
}

/** The largest row of governance/rows.ts with its table and key. */
const UNIT_BYTES_MAX = 8 * 1024 * 1024 + 1_024;
const KEY_BYTES_MAX = 512;
const LENGTH_BYTES = 4;

/**
 * Reads the stream of `snapshotChunks` back, chunk by chunk. Chunks are proven by the root before they come here; the
 * order, the counts and the rows are checked all the same, so that one stream is one state and nothing is left over.
 */
export class SnapshotReader {
  #head: SnapshotHead | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  #last: { readonly number: number; readonly key: string } | undefined;
  readonly #counts = new Map<number, number>();

  /** There from the end of the chunk on in which it stands. */
  get head(): SnapshotHead | undefined {
    return this.#head;
  }

  /** @throws WaggleError WAGGLE_SNAPSHOT_FORM, WAGGLE_CODEC_* */
  *push(chunk: Uint8Array): Generator<SnapshotRow> {
    let bytes = joined(this.#rest, chunk);
    for (;;) {
      if (bytes.length < LENGTH_BYTES) break;
      const length = new Reader(bytes).u32();
      if (length > UNIT_BYTES_MAX) throw new WaggleError('WAGGLE_SNAPSHOT_FORM', { length });
      if (bytes.length < LENGTH_BYTES + length) break;
      const unit = bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      bytes = bytes.subarray(LENGTH_BYTES + length);
      if (this.#head === undefined) this.#head = decodeSnapshotHead(unit);
      else yield this.#row(unit);
    }
    this.#rest = bytes.slice();
  }

  /** @throws WaggleError WAGGLE_SNAPSHOT_FORM when something is missing or left over */
  end(): SnapshotHead {
    const head = this.#head;
    if (head === undefined || this.#rest.length > 0) {
      throw new WaggleError('WAGGLE_SNAPSHOT_FORM', { rest: this.#rest.length });
    }
    const isWhole = head.rowCounts.every(({ table, rows }) => (this.#counts.get(table) ?? 0) === rows);
    if (!isWhole || head.rowCounts.length < this.#counts.size) {
      throw new WaggleError('WAGGLE_SNAPSHOT_FORM', { reason: 'row counts' });
    }
    return head;
  }

  #row(unit: Uint8Array): SnapshotRow {
    const reader = new Reader(unit);
    const number = reader.u8();
    const key = reader.text16(KEY_BYTES_MAX);
    const table = TABLES.find((one) => one.number === number);
    const last = this.#last;
    const isAscending = last === undefined || number > last.number || (number === last.number && key > last.key);
    if (table === undefined || !isAscending) throw new WaggleError('WAGGLE_SNAPSHOT_FORM', { table: number, key });
    this.#last = { number, key };
    this.#counts.set(number, (this.#counts.get(number) ?? 0) + 1);
    return { table: table.name, number, key, bytes: reader.bytes(reader.remaining).slice() };
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

/**
 * Put a whole snapshot into a state that was just created.
 * @throws WaggleError WAGGLE_SNAPSHOT_FORM, WAGGLE_CODEC_*, WAGGLE_CBOR_*
 */
export function restoreSnapshot(state: GovernanceState, chunks: Iterable<Uint8Array>): SnapshotHead {
  const reader = new SnapshotReader();
  for (const chunk of chunks) {
    for (const { table, key, bytes } of reader.push(chunk)) restoreRow(state, table, key, bytes);
  }
  return reader.end();
}
