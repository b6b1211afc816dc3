import { crc32c } from './crc32c.ts';
import type { JournalFile } from './journal-file.ts';
import { decodeHead, HEAD_BYTES, HEADER_BYTES, nextChain, type RecordHead, viewOf } from './journal-format.ts';

const WINDOW_BYTES = 1024 * 1024;
const SECTOR_BYTES = 512;

/** Reads a file front to back through one buffer: as large as the window or the largest record asked for. */
export class WindowReader {
  readonly #file: JournalFile;
  readonly sizeBytes: number;
  #buffer = new Uint8Array(0);
  #start = 0;
  #length = 0;

  constructor(file: JournalFile, sizeBytes: number) {
    this.#file = file;
    this.sizeBytes = sizeBytes;
  }

  /** At least `lengthBytes` from `offset`, less at the end of the file, more when at hand. Valid until the next call. */
  async view(offset: number, lengthBytes: number): Promise<Uint8Array> {
    const wanted = Math.min(lengthBytes, this.sizeBytes - offset);
    const from = offset - this.#start;
    if (from < 0 || from + wanted > this.#length) await this.#fill(offset, wanted);
    return this.#buffer.subarray(offset - this.#start, this.#length);
  }

  async #fill(offset: number, lengthBytes: number): Promise<void> {
    const size = Math.min(Math.max(lengthBytes, WINDOW_BYTES), this.sizeBytes - offset);
    if (this.#buffer.length < size) this.#buffer = new Uint8Array(size);
    this.#start = offset;
    this.#length = await this.#file.read(this.#buffer.subarray(0, size), offset);
  }
}

export interface ScannedRecord {
  readonly head: RecordHead;
  readonly offset: number;
  /** Valid until the next step of the scan. */
  readonly bytes: Uint8Array;
}

/** Where a scan ended: at `sizeBytes` when all is well, else at the first bad record. */
export interface ScanEnd {
  readonly offset: number;
  readonly chain: number;
}

/** The records of a file from its header on, up to the first bad one. `seed` is the header's checksum. */
export async function* scanRecords(reader: WindowReader, seed: number): AsyncGenerator<ScannedRecord, ScanEnd> {
  let offset = HEADER_BYTES;
  let chain = seed;
  for (;;) {
    const record = await recordAt(reader, seed, offset);
    if (record === undefined) return { offset, chain };
    chain = nextChain(chain, record.head.bodyCrc);
    const next = offset + HEAD_BYTES + record.head.lengthBytes;
    yield record;
    offset = next;
  }
}

async function recordAt(reader: WindowReader, seed: number, offset: number): Promise<ScannedRecord | undefined> {
  const room = reader.sizeBytes - offset;
  if (room < HEAD_BYTES) return undefined;
  const head = decodeHead(viewOf(await reader.view(offset, HEAD_BYTES)), 0, { seed, offset, room });
  if (head === undefined) return undefined;
  const bytes = await reader.view(offset, HEAD_BYTES + head.lengthBytes);
  const end = HEAD_BYTES + head.lengthBytes;
  if (bytes.length < end || crc32c(bytes, head.headCrc, HEAD_BYTES, end) !== head.bodyCrc) return undefined;
  return { head, offset, bytes: bytes.subarray(HEAD_BYTES, end) };
}

/**
 * Whether what follows a bad record is the torn end of a write that never was synced, to be cut off, or damage to synced
 * records, on which a validator must not start (consensus.md 2.8, rule 5).
 *
 * A batch is written only after the one before it is synced. So a first-of-batch head behind the bad record proves that the
 * bad one was synced. Without any head behind it, it is the tail. Left is a bad record with others of its own batch behind
 * it: a power cut leaves that when pages of one write reach the disk out of order, and then a missing page reads as zeros;
 * anything else is damage.
 */
export async function isTornTail(reader: WindowReader, seed: number, bad: number): Promise<boolean> {
  let sibling: number | undefined;
  let found = await findHead(reader, seed, bad + 1);
  while (found !== undefined) {
    if (found.head.batchStart) return false;
    sibling ??= found.offset;
    found = await findHead(reader, seed, found.offset + HEAD_BYTES + found.head.lengthBytes);
  }
  return sibling === undefined || (await hasEmptySector(reader, bad, sibling));
}

/** First record head that checks at or after `from`. A head covers its length, so what it spans holds no other. */
async function findHead(
  reader: WindowReader,
  seed: number,
  from: number,
): Promise<{ head: RecordHead; offset: number } | undefined> {
  let offset = from;
  while (reader.sizeBytes - offset >= HEAD_BYTES) {
    const bytes = await reader.view(offset, HEAD_BYTES);
    if (bytes.length < HEAD_BYTES) return undefined;
    const view = viewOf(bytes);
    for (let at = 0; at + HEAD_BYTES <= bytes.length; at++, offset++) {
      const head = decodeHead(view, at, { seed, offset, room: reader.sizeBytes - offset });
      if (head !== undefined) return { head, offset };
    }
  }
  return undefined;
}

/**
 * Whether a sector that begins before `to` is empty; of the first one the part from `from` on, where the write began. The
 * record at `to` may begin with zeros in it, so the sector need not end before it.
 */
async function hasEmptySector(reader: WindowReader, from: number, to: number): Promise<boolean> {
  let at = from;
  while (at < to) {
    const end = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
    const piece = (await reader.view(at, end - at)).subarray(0, end - at);
    if (piece.every((byte) => byte === 0)) return true;
    at = end;
  }
  return false;
}
