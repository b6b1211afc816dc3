import { randomBytes } from 'node:crypto';
import { WaggleError } from '../../protocol/errors.ts';
import { type JournalFile, type JournalFs, listSequences, pathOf } from './journal-file.ts';
import {
  decodeHeader,
  encodeHeader,
  HEAD_BYTES,
  HEADER_BYTES,
  JOURNAL_VERSION,
  type JournalHeader,
  TYPE_CONTINUED,
  TYPE_PRUNED,
  viewOf,
} from './journal-format.ts';
import { isTornTail, scanRecords, WindowReader } from './journal-scan.ts';

export interface FileInfo {
  readonly header: JournalHeader;
  sizeBytes: number;
}

/** The files of a journal, checked as far as headers, sizes and the newest file go. */
export interface JournalFiles {
  readonly files: FileInfo[];
  /** Lowest sequence still needed. */
  readonly first: number;
  /** Chain of the newest file up to its end. */
  readonly chain: number;
  readonly tornBytes: number;
  readonly created: boolean;
}

export function damaged(sequence: number, offset: number, reason: string): WaggleError {
  return new WaggleError('WAGGLE_JOURNAL_DAMAGED', { file: sequence, offset, reason });
}

/** Run `use` on an open file and close it whatever happens. */
export async function withFile<Result>(
  fs: JournalFs,
  path: string,
  mode: 'read' | 'write',
  use: (file: JournalFile) => Promise<Result>,
): Promise<Result> {
  const file = await fs.open(path, mode);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/**
 * Find the files of a journal, make the first one when there is none, cut off a torn end, finish an interrupted rotation or
 * pruning, and sync what was found. Older files are checked when they are read.
 * @throws WaggleError WAGGLE_JOURNAL_DAMAGED, WAGGLE_JOURNAL_VERSION
 */
export async function prepareFiles(fs: JournalFs, directory: string): Promise<JournalFiles> {
  await fs.ensureDirectory(directory);
  const { files, unfinished } = await readHeaders(fs, directory);
  const undoneBytes = await undoRotation(fs, directory, files, unfinished);
  const newest = files.at(-1);
  if (newest === undefined) return createFirst(fs, directory, undoneBytes);
  const end = await scanFile(fs, directory, newest, undoneBytes > 0 ? 'rotation' : 'write');
  if (end.continued) throw damaged(newest.header.sequence + 1, 0, 'missing');
  checkOrder(files, end.first);
  await removeBelow(fs, directory, files, end.first);
  await cutTail(fs, directory, newest, end.offset);
  const tornBytes = undoneBytes + newest.sizeBytes - end.offset;
  newest.sizeBytes = end.offset;
  const kept = files.filter(({ header }) => header.sequence >= end.first);
  await syncFound(fs, directory, kept);
  return { files: kept, first: end.first, chain: end.chain, tornBytes, created: false };
}

async function createFirst(fs: JournalFs, directory: string, tornBytes: number): Promise<JournalFiles> {
  const header = { journalId: randomBytes(16), sequence: 1, first: 1, previousBytes: 0, previousChain: 0 };
  const { file, info } = await createFile(fs, directory, header);
  await file.close();
  return { files: [info], first: 1, chain: info.header.crc, tornBytes, created: true };
}

/** Create a file with its header, both durable: content first, then the name. */
export async function createFile(
  fs: JournalFs,
  directory: string,
  fields: Omit<JournalHeader, 'version' | 'crc'>,
): Promise<{ file: JournalFile; info: FileInfo }> {
  const bytes = encodeHeader(fields);
  const file = await fs.open(pathOf(directory, fields.sequence), 'create');
  try {
    await file.write(bytes, 0);
    await file.sync();
    await fs.syncDirectory(directory);
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
  const crc = viewOf(bytes).getUint32(HEADER_BYTES - 4);
  return { file, info: { header: { ...fields, version: JOURNAL_VERSION, crc }, sizeBytes: HEADER_BYTES } };
}

/** `unfinished`: the newest file when it has no header and could not hold one and a record. */
async function readHeaders(
  fs: JournalFs,
  directory: string,
): Promise<{ files: FileInfo[]; unfinished: { sequence: number; sizeBytes: number } | undefined }> {
  const sequences = await listSequences(fs, directory);
  const files: FileInfo[] = [];
  for (const sequence of sequences) {
    const { header, sizeBytes } = await withFile(fs, pathOf(directory, sequence), 'read', async (file) => {
      const bytes = new Uint8Array(HEADER_BYTES);
      const read = await file.read(bytes, 0);
      return { header: decodeHeader(bytes.subarray(0, read)), sizeBytes: await file.sizeBytes() };
    });
    if (header !== undefined) {
      checkHeader(header, sequence);
      files.push({ header, sizeBytes });
    } else {
      // A record is written only after the header is synced: what is no longer than a header holds nothing.
      if (sequence !== sequences.at(-1) || sizeBytes > HEADER_BYTES) throw damaged(sequence, 0, 'header');
      return { files, unfinished: { sequence, sizeBytes } };
    }
  }
  return { files, unfinished: undefined };
}

/**
 * A rotation makes the new file, then ends the old one with TYPE_CONTINUED, then writes to the new one. When it was
 * interrupted before its end the new file is empty and goes.
 * @returns bytes removed; 0 when there was nothing to undo
 */
async function undoRotation(
  fs: JournalFs,
  directory: string,
  files: FileInfo[],
  unfinished: { sequence: number; sizeBytes: number } | undefined,
): Promise<number> {
  const newest = files.at(-1);
  let empty = unfinished;
  if (empty === undefined && newest?.sizeBytes === HEADER_BYTES) {
    empty = { sequence: newest.header.sequence, sizeBytes: newest.sizeBytes };
  }
  if (empty === undefined) return 0;
  const { sequence, sizeBytes } = empty;
  const previous = files.find(({ header }) => header.sequence === sequence - 1);
  if (previous === undefined) {
    if (unfinished === undefined) return 0;
    if (sequence !== 1) throw damaged(sequence - 1, 0, 'missing');
  } else if ((await scanFile(fs, directory, previous, 'rotation')).continued) {
    if (unfinished !== undefined) throw damaged(sequence, 0, 'header');
    return 0;
  }
  await fs.remove(pathOf(directory, sequence));
  await fs.syncDirectory(directory);
  if (unfinished === undefined) files.pop();
  return Math.max(sizeBytes, 1);
}

function checkHeader(header: JournalHeader, sequence: number): void {
  if (header.version !== JOURNAL_VERSION) {
    throw new WaggleError('WAGGLE_JOURNAL_VERSION', {
      file: sequence,
      version: header.version,
      known: JOURNAL_VERSION,
    });
  }
  if (header.sequence !== sequence) throw damaged(sequence, 0, 'swapped');
}

/**
 * Read a file to its end, or to where it is torn. What may be torn: the last `write`, judged by what stands behind it; or
 * of a `rotation` the one record that ends the file, since everything before it was synced.
 */
async function scanFile(
  fs: JournalFs,
  directory: string,
  info: FileInfo,
  mayBeTorn: 'write' | 'rotation',
): Promise<{ offset: number; chain: number; first: number; continued: boolean }> {
  const { sequence, crc } = info.header;
  return withFile(fs, pathOf(directory, sequence), 'read', async (file) => {
    const reader = new WindowReader(file, info.sizeBytes);
    const scan = scanRecords(reader, crc);
    let { first } = info.header;
    let lastType: number | undefined;
    let step = await scan.next();
    for (; step.done !== true; step = await scan.next()) {
      const { head, bytes, offset } = step.value;
      lastType = head.type;
      if (head.type === TYPE_PRUNED) first = prunedTo(bytes, sequence, offset);
    }
    const { offset, chain } = step.value;
    const badBytes = info.sizeBytes - offset;
    const torn = mayBeTorn === 'rotation' ? badBytes <= HEAD_BYTES : await isTornTail(reader, crc, offset);
    if (badBytes > 0 && !torn) throw damaged(sequence, offset, 'record');
    return { offset, chain, first, continued: lastType === TYPE_CONTINUED };
  });
}

/** The body of the journal's own record. */
function prunedTo(bytes: Uint8Array, sequence: number, offset: number): number {
  const first = bytes.length === 8 ? Number(viewOf(bytes).getBigUint64(0)) : 0;
  if (first < 1 || first > sequence) throw damaged(sequence, offset, 'pruned');
  return first;
}

/** Every file from the first needed one on is there, of this journal and the one its successor names. */
function checkOrder(files: readonly FileInfo[], first: number): void {
  const needed = files.filter(({ header }) => header.sequence >= first);
  let expected = first;
  let previous: FileInfo | undefined;
  for (const info of needed) {
    const { sequence, journalId, previousBytes } = info.header;
    if (sequence !== expected) throw damaged(expected, 0, 'missing');
    if (previous !== undefined) {
      if (previous.header.journalId.some((byte, at) => byte !== journalId[at])) throw damaged(sequence, 0, 'foreign');
      if (previous.sizeBytes !== previousBytes) throw damaged(sequence - 1, previous.sizeBytes, 'size');
    }
    previous = info;
    expected++;
  }
}

async function removeBelow(fs: JournalFs, directory: string, files: readonly FileInfo[], first: number): Promise<void> {
  const leftOver = files.filter(({ header }) => header.sequence < first);
  for (const { header } of leftOver) await fs.remove(pathOf(directory, header.sequence));
  if (leftOver.length > 0) await fs.syncDirectory(directory);
}

/**
 * What a killed process wrote last may stand in memory alone, and the replay acts on it: it counts and sends again the votes
 * it finds. So it is on the disk before anybody reads it; else a power cut now would make this node forget what it said
 * (consensus.md 2.8, rule 2). The last two files, since the end of a file is written after its successor is made.
 */
async function syncFound(fs: JournalFs, directory: string, files: readonly FileInfo[]): Promise<void> {
  for (const { header } of files.slice(-2)) {
    await withFile(fs, pathOf(directory, header.sequence), 'write', (file) => file.sync());
  }
  await fs.syncDirectory(directory);
}

async function cutTail(fs: JournalFs, directory: string, newest: FileInfo, offset: number): Promise<void> {
  if (offset === newest.sizeBytes) return;
  await withFile(fs, pathOf(directory, newest.header.sequence), 'write', (file) => file.truncate(offset));
}
