import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readSyncLog } from '../power-cut/sync-log.ts';
import { syncsOf } from '../scenarios/power-cut.ts';

const JOURNAL = '/h/journal/000000000001.journal';
const LOG = '/h/ledger/db/000005.log';

function syncedOf(lines: readonly string[], path: string): readonly [number, number] | undefined {
  const file = readSyncLog(lines.join('\n')).get(path);
  return file === undefined ? undefined : [file.writtenBytes, file.syncedBytes];
}

const write = (at: number, bytes: number): string => `7 pwrite64(21<${JOURNAL}>, ""..., ${bytes}, ${at}) = ${bytes}`;
const append = (bytes: number): string => `7  write(24<${LOG}>, ""..., ${bytes}) = ${bytes}`;

describe('the log of what reached the disk', () => {
  it('takes as durable what stood there before the first write, and what a sync that came back covers', () => {
    assert.deepEqual(syncedOf([write(900, 100)], JOURNAL), [1_000, 900]);
    const synced = [write(900, 100), `7  fdatasync(21<${JOURNAL}>)    = 0`, write(1_000, 50)];
    assert.deepEqual(syncedOf(synced, JOURNAL), [1_050, 1_000]);
  });

  it('counts no sync that failed, or was broken off by the kill', () => {
    const failed = [write(900, 100), `7 fdatasync(21<${JOURNAL}>) = -1 EIO (Input/output error) (INJECTED)`];
    assert.deepEqual(syncedOf(failed, JOURNAL), [1_000, 900]);
    const killed = [write(900, 100), `7 fdatasync(21<${JOURNAL}> <unfinished ...>`, '7 <... fdatasync resumed>) = ?'];
    assert.deepEqual(syncedOf(killed, JOURNAL), [1_000, 900]);
    assert.deepEqual(syncedOf(killed.slice(0, 2), JOURNAL), [1_000, 900]);
  });

  it('has a sync cover what was written before it began, not what was written meanwhile by another thread', () => {
    const lines = [
      append(100),
      `8 fdatasync(24<${LOG}> <unfinished ...>`,
      append(60),
      '8 <... fdatasync resumed>) = 0',
      append(5),
    ];
    assert.deepEqual(syncedOf(lines, LOG), [165, 100]);
  });

  it('reads a write that was broken in two, and a file that was cut', () => {
    const lines = [
      `7 pwrite64(21<${JOURNAL}>, ""..., 40, 500 <unfinished ...>`,
      `9 write(19<anon_inode:[eventfd]>, ""..., 8) = 8`,
      '7 <... pwrite64 resumed>) = 40',
      `7 fsync(21<${JOURNAL}>) = 0`,
    ];
    assert.deepEqual(syncedOf(lines, JOURNAL), [540, 540]);
    assert.deepEqual(syncedOf([...lines, `7 ftruncate(21<${JOURNAL}>, 510) = 0`], JOURNAL), [510, 510]);
  });
});

describe('the syncs at which a node is killed', () => {
  it('are the first ones, and spread up to the 500th', () => {
    assert.deepEqual(syncsOf(6), [1, 2, 3, 169, 334, 500]);
    assert.deepEqual(syncsOf(1), [1]);
    assert.equal(new Set(syncsOf(20)).size, 20);
    assert.deepEqual(
      syncsOf(500),
      Array.from({ length: 500 }, (_, at) => at + 1),
    );
  });
});
