import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { WaggleError } from '../../protocol/errors.ts';
import { syncDirectory } from './journal-file.ts';
import type { LedgerKey, LedgerPrefix } from './keys.ts';
import { type Level, LevelStore, levelReason, readSums } from './level-store.ts';
import { MIGRATIONS, type Migration, migrate, SCHEMA_WITHOUT_SUMS, storedSchema } from './migrations.ts';
import { ensureReserve } from './reserve.ts';
import type { StoreSums } from './store-sums.ts';

const RESERVE_BYTES = 64 * 1024 * 1024;
const CACHE_BYTES = 8 * 1024 * 1024;
/** Four times LevelDB's own: it writes and merges a quarter as many files, and what is not in a file yet is in its log. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;
const MARKER = 'created';

export interface LedgerPut {
  readonly key: LedgerKey;
  readonly value: Uint8Array;
  /** Block that wrote it; 0 for what belongs to none. */
  readonly height: number;
  /**
   * Whoever puts it knows that the store has nothing under its key: then nothing is read before. Were it wrong, the sums
   * would say that a record is missing, and the next scrub that the store is damaged.
   */
  readonly isNew?: boolean;
  /** `nameOfKey` of the key, where it was made already. */
  name?: string;
}

/** Bounds are suffixes, without the prefix byte. */
export interface RangeOptions {
  readonly gt?: Uint8Array;
  readonly gte?: Uint8Array;
  readonly lt?: Uint8Array;
  readonly lte?: Uint8Array;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** A record as it stands in the store. */
export interface ScannedRecord {
  readonly key: Uint8Array;
  /** Of key and stored value, envelope included. */
  readonly sizeBytes: number;
  /** The envelope, when it checks. */
  readonly stored?: Uint8Array;
  /** Why it is not what was stored under its key. */
  readonly damage?: string;
  /** Of the one record that says what all others come to. */
  readonly sums?: StoreSums;
}

/** The whole store at one moment, in key order. To be closed. */
export interface LedgerScan {
  /** None at the end. @throws WaggleError WAGGLE_STORE_FAILED */
  next(limit: number): Promise<readonly ScannedRecord[]>;
  close(): Promise<void>;
}

/**
 * The executed ledger. Written behind the journal, so it holds nothing that a vote waits for; every record is checked when
 * it is read (reliability.md, rule 4), and sums over all of them say what must be there (decision 009).
 */
export interface LedgerStore {
  /** @throws WaggleError WAGGLE_STORE_DAMAGED {prefix, key, reason}, WAGGLE_STORE_FAILED */
  get(key: LedgerKey): Promise<Uint8Array | undefined>;
  /**
   * All or nothing; of puts with one key the last. `mends`: they stood there before and are put once more, as they were.
   * @throws WaggleError WAGGLE_STORE_FAILED, then and on every later call
   * @throws WaggleError WAGGLE_STORE_DAMAGED a record that would be replaced is damaged; nothing is written
   */
  batch(
    puts: readonly LedgerPut[],
    deletes: readonly LedgerKey[],
    options: { readonly sync: boolean; readonly mends?: boolean },
  ): Promise<void>;
  /** Records under a prefix in key order, as of the first step. @throws as `get` */
  range(
    prefix: LedgerPrefix,
    options?: RangeOptions,
  ): AsyncIterable<{ key: Uint8Array; value: Uint8Array; height: number }>;
  /** All records under a prefix, while nothing is written. @throws as `get`, at the end when one is missing or an old one */
  whole(prefix: LedgerPrefix): AsyncIterable<{ key: Uint8Array; value: Uint8Array; height: number }>;
  scan(): LedgerScan;
  /**
   * Take what a scan found for what must be there, of these prefixes: after all of their records were proven otherwise. What was
   * written since the scan counts on.
   */
  settle(sums: { readonly found: StoreSums; readonly expected: StoreSums }, prefixes: readonly number[]): Promise<void>;
  isEmpty(): Promise<boolean>;
  /** False once LevelDB failed in any way: the node stops signing. Reading may still work. */
  writable(): boolean;
  /** Told of the first failure of LevelDB, at once. */
  onFailure(listener: (failure: WaggleError) => void): void;
  close(): Promise<void>;
}

export interface OpenLedger {
  readonly store: LedgerStore;
  /** Made by this start. */
  readonly created: boolean;
  readonly migrated: { readonly from: number; readonly to: number };
  /** Whether the reserve file is there; false when the disk had no room for it. */
  readonly reserve: boolean;
}

/**
 * Open the ledger in `directory`: `db/`, a marker that it was once created, the reserve file.
 * @throws WaggleError WAGGLE_STORE_LOCKED another process has it open
 * @throws WaggleError WAGGLE_STORE_MISSING it was created before and is gone
 * @throws WaggleError WAGGLE_STORE_OLDER, WAGGLE_STORE_NEWER, WAGGLE_STORE_DAMAGED (migrations.ts), WAGGLE_STORE_FAILED {reason}
 */
export async function openLedgerStore(
  directory: string,
  options: {
    readonly migrations?: readonly Migration[];
    readonly reserveBytes?: number;
    readonly cacheBytes?: number;
    /** Name of the database in `directory`, one that a repair fills (ledger-files.ts); then it may not be there yet. */
    readonly fresh?: string;
  } = {},
): Promise<OpenLedger> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const created = options.fresh !== undefined || !(await hasMarker(directory));
  const level: Level = new ClassicLevel(join(directory, options.fresh ?? 'db'), {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  await openLevel(level, created, options.cacheBytes ?? CACHE_BYTES);
  let store: LevelStore | undefined;
  try {
    store = new LevelStore(level, await readSums(level, (await storedSchema(level)) === SCHEMA_WITHOUT_SUMS));
    const migrated = await migrate(store, options.migrations ?? MIGRATIONS);
    if (created) await writeMarker(directory);
    const reserve = await ensureReserve(directory, options.reserveBytes ?? RESERVE_BYTES);
    return { store, created, migrated, reserve };
  } catch (error) {
    await (store ?? level).close();
    throw error;
  }
}

async function openLevel(level: Level, createIfMissing: boolean, cacheSize: number): Promise<void> {
  try {
    await level.open({ createIfMissing, cacheSize, writeBufferSize: WRITE_BUFFER_BYTES });
  } catch (error) {
    const reason = levelReason(error);
    if (reason === 'LEVEL_LOCKED') throw new WaggleError('WAGGLE_STORE_LOCKED');
    if (!createIfMissing && /does not exist \(create_if_missing is false\)/.test(deepMessage(error))) {
      throw new WaggleError('WAGGLE_STORE_MISSING');
    }
    throw new WaggleError('WAGGLE_STORE_FAILED', { reason });
  }
}

function deepMessage(error: unknown): string {
  return error instanceof Error ? `${error.message} ${deepMessage(error.cause)}` : '';
}

async function hasMarker(directory: string): Promise<boolean> {
  return readFile(join(directory, MARKER)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw new WaggleError('WAGGLE_STORE_FAILED', { reason: error.code });
    },
  );
}

/** Written last: before it the store may be made anew, after it a missing store is an error and never an empty ledger. */
async function writeMarker(directory: string): Promise<void> {
  const handle = await open(join(directory, MARKER), 'w', 0o600);
  try {
    await handle.writeFile('The ledger beside this file was created; without it the node does not start.\n');
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncDirectory(directory);
}
