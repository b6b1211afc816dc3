import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32c } from '../storage/crc32c.ts';
import { type JournalRecord, type OpenJournal, openJournal } from '../storage/journal.ts';
import { HEADER_BYTES, RECORD_BYTES_MAX } from '../storage/journal-format.ts';
import { MemoryJournalFs, systemError } from './memory-journal-fs.ts';

const DIRECTORY = '/journal';
const FIRST = `${DIRECTORY}/000000000001.journal`;
const SECOND = `${DIRECTORY}/000000000002.journal`;

/** Distinct, never zero, so that a record is known by its bytes. */
function record(number: number, lengthBytes = 20): JournalRecord {
  return { type: number % 200, bytes: new Uint8Array(lengthBytes).map((_, at) => 1 + ((number * 7 + at) % 255)) };
}

async function readRecords(opened: OpenJournal): Promise<JournalRecord[]> {
  const records: JournalRecord[] = [];
  for await (const { type, bytes } of opened.records) records.push({ type, bytes });
  return records;
}

async function open(fs: MemoryJournalFs, fileBytesMax?: number): Promise<OpenJournal & { found: JournalRecord[] }> {
  const opened = await openJournal(DIRECTORY, { fs, ...(fileBytesMax === undefined ? {} : { fileBytesMax }) });
  return { ...opened, found: await readRecords(opened) };
}

/** A disk with one batch a list, closed. */
async function written(batches: JournalRecord[][], fileBytesMax?: number): Promise<MemoryJournalFs> {
  const fs = new MemoryJournalFs();
  const { journal } = await open(fs, fileBytesMax);
  for (const batch of batches) await journal.append(batch);
  await journal.close();
  return fs;
}

async function refuses(fs: MemoryJournalFs, label: string): Promise<void> {
  await assert.rejects(
    open(fs),
    (error: { code?: string; facts?: { file?: number; offset?: number } }) =>
      error.code === 'WAGGLE_JOURNAL_DAMAGED' &&
      typeof error.facts?.file === 'number' &&
      typeof error.facts.offset === 'number',
    label,
  );
}

function changed(fs: MemoryJournalFs, path: string, change: (bytes: Uint8Array) => Uint8Array): MemoryJournalFs {
  const content = fs.snapshot();
  const bytes = content.get(path);
  assert.ok(bytes !== undefined);
  return MemoryJournalFs.of(content.set(path, change(bytes)));
}

function sizeOf(fs: MemoryJournalFs, path: string): number {
  return fs.snapshot().get(path)?.length ?? 0;
}

describe('crc32c', () => {
  it('gives the published values of RFC 3720', () => {
    assert.equal(crc32c(new TextEncoder().encode('123456789')), 0xe3069283);
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, at) => at)), 0x46dd794e);
  });

  it('continues from a previous value', () => {
    const bytes = Uint8Array.from({ length: 77 }, (_, at) => at * 3);
    for (let at = 0; at <= bytes.length; at++) {
      assert.equal(crc32c(bytes.subarray(at), crc32c(bytes.subarray(0, at))), crc32c(bytes));
    }
  });
});

describe('journal', () => {
  it('gives back what was appended, in order, over files and starts', async () => {
    const fs = new MemoryJournalFs();
    const expected: JournalRecord[] = [];
    for (let start = 0; start < 3; start++) {
      const { journal, found, tornBytes, created } = await open(fs, 300);
      assert.deepEqual(found, expected);
      assert.equal(tornBytes, 0);
      assert.equal(created, start === 0);
      for (let batch = 0; batch < 10; batch++) {
        const records = [record(start * 100 + batch), record(start * 100 + batch + 50, batch * 9)];
        await journal.append(records);
        expected.push(...records);
      }
      await journal.close();
    }
    assert.ok(fs.snapshot().size > 5);
  });

  it('syncs once an append and says where it stands', async () => {
    const fs = new MemoryJournalFs();
    const { journal } = await open(fs);
    fs.calls.length = 0;
    const before = journal.position();
    await journal.append([record(1), record(2), record(3)]);
    await journal.append([]);
    assert.deepEqual(fs.calls, [
      { operation: 'write', path: FIRST },
      { operation: 'datasync', path: FIRST },
    ]);
    assert.equal(journal.stats().syncs, 1);
    assert.deepEqual(before, { file: 1, offset: HEADER_BYTES });
    assert.deepEqual(journal.position(), { file: 1, offset: sizeOf(fs, FIRST) });
  });

  it('makes the name of a new file durable before a record stands in it', async () => {
    const fs = new MemoryJournalFs();
    const { journal } = await open(fs, 100);
    await journal.append([record(1, 50)]);
    fs.calls.length = 0;
    await journal.append([record(2, 50)]);
    assert.deepEqual(fs.calls, [
      { operation: 'create', path: SECOND },
      { operation: 'write', path: SECOND },
      { operation: 'sync', path: SECOND },
      { operation: 'syncDirectory', path: DIRECTORY },
      { operation: 'write', path: FIRST },
      { operation: 'datasync', path: FIRST },
      { operation: 'write', path: SECOND },
      { operation: 'datasync', path: SECOND },
    ]);
  });

  it('takes one append at a time, read first, of its own types and sizes', async () => {
    const fs = await written([[record(1)]]);
    const { journal, records } = await openJournal(DIRECTORY, { fs });
    await assert.rejects(journal.append([record(2)]), { code: 'WAGGLE_INVARIANT' });
    for await (const _ of records);
    await assert.rejects(journal.append([{ type: 254, bytes: new Uint8Array(0) }]), { code: 'WAGGLE_INVARIANT' });
    const huge = { type: 1, bytes: new Uint8Array(RECORD_BYTES_MAX + 1) };
    await assert.rejects(journal.append([huge]), { code: 'WAGGLE_INVARIANT' });
    const first = journal.append([record(2)]);
    await assert.rejects(journal.append([record(3)]), { code: 'WAGGLE_INVARIANT' });
    await first;
    await journal.close();
    await assert.rejects(journal.append([record(4)]), { code: 'WAGGLE_JOURNAL_CLOSED' });
  });

  for (const operation of ['write', 'datasync'] as const) {
    it(`refuses every later call after a failed ${operation}`, async () => {
      const fs = new MemoryJournalFs();
      const { journal } = await open(fs);
      await journal.append([record(1)]);
      fs.onCall = (called) => {
        if (called === operation) throw systemError('EIO');
      };
      await assert.rejects(journal.append([record(2)]), { code: 'WAGGLE_JOURNAL_SYNC' });
      fs.onCall = () => undefined;
      const callsBefore = fs.calls.length;
      await assert.rejects(journal.append([record(3)]), { code: 'WAGGLE_JOURNAL_SYNC' });
      await assert.rejects(journal.append([]), { code: 'WAGGLE_JOURNAL_SYNC' });
      assert.equal(fs.calls.length, callsBefore);
      await journal.close();
    });
  }

  it('refuses every later call when a new file cannot be made durable', async () => {
    const fs = new MemoryJournalFs();
    const { journal } = await open(fs, 100);
    await journal.append([record(1, 50)]);
    fs.onCall = (called) => {
      if (called === 'syncDirectory') throw systemError('EIO');
    };
    await assert.rejects(journal.append([record(2, 50)]), { code: 'WAGGLE_JOURNAL_SYNC' });
    fs.onCall = () => undefined;
    await assert.rejects(journal.append([record(3)]), { code: 'WAGGLE_JOURNAL_SYNC' });
    await assert.rejects(
      journal.pruneBefore({ file: 9, offset: 0 }).then(() => journal.append([])),
      {
        code: 'WAGGLE_JOURNAL_SYNC',
      },
    );
  });

  it('removes files nobody needs, and only those', async () => {
    const fs = new MemoryJournalFs();
    const { journal } = await open(fs, 200);
    const kept: JournalRecord[] = [];
    for (let number = 0; number < 12; number++) await journal.append([record(number, 50)]);
    const needed = journal.position();
    await journal.pruneBefore(needed);
    for (let number = 20; number < 24; number++) {
      await journal.append([record(number, 50)]);
      kept.push(record(number, 50));
    }
    assert.ok(!fs.snapshot().has(FIRST));
    assert.equal(journal.stats().files, fs.snapshot().size);
    await journal.close();
    const { found } = await open(fs, 200);
    assert.deepEqual(found.slice(-4), kept);
    assert.ok(found.length < 12);
  });

  it('reads again what rotted while it is open, and gives it up in a new file', async () => {
    const fs = new MemoryJournalFs();
    const { journal } = await open(fs, 60);
    for (let number = 1; number <= 5; number++) await journal.append([record(number)]);
    await journal.verify(async () => undefined);
    for (const which of ['oldest', 'newest'] as const) {
      const newest = `${DIRECTORY}/${String(journal.position().file).padStart(12, '0')}.journal`;
      const path = which === 'oldest' ? FIRST : newest;
      fs.rot(path, -1);
      await assert.rejects(
        journal.verify(async () => undefined),
        { code: 'WAGGLE_JOURNAL_DAMAGED' },
      );
      await journal.rotate();
      const position = journal.position();
      await journal.append([record(9)]);
      await journal.pruneBefore(position);
      await journal.verify(async () => undefined);
    }
    await journal.close();
    assert.deepEqual((await open(fs)).found, [record(9)]);
  });

  it('holds a record as long as allowed, and reads it back', async () => {
    const fs = await written([[record(1)], [record(2, RECORD_BYTES_MAX)], [record(3)]], 1024);
    const { found } = await open(fs);
    assert.deepEqual(found, [record(1), record(2, RECORD_BYTES_MAX), record(3)]);
  });
});

describe('journal: torn and damaged', () => {
  const BATCHES = [[record(1)], [record(2, 0), record(3, 33)], [record(4, 5)]];

  it('cut at every byte: what stands before the cut is there and appending goes on', async () => {
    const whole = await written(BATCHES);
    const size = sizeOf(whole, FIRST);
    const ends = [HEADER_BYTES];
    for (const { bytes } of BATCHES.flat()) ends.push((ends.at(-1) ?? 0) + 13 + bytes.length);
    assert.equal(ends.at(-1), size);
    for (let cut = 0; cut <= size; cut++) {
      const fs = changed(whole, FIRST, (bytes) => bytes.slice(0, cut));
      const expected = BATCHES.flat().slice(0, Math.max(0, ends.filter((end) => end <= cut).length - 1));
      const first = await open(fs);
      assert.deepEqual(first.found, expected, `cut at ${cut}`);
      const end = ends.filter((at) => at <= cut).at(-1) ?? 0;
      assert.equal(first.tornBytes, cut === 0 ? 1 : cut - end, `cut at ${cut}`);
      await first.journal.append([record(9)]);
      await first.journal.close();
      const second = await open(fs);
      assert.deepEqual(second.found, [...expected, record(9)], `cut at ${cut}`);
      assert.equal(second.tornBytes, 0);
    }
  });

  it('cut off and the cut synced', async () => {
    const whole = await written(BATCHES);
    const fs = changed(whole, FIRST, (bytes) => bytes.slice(0, -1));
    await open(fs);
    assert.deepEqual(fs.calls, [
      { operation: 'truncate', path: FIRST },
      { operation: 'sync', path: FIRST },
      { operation: 'syncDirectory', path: DIRECTORY },
    ]);
  });

  it('what a killed process left unsynced is on the disk before it is read', async () => {
    for (const fileBytesMax of [undefined, 60]) {
      const fs = await written(BATCHES, fileBytesMax);
      const { journal, found } = await open(fs, fileBytesMax);
      fs.onCall = (operation) => {
        if (operation === 'datasync') throw systemError('EIO');
      };
      // The process is gone after the write and before the sync: the write is in memory alone.
      await assert.rejects(journal.append([record(9)]), { code: 'WAGGLE_JOURNAL_SYNC' });
      fs.onCall = () => undefined;
      const after = await open(fs, fileBytesMax);
      const rest = after.found.slice(found.length);
      assert.deepEqual(rest, fileBytesMax === undefined ? [record(9)] : [], 'the kill left it, or a file without it');
      const cut = await open(
        fs.cutPower(() => 0),
        fileBytesMax,
      );
      assert.deepEqual(cut.found, after.found);
    }
  });

  it('one bit flipped at every byte before the last record: does not start', async () => {
    const whole = await written(BATCHES);
    const tail = sizeOf(whole, FIRST) - 13 - 5;
    for (let at = 0; at < tail; at++) {
      for (const bit of [0, 3, 7]) await refuses(flipped(whole, FIRST, at, bit), `bit ${bit} of byte ${at}`);
    }
  });

  it('one bit flipped in the last record: it alone is cut off', async () => {
    const whole = await written(BATCHES);
    const size = sizeOf(whole, FIRST);
    for (let at = size - 13 - 5; at < size; at++) {
      const { found, tornBytes } = await open(flipped(whole, FIRST, at, at % 8));
      assert.deepEqual(found, BATCHES.flat().slice(0, -1));
      assert.equal(tornBytes, 18);
    }
  });

  it('one bit flipped anywhere in a file that has a successor: does not start', async () => {
    const whole = await written([[record(1, 30)], [record(2, 30)], [record(3, 30)]], 150);
    assert.equal(whole.snapshot().size, 2);
    for (let at = 0; at < sizeOf(whole, FIRST); at++) await refuses(flipped(whole, FIRST, at, at % 8), `byte ${at}`);
  });

  it('zeros or garbage behind the end are cut off', async () => {
    const whole = await written(BATCHES);
    const pseudo = Uint8Array.from({ length: 5000 }, (_, at) => (Math.imul(at + 1, 2654435761) >>> 13) & 0xff);
    for (const tail of [new Uint8Array(4096), pseudo]) {
      const fs = changed(whole, FIRST, (bytes) => Uint8Array.from([...bytes, ...tail]));
      const { found, tornBytes } = await open(fs);
      assert.deepEqual(found, BATCHES.flat());
      assert.equal(tornBytes, tail.length);
    }
  });

  it('a page of the last write missing is its torn end, of an earlier write damage', async () => {
    const batch = [record(1, 3000), record(2, 3000), record(3, 3000)];
    const hole = (bytes: Uint8Array): Uint8Array => bytes.slice().fill(0, 1024, 2048);
    const last = await written([[record(9)], batch]);
    const { found } = await open(changed(last, FIRST, hole));
    assert.deepEqual(found, [record(9)]);
    await refuses(changed(await written([[record(9)], batch, [record(8)]]), FIRST, hole), 'a later batch follows');
    await refuses(flipped(last, FIRST, 1500, 2), 'rot leaves no empty sector');
  });

  it('the missing page may be one that the write only began in', async () => {
    for (let length = 390; length < 439; length++) {
      const whole = await written([[record(9, length)], [record(1, 11), record(2, 4), record(3, 200)]]);
      const start = HEADER_BYTES + 13 + length;
      const { found } = await open(changed(whole, FIRST, (bytes) => bytes.slice().fill(0, start, 512)));
      assert.deepEqual(found, [record(9, length)], `${512 - start} bytes missing`);
    }
  });

  it('a record moved or copied within the file, or from another journal, does not pass', async () => {
    const whole = await written([[record(1)], [record(2)], [record(3)]]);
    const length = 33;
    const swap = (bytes: Uint8Array): Uint8Array => {
      const swapped = bytes.slice();
      swapped.set(bytes.subarray(HEADER_BYTES, HEADER_BYTES + length), HEADER_BYTES + length);
      swapped.set(bytes.subarray(HEADER_BYTES + length, HEADER_BYTES + 2 * length), HEADER_BYTES);
      return swapped;
    };
    await refuses(changed(whole, FIRST, swap), 'swapped records');
    const again = (bytes: Uint8Array): Uint8Array => Uint8Array.from([...bytes, ...bytes.subarray(-length)]);
    assert.equal((await open(changed(whole, FIRST, again))).found.length, 3);
    const other = (await written([[record(1)], [record(2)], [record(3)]])).snapshot().get(FIRST) ?? new Uint8Array(0);
    const mixed = (bytes: Uint8Array): Uint8Array => {
      const copy = bytes.slice();
      copy.set(other.subarray(HEADER_BYTES, HEADER_BYTES + length), HEADER_BYTES);
      return copy;
    };
    await refuses(changed(whole, FIRST, mixed), 'a record of another journal');
  });

  it('a file missing, swapped, foreign or cut at a record: does not start', async () => {
    const batches = Array.from({ length: 8 }, (_, number) => [record(number, 60)]);
    const whole = await written(batches, 250);
    const paths = [...whole.snapshot().keys()];
    assert.ok(paths.length >= 3);
    for (const path of paths) {
      const content = whole.snapshot();
      content.delete(path);
      await refuses(MemoryJournalFs.of(content), `${path} missing`);
    }
    const other = (await written(batches, 250)).snapshot();
    for (const path of paths) {
      await refuses(
        changed(whole, path, () => other.get(path) ?? new Uint8Array(0)),
        `${path} of another journal`,
      );
    }
    const content = whole.snapshot();
    const first = content.get(FIRST) ?? new Uint8Array(0);
    content.set(FIRST, content.get(SECOND) ?? new Uint8Array(0)).set(SECOND, first);
    await refuses(MemoryJournalFs.of(content), 'swapped');
    await refuses(
      changed(whole, FIRST, (bytes) => bytes.slice(0, HEADER_BYTES + 73)),
      'cut at a record',
    );
  });

  it('an older copy of a file with a successor: does not start', async () => {
    const fs = new MemoryJournalFs();
    const { journal } = await open(fs, 250);
    await journal.append([record(1, 60)]);
    const old = fs.snapshot().get(FIRST) ?? new Uint8Array(0);
    for (let number = 0; number < 4; number++) await journal.append([record(number, 60)]);
    await refuses(
      changed(fs, FIRST, () => old),
      'an older copy',
    );
  });

  it('a newer format is refused by its number', async () => {
    const whole = await written([[record(1)]]);
    const fs = changed(whole, FIRST, (bytes) => {
      const newer = bytes.slice();
      newer[11] = 2;
      new DataView(newer.buffer).setUint32(56, crc32c(newer, 0, 0, 56));
      return newer;
    });
    await assert.rejects(open(fs), { code: 'WAGGLE_JOURNAL_VERSION' });
  });
});

function flipped(fs: MemoryJournalFs, path: string, at: number, bit: number): MemoryJournalFs {
  return changed(fs, path, (bytes) => {
    const copy = bytes.slice();
    copy[at] = (copy[at] ?? 0) ^ (1 << bit);
    return copy;
  });
}

describe('journal on a real disk', () => {
  it('appends, rotates, prunes, is cut and goes on', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'waggle-journal-'));
    try {
      const path = join(directory, 'journal');
      const first = await openJournal(path, { fileBytesMax: 4096 });
      const expected = Array.from({ length: 20 }, (_, number) => record(number, 700));
      for (const one of expected) await first.journal.append([one]);
      await first.journal.close();
      const names = (await readdir(path)).sort();
      assert.equal(names.length, 4);
      const newest = join(path, names.at(-1) ?? '');
      await writeFile(newest, (await readFile(newest)).subarray(0, -5));
      const second = await openJournal(path, { fileBytesMax: 4096 });
      assert.deepEqual(await readRecords(second), expected.slice(0, -1));
      assert.equal(second.tornBytes, 708);
      await second.journal.append([record(99)]);
      await second.journal.pruneBefore({ file: 3, offset: 0 });
      await second.journal.close();
      assert.deepEqual((await readdir(path)).sort(), names.slice(2));
      const third = await openJournal(path);
      assert.deepEqual((await readRecords(third)).at(-1), record(99));
      await third.journal.close();
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
