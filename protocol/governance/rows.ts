import { type CborValue, decodeCanonical, encodeCanonical, writeCanonical } from '../codec/cbor.ts';
import type { Writer } from '../codec/writer.ts';
import { sharedElector } from './lookups.ts';
import type { EpochRow, GovernanceState, HeadRow, SessionRow } from './state.ts';

export const HEADS_TABLE = 5;

/** Tables in the order in which they are hashed and stored; numbers are never reused. */
export const TABLES = [
  { number: 1, name: 'spaces' },
  { number: 2, name: 'models' },
  { number: 3, name: 'sessions' },
  { number: 4, name: 'progress' },
  { number: HEADS_TABLE, name: 'heads' },
  { number: 6, name: 'tallies' },
  { number: 7, name: 'results' },
  { number: 8, name: 'seqs' },
  { number: 9, name: 'observers' },
  { number: 10, name: 'epochs' },
  { number: 11, name: 'changes' },
] as const;

export type TableName = (typeof TABLES)[number]['name'];

const ROW_LIMITS = { bytesMax: 8 * 1024 * 1024, depthMax: 12, itemsMax: 400_000 };

/** A row as it is hashed and stored: canonical, absent fields left out. */
export function encodeRow(row: object | number): Uint8Array {
  return encodeCanonical(row as CborValue);
}

/** As `encodeRow`, behind what the writer holds already. */
export function writeRow(writer: Writer, row: object | number): void {
  writeCanonical(writer, row as CborValue);
}

/**
 * Put a stored row back; it counts as untouched.
 * @throws WaggleError WAGGLE_CBOR_*, WAGGLE_CODEC_* for bytes that `encodeRow` did not write
 */
export function restoreRow(state: GovernanceState, table: TableName, key: string, bytes: Uint8Array): void {
  const row: unknown = decodeCanonical(bytes, ROW_LIMITS);
  state[table].restore(key, (table === 'sessions' ? withSharedElectors(row as SessionRow) : row) as never);
}

function withSharedElectors(row: SessionRow): SessionRow {
  return { ...row, electorate: row.electorate.map(sharedElector) };
}

/** A stored head. @throws as `restoreRow` */
export function decodeHead(bytes: Uint8Array): HeadRow {
  return decodeCanonical(bytes, ROW_LIMITS) as unknown as HeadRow;
}

/** A stored epoch. @throws as `restoreRow` */
export function decodeEpochRow(bytes: Uint8Array): EpochRow {
  return decodeCanonical(bytes, ROW_LIMITS) as unknown as EpochRow;
}
