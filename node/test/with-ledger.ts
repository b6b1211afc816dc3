import assert from 'node:assert/strict';
import { changeOf } from '../driver/ledger-change.ts';
import { LedgerReader } from '../driver/ledger-reader.ts';
import { LedgerWriter } from '../driver/ledger-writer.ts';
import { type LedgerStore, openLedgerStore } from '../storage/ledger-store.ts';
import { Solo } from './solo.ts';
import { inTemporaryDirectory } from './temporary-directory.ts';

export const OPTIONS = { reserveBytes: 4_096, cacheBytes: 1024 * 1024 };

export interface Parts {
  readonly solo: Solo;
  readonly store: LedgerStore;
  readonly writer: LedgerWriter;
  readonly reader: LedgerReader;
  /** Hand what was executed to the writer. */
  write(): void;
}

/** A network of one and its ledger, on the disk. */
export async function withLedger(use: (parts: Parts) => Promise<void>): Promise<void> {
  await inTemporaryDirectory(async (directory) => {
    const { store } = await openLedgerStore(directory, OPTIONS);
    const writer = new LedgerWriter(store, 0, (error) => assert.fail(String(error)));
    const solo = new Solo();
    const write = (): void => writer.put(changeOf(solo.take(), solo.replica.state));
    try {
      await use({
        solo,
        store,
        writer,
        reader: new LedgerReader(writer.overlay, (_height, author) => `v${author}`),
        write,
      });
    } finally {
      await writer.close();
      await store.close();
    }
  });
}

/** Runs a check on what is pending, and again on what is on the disk. */
export async function pendingAndWritten(writer: LedgerWriter, check: () => Promise<void>): Promise<void> {
  await check();
  await writer.flush();
  assert.equal(writer.overlay.size, 0);
  await check();
}
