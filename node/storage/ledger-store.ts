import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel, type IteratorOptions } from 'classic-level';
import { WaggleError } from '../../protocol/errors.ts';
import { type Enveloped, openEnvelope, sealEnvelope } from './envelope.ts';
import { syncDirectory } from './journal-file.ts';
import { type LedgerKey, type LedgerPrefix, ledgerKey } from './keys.ts';
import { MIGRATIONS, type Migration, migrate } from './migrations.ts';
import { ensureReserve } from './reserve.ts';

const RESERVE_BYTES = 64 * 1024 * 1024;
const CACHE_BYTES = 32 * 1024 * 1024;
const MARKER = 'created';

export interface LedgerPut {
  readonly key: LedgerKey;
  readonly value: Uint8Array;
  /** Block that wrote it; 0 for what belongs to none. */
  readonly height: number;
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

/**
 * The executed ledger. Written behind the journal, so it holds nothing that a vote waits for; every record is checked when
 * it is read (reliability.md, rule 4).
 */
export interface LedgerStore {
  /** @throws WaggleError WAGGLE_STORE_DAMAGED {prefix, key, reason}, WAGGLE_STORE_FAILED */
  get(key: LedgerKey): Promise<Uint8Array | undefined>;
  /** All or nothing. @throws WaggleError WAGGLE_STORE_FAILED, then and on every later call */
  batch(puts: readonly LedgerPut[], deletes: readonly LedgerKey[], options: { readonly sync: boolean }): Promise<void>;
  /** Records under a prefix in key order, as of the first step. @throws as `get` */
  range(
    prefix: LedgerPrefix,
    options?: RangeOptions,
  ): AsyncIterable<{ key: Uint8Array; value: Uint8Array; height: number }>;
  isEmpty(): Promise<boolean>;
  /** False once LevelDB failed in any way: the node stops signing. Reading may still work. */
  writable(): boolean;
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

type Level = ClassicLevel<Uint8Array, Uint8Array>;

/**
 * Open the ledger in `directory`: `db/`, a marker that it was once created, the reserve file.
 * @throws WaggleError WAGGLE_STORE_LOCKED another process has it open
 * @throws WaggleError WAGGLE_STORE_MISSING it was created before and is gone
 * @throws WaggleError WAGGLE_STORE_NEWER, WAGGLE_STORE_DAMAGED (migrations.ts), WAGGLE_STORE_FAILED {reason}
 */
export async function openLedgerStore(
  directory: string,
  options: {
    readonly migrations?: readonly Migration[];
    readonly reserveBytes?: number;
    readonly cacheBytes?: number;
  } = {},
): Promise<OpenLedger> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const created = !(await hasMarker(directory));
  const level: Level = new ClassicLevel(join(directory, 'db'), { keyEncoding: 'view', valueEncoding: 'view' });
  await openLevel(level, created, options.cacheBytes ?? CACHE_BYTES);
  const store = levelStore(level);
  try {
    const migrated = await migrate(store, options.migrations ?? MIGRATIONS);
    if (created) await writeMarker(directory);
    const reserve = await ensureReserve(directory, options.reserveBytes ?? RESERVE_BYTES);
    return { store, created, migrated, reserve };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openLevel(level: Level, createIfMissing: boolean, cacheSize: number): Promise<void> {
  try {
    await level.open({ createIfMissing, cacheSize });
  } catch (error) {
    const reason = levelReason(error);
    if (reason === 'LEVEL_LOCKED') throw new WaggleError('WAGGLE_STORE_LOCKED');
    if (!createIfMissing && /does not exist \(create_if_missing is false\)/.test(deepMessage(error))) {
      throw new WaggleError('WAGGLE_STORE_MISSING');
    }
    throw new WaggleError('WAGGLE_STORE_FAILED', { reason });
  }
}

function levelStore(level: Level): LedgerStore {
  let failure: string | undefined;
  const failed = (error: unknown): WaggleError => {
    failure ??= levelReason(error);
    return new WaggleError('WAGGLE_STORE_FAILED', { reason: failure });
  };
  return {
    async get(key) {
      const stored = await level.get(key).catch((error: unknown) => Promise.reject(failed(error)));
      return stored === undefined ? undefined : openEnvelope(key, plain(stored)).value;
    },
    async batch(puts, deletes, { sync }) {
      if (failure !== undefined) throw failed(undefined);
      const operations = [
        ...deletes.map((key) => ({ type: 'del' as const, key })),
        ...puts.map(({ key, value, height }) => ({
          type: 'put' as const,
          key,
          value: sealEnvelope(key, value, height),
        })),
      ];
      await level.batch(operations, { sync }).catch((error: unknown) => Promise.reject(failed(error)));
    },
    range: (prefix, options = {}) => readRange(level, prefix, options, failed),
    async isEmpty() {
      const keys = await level
        .keys({ limit: 1 })
        .all()
        .catch((error: unknown) => Promise.reject(failed(error)));
      return keys.length === 0;
    },
    writable: () => failure === undefined,
    close: () => level.close(),
  };
}

async function* readRange(
  level: Level,
  prefix: LedgerPrefix,
  options: RangeOptions,
  failed: (error: unknown) => WaggleError,
): AsyncGenerator<{ key: Uint8Array } & Enveloped> {
  const iterator = level.iterator<Uint8Array, Uint8Array>(boundsOf(prefix, options));
  try {
    for (;;) {
      const entry = await iterator.next().catch((error: unknown) => Promise.reject(failed(error)));
      if (entry === undefined) return;
      const key = plain(entry[0]);
      yield { key: key.subarray(1), ...openEnvelope(key, plain(entry[1])) };
    }
  } finally {
    await iterator.close();
  }
}

/** Bounds never reach beyond the prefix, whatever the caller gives. */
function boundsOf(prefix: LedgerPrefix, options: RangeOptions): IteratorOptions<Uint8Array, Uint8Array> {
  const { gt, gte, lt, lte, reverse = false, limit = -1 } = options;
  const lower = gt === undefined ? { gte: ledgerKey(prefix, gte ?? new Uint8Array(0)) } : { gt: ledgerKey(prefix, gt) };
  if (lte !== undefined && lt === undefined) return { ...lower, lte: ledgerKey(prefix, lte), reverse, limit };
  const upper = lt === undefined ? Uint8Array.of(prefix + 1) : ledgerKey(prefix, lt);
  return { ...lower, lt: upper, reverse, limit };
}

/** LevelDB hands out Buffers; a plain view of the same bytes compares as everything else does. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The innermost LEVEL_… code, or what else it was. */
function levelReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.cause instanceof Error && 'code' in error.cause) return levelReason(error.cause);
  return 'code' in error ? String(error.code) : error.name;
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
