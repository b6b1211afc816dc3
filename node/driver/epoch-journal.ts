import type { JournalEntry } from '../../consensus/types.ts';
import type { Journal } from '../storage/journal.ts';
import { encodeEntry } from './journal-entries.ts';

/**
 * Give a journal up for that of an epoch: the mark and what goes over are synced in files of their own before everything
 * of before is removed. Of a crash in between the mark decides: what stands before the last one is of no epoch any more.
 */
export async function startEpochJournal(
  journal: Journal,
  epoch: number,
  entries: readonly JournalEntry[],
): Promise<void> {
  await journal.rotate();
  const position = journal.position();
  await journal.append([{ kind: 'epoch', epoch } as const, ...entries].map(encodeEntry));
  await journal.pruneBefore(position);
}
