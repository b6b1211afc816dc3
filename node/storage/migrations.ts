import { assert } from '../../protocol/assert.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { damagedRecord, isSealed, openEnvelope } from './envelope.ts';
import { type LedgerKey, metaKey, PREFIXES } from './keys.ts';
import type { LedgerPut, LedgerStore } from './ledger-store.ts';

export interface LedgerChange {
  readonly puts: readonly LedgerPut[];
  readonly deletes: readonly LedgerKey[];
}

/** One step from a schema to the next. `up` reads; what it returns is written with the new schema in one synced batch. */
export interface Migration {
  readonly from: number;
  readonly to: number;
  up(store: LedgerStore): Promise<LedgerChange>;
}

/** In order, without gaps, from 0 (a new store). Append only: a released migration never changes. */
export const MIGRATIONS: readonly Migration[] = [
  { from: 0, to: 1, up: async () => ({ puts: [], deletes: [] }) },
  // The store keeps sums of its records (decision 009): taken when it is opened, written with the first batch.
  { from: 1, to: 2, up: async () => ({ puts: [], deletes: [] }) },
  // Rules of execution changed, and counted ballots are found by their place (decision 015).
  { from: 2, to: 3, up: refuseBlocks },
  // Segments are named by their epoch too, and the state knows which one it is in (decision 016).
  { from: 3, to: 4, up: refuseBlocks },
];

/**
 * What was executed by other rules must not go on by these: nodes would come to different states without a word.
 * @throws WaggleError WAGGLE_STORE_OLDER {schema} the store holds blocks; nothing is changed
 */
async function refuseBlocks(store: LedgerStore): Promise<LedgerChange> {
  for await (const _ of store.range(PREFIXES.block, { limit: 1 }))
    throw new WaggleError('WAGGLE_STORE_OLDER', { schema: await readSchema(store) });
  return { puts: [], deletes: [] };
}

export const SCHEMA_WITHOUT_SUMS = 1;

const SCHEMA_KEY = metaKey('schema');

/** The schema of a database before it is opened as a store; undefined when it has none that can be read. */
export async function storedSchema(level: { get(key: Uint8Array): Promise<Uint8Array | undefined> }) {
  const stored = await level.get(SCHEMA_KEY).catch(() => undefined);
  if (stored === undefined || !isSealed(SCHEMA_KEY, stored)) return undefined;
  return decodeSchema(openEnvelope(SCHEMA_KEY, stored).value);
}

/**
 * Bring the store to the schema of this build. Interrupted anywhere it goes on at the next start.
 * @returns the schemas before and after
 * @throws WaggleError WAGGLE_STORE_OLDER as `refuseBlocks` does
 * @throws WaggleError WAGGLE_STORE_NEWER {schema, known} the store was written by a newer build; nothing is changed
 * @throws WaggleError WAGGLE_STORE_DAMAGED a store that holds records has lost its schema
 */
export async function migrate(
  store: LedgerStore,
  migrations: readonly Migration[],
): Promise<{ from: number; to: number }> {
  checkOrder(migrations);
  const known = migrations.at(-1)?.to ?? 0;
  const from = await readSchema(store);
  if (from > known) throw new WaggleError('WAGGLE_STORE_NEWER', { schema: from, known });
  for (const migration of migrations) {
    if (migration.from < from) continue;
    const { puts, deletes } = await migration.up(store);
    const schema = { key: SCHEMA_KEY, value: encodeSchema(migration.to), height: 0 };
    await store.batch([...puts, schema], deletes, { sync: true });
  }
  return { from, to: known };
}

async function readSchema(store: LedgerStore): Promise<number> {
  const value = await store.get(SCHEMA_KEY);
  if (value !== undefined) {
    return decodeSchema(value);
  }
  if (!(await store.isEmpty())) throw damagedRecord(SCHEMA_KEY, 'missing');
  return 0;
}

function decodeSchema(value: Uint8Array): number {
  if (value.length !== 4) throw damagedRecord(SCHEMA_KEY, 'length');
  return new DataView(value.buffer, value.byteOffset).getUint32(0);
}

function encodeSchema(schema: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, schema);
  return bytes;
}

function checkOrder(migrations: readonly Migration[]): void {
  let expected = 0;
  for (const { from, to } of migrations) {
    assert(from === expected && to === from + 1, 'migrations are in order and without gaps');
    expected = to;
  }
}
