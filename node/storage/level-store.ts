import type { ClassicLevel, IteratorOptions } from 'classic-level';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { damagedRecord, type Enveloped, isSealed, openEnvelope, sealEnvelope } from './envelope.ts';
import { type LedgerKey, type LedgerPrefix, ledgerKey, metaKey, nameOfKey } from './keys.ts';
import type { LedgerPut, LedgerScan, LedgerStore, RangeOptions, ScannedRecord } from './ledger-store.ts';
import { StoreSums } from './store-sums.ts';

export type Level = ClassicLevel<Uint8Array, Uint8Array>;

/** The sums of all records but itself; in every batch (decision 009). */
export const SUMS_KEY = metaKey('sums');
const SUMS_NAME = nameOfKey(SUMS_KEY);
const CORRUPTION = 'LEVEL_CORRUPTION';
const ADOPTED_RECORDS = 1_000;

interface Change {
  readonly key: LedgerKey;
  /** Undefined: to be deleted. */
  readonly put: LedgerPut | undefined;
  readonly isNew: boolean;
}

/** One change a key, the last put of it. That a key is new says its first one, before which there was nothing. */
function changesOf(puts: readonly LedgerPut[], deletes: readonly LedgerKey[]): Change[] {
  const changes = new Map<string, Change>();
  for (const key of deletes) changes.set(nameOfKey(key), { key, put: undefined, isNew: false });
  for (const put of puts) {
    const name = put.name ?? nameOfKey(put.key);
    changes.set(name, { key: put.key, put, isNew: changes.get(name)?.isNew ?? put.isNew === true });
  }
  return [...changes.values()];
}

/** LevelDB behind envelopes and sums. `sums`: of what it holds. */
export class LevelStore implements LedgerStore {
  readonly #level: Level;
  #sums: StoreSums;
  /** Ends with the last batch begun; never rejects. */
  #last: Promise<void> = Promise.resolve();
  #failure: WaggleError | undefined;
  #listener: (failure: WaggleError) => void = () => undefined;

  constructor(level: Level, sums: StoreSums) {
    this.#level = level;
    this.#sums = sums;
  }

  async get(key: LedgerKey): Promise<Uint8Array | undefined> {
    const stored = await this.#do(() => this.#level.get(key));
    return stored === undefined ? undefined : openEnvelope(key, plain(stored)).value;
  }

  batch(
    puts: readonly LedgerPut[],
    deletes: readonly LedgerKey[],
    options: { readonly sync: boolean; readonly mends?: boolean },
  ): Promise<void> {
    const run = this.#last.then(() => this.#write(puts, deletes, options));
    this.#last = run.catch(() => undefined);
    return run;
  }

  async *range(
    prefix: LedgerPrefix,
    options: RangeOptions = {},
  ): AsyncGenerator<{ key: Uint8Array; value: Uint8Array; height: number }> {
    for await (const [key, stored] of this.#entries(boundsOf(prefix, options))) {
      yield { key: key.subarray(1), ...openEnvelope(key, stored) };
    }
  }

  async *whole(prefix: LedgerPrefix): AsyncGenerator<{ key: Uint8Array } & Enveloped> {
    const found = new StoreSums();
    for await (const [key, stored] of this.#entries(boundsOf(prefix, {}))) {
      const opened = openEnvelope(key, stored);
      if (nameOfKey(key) === SUMS_NAME) continue;
      found.add(prefix, stored);
      yield { key: key.subarray(1), ...opened };
    }
    if (!found.agree(this.#sums, prefix)) throw damagedRecord(Uint8Array.of(prefix), 'sum');
  }

  scan(): LedgerScan {
    const snapshot = this.#level.snapshot();
    const iterator = this.#level.iterator<Uint8Array, Uint8Array>({ snapshot });
    return {
      next: async (limit) => {
        const entries = (await this.#do(() => iterator.nextv(limit))).map(([key, stored]): [Uint8Array, Uint8Array] => [
          plain(key),
          plain(stored),
        ]);
        // Once more by key: an index or a filter that rotted hides a record from `get` that the iterator still sees.
        const got = await this.#do(() =>
          this.#level.getMany(
            entries.map(([key]) => key),
            { snapshot },
          ),
        );
        return entries.map(([key, stored], at) => scanned(key, stored, got[at]));
      },
      close: async () => {
        await iterator.close();
        await snapshot.close();
      },
    };
  }

  settle(
    { found, expected }: { readonly found: StoreSums; readonly expected: StoreSums },
    prefixes: readonly number[],
  ): Promise<void> {
    const run = this.#last.then(() => {
      const sums = this.#sums.copy();
      for (const prefix of prefixes) sums.shift(prefix, expected, found);
      this.#sums = sums;
      return this.#write([], [], { sync: true, mends: true });
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  async isEmpty(): Promise<boolean> {
    return (await this.#do(() => this.#level.keys({ limit: 1 }).all())).length === 0;
  }

  writable(): boolean {
    return this.#failure === undefined;
  }

  onFailure(listener: (failure: WaggleError) => void): void {
    this.#listener = listener;
    if (this.#failure !== undefined) listener(this.#failure);
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#level.close();
  }

  async #write(
    puts: readonly LedgerPut[],
    deletes: readonly LedgerKey[],
    { sync, mends = false }: { readonly sync: boolean; readonly mends?: boolean },
  ): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    const changes = changesOf(puts, deletes);
    const replaced = mends ? [] : await this.#replacedBy(changes);
    const sums = this.#sums.copy();
    for (const { key, stored } of replaced) sums.take(key[0] ?? 0, stored);
    const batch = await this.#do(async () => this.#level.batch());
    for (const { key, put } of changes) {
      if (put === undefined) batch.del(key);
      else {
        // The batch copies what it is given, so every record may be sealed in the same memory.
        const stored = sealEnvelope(key, put.value, put.height);
        batch.put(key, stored);
        if (!mends) sums.add(key[0] ?? 0, stored);
      }
    }
    batch.put(SUMS_KEY, sealEnvelope(SUMS_KEY, sums.encode(), 0));
    await this.#do(() => batch.write({ sync }));
    this.#sums = sums;
  }

  /**
   * What stands under the keys now, envelopes and all.
   * @throws WaggleError WAGGLE_STORE_DAMAGED a record that is to be replaced is damaged: what it counted for is lost
   */
  async #replacedBy(changes: readonly Change[]): Promise<{ key: LedgerKey; stored: Uint8Array }[]> {
    const keys = changes.filter(({ isNew }) => !isNew).map(({ key }) => key);
    const before = keys.length === 0 ? [] : await this.#do(() => this.#level.getMany(keys));
    return keys.flatMap((key, at) => {
      const old = before[at];
      if (old === undefined) return [];
      const stored = plain(old);
      openEnvelope(key, stored);
      return [{ key, stored }];
    });
  }

  async *#entries(options: IteratorOptions<Uint8Array, Uint8Array>): AsyncGenerator<[Uint8Array, Uint8Array]> {
    const iterator = this.#level.iterator<Uint8Array, Uint8Array>(options);
    try {
      for (;;) {
        const entry = await this.#do(() => iterator.next());
        if (entry === undefined) return;
        yield [plain(entry[0]), plain(entry[1])];
      }
    } finally {
      await iterator.close();
    }
  }

  /** The first failure of LevelDB ends all writing, whatever it was (reliability.md 6, rule 4). */
  async #do<Result>(use: () => Promise<Result>): Promise<Result> {
    try {
      return await use();
    } catch (error) {
      const reason = levelReason(error);
      const failure = new WaggleError('WAGGLE_STORE_FAILED', { reason });
      if (this.#failure === undefined) {
        this.#failure = failure;
        this.#listener(failure);
      }
      throw failure;
    }
  }
}

/** Whether a failure says that the files of the database are damaged, which putting them anew mends. */
export function isCorruption(error: unknown): boolean {
  return error instanceof WaggleError && error.code === 'WAGGLE_STORE_FAILED' && error.facts.reason === CORRUPTION;
}

/**
 * The sums a store was left with. One of schema 1 has none yet: they are taken from what it holds.
 * @throws WaggleError WAGGLE_STORE_DAMAGED, WAGGLE_STORE_FAILED
 */
export async function readSums(level: Level, isAdopted: boolean): Promise<StoreSums> {
  try {
    const stored = await level.get(SUMS_KEY);
    if (stored !== undefined) return StoreSums.decode(openEnvelope(SUMS_KEY, plain(stored)).value);
    const [first] = await level.keys({ limit: 1 }).all();
    if (first === undefined) return new StoreSums();
    if (!isAdopted) throw damagedRecord(SUMS_KEY, 'missing');
    return await sumUp(level);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'WAGGLE_STORE_DAMAGED') throw error;
    if (code !== undefined) throw damagedRecord(SUMS_KEY, code);
    throw new WaggleError('WAGGLE_STORE_FAILED', { reason: levelReason(error) });
  }
}

async function sumUp(level: Level): Promise<StoreSums> {
  const sums = new StoreSums();
  const iterator = level.iterator();
  try {
    for (let found = await iterator.nextv(ADOPTED_RECORDS); found.length > 0; ) {
      for (const [key, stored] of found) {
        openEnvelope(plain(key), plain(stored));
        sums.add(key[0] ?? 0, plain(stored));
      }
      found = await iterator.nextv(ADOPTED_RECORDS);
    }
  } finally {
    await iterator.close();
  }
  return sums;
}

function scanned(key: Uint8Array, stored: Uint8Array, got: Uint8Array | undefined): ScannedRecord {
  const record = { key, sizeBytes: key.length + stored.length };
  if (nameOfKey(key) === SUMS_NAME) return { ...record, sums: StoreSums.decode(openEnvelope(key, stored).value) };
  if (!isSealed(key, stored)) return { ...record, damage: 'sum' };
  const isSame = got !== undefined && Buffer.compare(got, stored) === 0;
  return isSame ? { ...record, stored } : { ...record, damage: 'index' };
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
export function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The innermost LEVEL_… code, or what else it was. */
export function levelReason(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.cause instanceof Error && 'code' in error.cause) return levelReason(error.cause);
  return 'code' in error ? String(error.code) : error.name;
}
