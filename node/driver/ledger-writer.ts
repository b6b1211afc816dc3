import { WaggleError } from '../../protocol/errors.ts';
import type { LedgerStore } from '../storage/ledger-store.ts';
import type { ChangePut, LedgerChange } from './ledger-change.ts';
import { Overlay } from './overlay.ts';

/** At most so many executed blocks, or so long after the first of them, stand unsynced in the store. */
const UNSYNCED_BLOCKS_MAX = 64;
const UNSYNCED_MS_MAX = 5_000;
/** Beyond this the driver waits: a store that cannot follow must not fill the memory. */
const PENDING_BYTES_MAX = 64 * 1024 * 1024;

export interface WriterFacts {
  readonly pendingChanges: number;
  readonly pendingBytes: number;
  readonly syncedHeight: number;
}

/**
 * Writes the ledger behind execution, in order. Whatever has gathered meanwhile goes into one batch: all of it or nothing,
 * and always with its anchor. What is lost with an unsynced batch executes again from the journal, which is not pruned
 * above `syncedHeight` (protocol.md, Durability). Without work there is no timer.
 */
export class LedgerWriter {
  readonly #store: LedgerStore;
  readonly #onFailure: (error: unknown) => void;
  readonly overlay: Overlay;
  #changes: LedgerChange[] = [];
  #pendingBytes = 0;
  #running: Promise<void> | undefined;
  /** The last put written. */
  #last: ChangePut | undefined;
  #writtenHeight: number;
  #syncedHeight: number;
  #unsyncedBlocks = 0;
  #isDirty = false;
  #mustSync = false;
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;
  #roomWaiters: (() => void)[] = [];

  /** `height`: what the store has executed. */
  constructor(store: LedgerStore, height: number, onFailure: (error: unknown) => void) {
    this.#store = store;
    this.#onFailure = onFailure;
    this.overlay = new Overlay(store);
    this.#writtenHeight = height;
    this.#syncedHeight = height;
  }

  /** Queue a change; it can be read at once. */
  put(change: LedgerChange): void {
    if (this.#failure !== undefined) return;
    this.#changes.push(change);
    this.#pendingBytes += bytesOf(change);
    this.overlay.add(change.puts);
    this.#running ??= this.#run();
  }

  /** Something to wait for while too much is queued; it also resolves when the store failed. */
  room(): Promise<void> | undefined {
    if (this.#pendingBytes <= PENDING_BYTES_MAX || this.#failure !== undefined) return undefined;
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Everything put so far is durable when it resolves. @throws WaggleError WAGGLE_STORE_FAILED */
  async flush(): Promise<void> {
    while (this.#failure === undefined && (this.#changes.length > 0 || this.#isDirty || this.#running !== undefined)) {
      this.#mustSync = true;
      this.#running ??= this.#run();
      await this.#running;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Flush and write no more. A failure was told to `onFailure` and is not told again. */
  async close(): Promise<void> {
    await this.flush().catch(() => undefined);
    clearTimeout(this.#timer);
    this.#failure ??= new WaggleError('WAGGLE_STORE_FAILED', { reason: 'closed' });
  }

  facts(): WriterFacts {
    const { length } = this.#changes;
    return { pendingChanges: length, pendingBytes: this.#pendingBytes, syncedHeight: this.#syncedHeight };
  }

  async #run(): Promise<void> {
    try {
      while (this.#changes.length > 0 || (this.#mustSync && this.#isDirty)) await this.#writeGathered();
      this.#mustSync = false;
    } catch (error) {
      this.#failure = error;
      this.#onFailure(error);
    }
    this.#running = undefined;
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  async #writeGathered(): Promise<void> {
    const changes = this.#changes;
    this.#changes = [];
    const puts = changes.flatMap((change) => change.puts);
    const blocks = changes.reduce((sum, change) => sum + change.blocks, this.#unsyncedBlocks);
    const sync = this.#mustSync || blocks >= UNSYNCED_BLOCKS_MAX;
    const strong = await this.#withoutSuperseded(puts);
    const deletes = changes.flatMap((change) => change.deletes ?? []);
    // Syncing what is written already takes a write, an empty batch would not reach the disk: the last put, once more.
    if (strong.length + deletes.length === 0 && this.#last !== undefined) strong.push({ ...this.#last, isNew: false });
    this.#last = strong.at(-1);
    await this.#store.batch(strong, deletes, { sync });
    this.overlay.remove(puts);
    this.#pendingBytes -= changes.reduce((sum, change) => sum + bytesOf(change), 0);
    this.#writtenHeight = changes.findLast(({ height }) => height !== undefined)?.height ?? this.#writtenHeight;
    this.#wrote(sync, blocks);
    if (this.#pendingBytes <= PENDING_BYTES_MAX) for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }

  /** Weak puts only where nothing stands before them. */
  async #withoutSuperseded(puts: readonly ChangePut[]): Promise<ChangePut[]> {
    const kept: ChangePut[] = [];
    for (const put of puts) {
      if (put.weak !== true) kept.push(put);
      else if (!this.overlay.isSuperseded(put) && (await this.#store.get(put.key)) === undefined) kept.push(put);
    }
    return kept;
  }

  #wrote(sync: boolean, blocks: number): void {
    if (sync) {
      this.#syncedHeight = this.#writtenHeight;
      this.#unsyncedBlocks = 0;
      this.#isDirty = false;
      this.#mustSync = false;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#unsyncedBlocks = blocks;
    this.#isDirty = true;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.flush().catch(() => undefined);
    }, UNSYNCED_MS_MAX).unref();
  }
}

function bytesOf({ puts }: LedgerChange): number {
  return puts.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
}
