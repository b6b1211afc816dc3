import { assert } from '../../protocol/assert.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { type JournalFile, type JournalFs, NODE_FS, pathOf } from './journal-file.ts';
import {
  decodeHeader,
  encodeRecord,
  HEAD_BYTES,
  HEADER_BYTES,
  nextChain,
  RECORD_BYTES_MAX,
  TYPE_CONTINUED,
  TYPE_MAX,
  TYPE_PRUNED,
  viewOf,
} from './journal-format.ts';
import { createFile, damaged, type FileInfo, type JournalFiles, prepareFiles, withFile } from './journal-open.ts';
import { scanRecords, WindowReader } from './journal-scan.ts';

const FILE_BYTES_MAX = 32 * 1024 * 1024;
const VERIFY_SLICE_BYTES = 64 * 1024;

export interface JournalRecord {
  /** 0…TYPE_MAX; the types above are the journal's own. */
  readonly type: number;
  /** At most RECORD_BYTES_MAX. */
  readonly bytes: Uint8Array;
}

/** A place in the journal: sequence of the file, byte offset in it. */
export interface JournalPosition {
  readonly file: number;
  readonly offset: number;
}

export interface JournalStats {
  readonly files: number;
  readonly bytes: number;
  readonly syncs: number;
  readonly lastSyncMs: number;
}

export interface OpenJournal {
  readonly journal: Journal;
  /** Everything on disk, oldest first, read as it is asked for. To be read to the end, once, before the first append. */
  readonly records: AsyncIterable<JournalRecord & { readonly position: JournalPosition }>;
  /** Bytes of an unfinished write cut off the end; 0 after a clean stop. */
  readonly tornBytes: number;
  /** No journal was there. On a node that has run before this means amnesia (consensus.md 2.8, rule 8). */
  readonly created: boolean;
}

/**
 * Open the journal in `directory`, made when missing. Reading needs memory for one record and a window of 1 MiB.
 * @throws WaggleError WAGGLE_JOURNAL_DAMAGED {file, offset, reason}, here or while `records` is read: a bad record with synced
 *   ones behind it, or a file missing, swapped, foreign or cut. The node must not start.
 * @throws WaggleError WAGGLE_JOURNAL_VERSION written by a newer build
 */
export async function openJournal(
  directory: string,
  options: { readonly fileBytesMax?: number; readonly fs?: JournalFs } = {},
): Promise<OpenJournal> {
  const fs = options.fs ?? NODE_FS;
  const found = await prepareFiles(fs, directory);
  const newest = found.files.at(-1);
  assert(newest !== undefined, 'a journal has a file');
  const file = await fs.open(pathOf(directory, newest.header.sequence), 'write');
  const fileBytesMax = options.fileBytesMax ?? FILE_BYTES_MAX;
  const journal = new Journal({ fs, directory, fileBytesMax, found, file });
  const snapshot = found.files.map((info) => ({ ...info }));
  const records = readAll(fs, directory, snapshot, () => journal.markRead());
  if (found.created) journal.markRead();
  return { journal, records, tornBytes: found.tornBytes, created: found.created };
}

/**
 * The one append-only write-ahead record of a validator (consensus.md 2.8): what it signed, and what it acted on, in causal
 * order. The driver alone writes to it.
 */
export class Journal {
  readonly #fs: JournalFs;
  readonly #directory: string;
  readonly #fileBytesMax: number;
  readonly #files: FileInfo[];
  #file: JournalFile;
  #chain: number;
  #first: number;
  #read = false;
  #appending = false;
  /** Ends with the last operation begun; never rejects. */
  #last: Promise<void> = Promise.resolve();
  #failed: string | undefined;
  #closed = false;
  #syncs = 0;
  #lastSyncMs = 0;

  constructor(parts: {
    readonly fs: JournalFs;
    readonly directory: string;
    readonly fileBytesMax: number;
    readonly found: JournalFiles;
    readonly file: JournalFile;
  }) {
    this.#fs = parts.fs;
    this.#directory = parts.directory;
    this.#fileBytesMax = parts.fileBytesMax;
    this.#files = [...parts.found.files];
    this.#chain = parts.found.chain;
    this.#first = parts.found.first;
    this.#file = parts.file;
  }

  /** Told by the reader of `records` at its end: who has not read what is there must not add to it. */
  markRead(): void {
    this.#read = true;
  }

  /**
   * Append in order with one write and one fdatasync; resolves when durable. One call at a time.
   * @throws WaggleError WAGGLE_JOURNAL_SYNC when a write or sync fails, then and on every later call: after a failed fsync
   *   nobody knows what is on disk, so the process must exit and boot from the journal; never retry
   * @throws WaggleError WAGGLE_JOURNAL_CLOSED
   */
  async append(records: readonly JournalRecord[]): Promise<void> {
    assert(!this.#appending, 'one append at a time');
    assert(this.#read, 'a journal is read before it is written');
    for (const { type, bytes } of records) {
      assert(Number.isInteger(type) && type >= 0 && type <= TYPE_MAX, 'a journal record type is 0…253');
      assert(bytes.length <= RECORD_BYTES_MAX, 'a journal record is at most 8 MiB');
    }
    this.#appending = true;
    try {
      await this.#exclusive(() => this.#write(records));
    } finally {
      this.#appending = false;
    }
  }

  /**
   * Everything before `position` is no longer needed: whole files below it are removed, never the current one. That they
   * may be missing is durable before any of them is removed.
   * @throws WaggleError WAGGLE_JOURNAL_SYNC, WAGGLE_JOURNAL_CLOSED as append does
   */
  async pruneBefore(position: JournalPosition): Promise<void> {
    assert(this.#read, 'a journal is read before it is pruned');
    const first = Math.min(position.file, this.position().file);
    if (first <= this.#first) return;
    await this.#exclusive(() => this.#prune(first));
  }

  /**
   * Read again what was written, from the oldest file on; `pace` is told the bytes. What is appended or pruned meanwhile is not
   * looked at. @throws WaggleError WAGGLE_JOURNAL_DAMAGED
   */
  async verify(pace: (bytes: number) => Promise<void>): Promise<void> {
    for (const info of this.#files.map((one) => ({ ...one }))) {
      const isNeeded = (): boolean => info.header.sequence >= this.#first && !this.#closed;
      try {
        if (isNeeded()) await verifyFile(this.#fs, this.#directory, info, pace);
      } catch (error) {
        // Pruned, or closed, while it was read.
        if (!isNeeded()) continue;
        if (error instanceof WaggleError) throw error;
        const reason = error instanceof Error && 'code' in error ? String(error.code) : 'read';
        throw damaged(info.header.sequence, 0, reason);
      }
    }
  }

  /** End the newest file and go on in a new one, so that all before it can be given up. @throws as append does */
  async rotate(): Promise<void> {
    assert(this.#read, 'a journal is read before it is written');
    await this.#exclusive(() => this.#rotate());
  }

  /** The end: where the next record will stand, unless it opens a new file. */
  position(): JournalPosition {
    const { header, sizeBytes } = this.#newest();
    return { file: header.sequence, offset: sizeBytes };
  }

  stats(): JournalStats {
    const bytes = this.#files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return { files: this.#files.length, bytes, syncs: this.#syncs, lastSyncMs: this.#lastSyncMs };
  }

  /** Waits for what is under way. Nothing is left to flush: every append was synced. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    await this.#file.close().catch(() => undefined);
  }

  #newest(): FileInfo {
    const newest = this.#files.at(-1);
    assert(newest !== undefined, 'a journal has a file');
    return newest;
  }

  /** After the operations before it, and not at all once one of them failed. */
  #exclusive(operation: () => Promise<void>): Promise<void> {
    if (this.#closed) return Promise.reject(new WaggleError('WAGGLE_JOURNAL_CLOSED'));
    const run = this.#last.then(async () => {
      if (this.#failed !== undefined) throw this.#refusal();
      try {
        await operation();
      } catch (error) {
        this.#failed = error instanceof Error && 'code' in error ? String(error.code) : String(error);
        throw this.#refusal();
      }
    });
    this.#last = run.catch(() => undefined);
    return run;
  }

  #refusal(): WaggleError {
    return new WaggleError('WAGGLE_JOURNAL_SYNC', { file: this.#newest().header.sequence, reason: this.#failed });
  }

  async #write(records: readonly JournalRecord[]): Promise<void> {
    if (records.length === 0) return;
    const lengthBytes = records.reduce((sum, { bytes }) => sum + HEAD_BYTES + bytes.length, 0);
    const end = this.#newest().sizeBytes;
    if (end > HEADER_BYTES && end + lengthBytes > this.#fileBytesMax) await this.#rotate();
    const { batch, chain } = this.#encode(records, lengthBytes);
    await this.#writeSynced(this.#newest(), batch);
    this.#chain = chain;
  }

  /** One batch as it stands at the end of the newest file, and the file's chain after it. */
  #encode(records: readonly JournalRecord[], lengthBytes: number): { batch: Uint8Array; chain: number } {
    const { header, sizeBytes } = this.#newest();
    const batch = new Uint8Array(lengthBytes);
    let chain = this.#chain;
    let at = 0;
    for (const record of records) {
      const place = { seed: header.crc, offset: sizeBytes + at, batchStart: at === 0 };
      chain = nextChain(chain, encodeRecord(batch, at, record, place));
      at += HEAD_BYTES + record.bytes.length;
    }
    return { batch, chain };
  }

  async #writeSynced(info: FileInfo, bytes: Uint8Array): Promise<void> {
    await this.#file.write(bytes, info.sizeBytes);
    const startMs = performance.now();
    await this.#file.datasync();
    this.#lastSyncMs = performance.now() - startMs;
    this.#syncs++;
    info.sizeBytes += bytes.length;
  }

  /** The new file names how the old one will end; only then is the old one ended, so that boot can tell how far it came. */
  async #rotate(): Promise<void> {
    const old = this.#newest();
    const { batch, chain } = this.#encode([{ type: TYPE_CONTINUED, bytes: new Uint8Array(0) }], HEAD_BYTES);
    const { file, info } = await createFile(this.#fs, this.#directory, {
      journalId: old.header.journalId,
      sequence: old.header.sequence + 1,
      first: this.#first,
      previousBytes: old.sizeBytes + batch.length,
      previousChain: chain,
    });
    const oldFile = this.#file;
    try {
      await this.#writeSynced(old, batch);
    } finally {
      this.#file = file;
      await oldFile.close();
    }
    this.#files.push(info);
    this.#chain = info.header.crc;
  }

  async #prune(first: number): Promise<void> {
    if (first <= this.#first) return;
    const bytes = new Uint8Array(8);
    viewOf(bytes).setBigUint64(0, BigInt(first));
    await this.#write([{ type: TYPE_PRUNED, bytes }]);
    this.#first = first;
    for (let oldest = this.#files[0]; oldest !== undefined && oldest.header.sequence < first; oldest = this.#files[0]) {
      await this.#fs.remove(pathOf(this.#directory, oldest.header.sequence));
      this.#files.shift();
    }
    await this.#fs.syncDirectory(this.#directory);
  }
}

async function verifyFile(
  fs: JournalFs,
  directory: string,
  info: FileInfo,
  pace: (bytes: number) => Promise<void>,
): Promise<void> {
  const { sequence, crc } = info.header;
  await withFile(fs, pathOf(directory, sequence), 'read', async (file) => {
    const head = new Uint8Array(HEADER_BYTES);
    const read = await file.read(head, 0);
    if (decodeHeader(head.subarray(0, read))?.crc !== crc) throw damaged(sequence, 0, 'header');
    const scan = scanRecords(new WindowReader(file, info.sizeBytes), crc);
    let bytes = 0;
    let step = await scan.next();
    for (; step.done !== true; step = await scan.next()) {
      bytes += HEAD_BYTES + step.value.bytes.length;
      if (bytes < VERIFY_SLICE_BYTES) continue;
      await pace(bytes);
      bytes = 0;
    }
    if (step.value.offset !== info.sizeBytes) throw damaged(sequence, step.value.offset, 'record');
    await pace(bytes);
  });
}

async function* readAll(
  fs: JournalFs,
  directory: string,
  files: readonly FileInfo[],
  atEnd: () => void,
): AsyncGenerator<JournalRecord & { readonly position: JournalPosition }> {
  for (const [index, info] of files.entries()) {
    const { sequence, crc } = info.header;
    const file = await fs.open(pathOf(directory, sequence), 'read');
    try {
      const scan = scanRecords(new WindowReader(file, info.sizeBytes), crc);
      let step = await scan.next();
      for (; step.done !== true; step = await scan.next()) {
        const { head, offset, bytes } = step.value;
        if (head.type > TYPE_MAX) continue;
        yield { type: head.type, bytes: bytes.slice(), position: { file: sequence, offset } };
      }
      if (step.value.offset !== info.sizeBytes) throw damaged(sequence, step.value.offset, 'record');
      const next = files[index + 1];
      if (next !== undefined && next.header.previousChain !== step.value.chain) {
        throw damaged(sequence, info.sizeBytes, 'chain');
      }
    } finally {
      await file.close();
    }
  }
  atEnd();
}
