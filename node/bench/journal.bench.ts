import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { crc32c } from '../storage/crc32c.ts';
import { openJournal } from '../storage/journal.ts';

/**
 * What a vote waits for: one append with its fdatasync, by batch size; and what boot waits for: reading it all back.
 * `node node/bench/journal.bench.ts [--dir D] [--appends N]`; D decides which disk is measured.
 */
const { values } = parseArgs({
  options: { dir: { type: 'string', default: tmpdir() }, appends: { type: 'string', default: '1000' } },
});
const appends = Number(values.appends);

/** Records of a loop turn: a vote; a vote with a small block; a segment of some hundred ballots; a full one. */
const BATCHES = [
  { name: 'vote', sizes: [200] },
  { name: 'vote+block', sizes: [200, 2_000] },
  { name: 'segment-64k', sizes: [64 * 1024, 200] },
  { name: 'segment-1m', sizes: [1024 * 1024, 200] },
];

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

async function benchAppend(directory: string, name: string, sizes: readonly number[], count: number): Promise<void> {
  const path = join(directory, name);
  const { journal } = await openJournal(path);
  const records = sizes.map((size) => ({ type: 1, bytes: new Uint8Array(size).map((_, at) => at * 31) }));
  const totalsMs: number[] = [];
  const syncsMs: number[] = [];
  for (let append = 0; append < count; append++) {
    const startMs = performance.now();
    await journal.append(records);
    totalsMs.push(performance.now() - startMs);
    syncsMs.push(journal.stats().lastSyncMs);
  }
  const { bytes, files } = journal.stats();
  await journal.close();
  for (const list of [totalsMs, syncsMs]) list.sort((a, b) => a - b);
  const ms = (list: readonly number[], share: number): string => percentile(list, share).toFixed(3);
  console.log(
    `journal/append batch=${name} n=${count} p50Ms=${ms(totalsMs, 0.5)} p99Ms=${ms(totalsMs, 0.99)} ` +
      `syncP50Ms=${ms(syncsMs, 0.5)} syncP99Ms=${ms(syncsMs, 0.99)} files=${files}`,
  );
  const startMs = performance.now();
  const { journal: again, records: read } = await openJournal(path);
  let found = 0;
  for await (const _ of read) found++;
  const tookMs = performance.now() - startMs;
  await again.close();
  console.log(`journal/read batch=${name} records=${found} MBPerS=${(bytes / 1000 / tookMs).toFixed(0)}`);
}

function benchCrc(): void {
  const bytes = new Uint8Array(1024 * 1024).map((_, at) => at * 31);
  for (let warm = 0; warm < 50; warm++) crc32c(bytes);
  const startMs = performance.now();
  for (let round = 0; round < 100; round++) crc32c(bytes);
  console.log(`journal/crc32c MBPerS=${((100 * bytes.length) / 1000 / (performance.now() - startMs)).toFixed(0)}`);
}

const directory = await mkdtemp(join(values.dir, 'waggle-bench-'));
try {
  benchCrc();
  for (const { name, sizes } of BATCHES) {
    const lengthBytes = sizes.reduce((sum, size) => sum + size, 0);
    await benchAppend(directory, name, sizes, Math.min(appends, Math.ceil((128 * 1024 * 1024) / lengthBytes)));
  }
} finally {
  await rm(directory, { recursive: true });
}
