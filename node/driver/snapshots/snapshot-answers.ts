import type { HistoryLink, Message, SnapshotRequest } from '../../../consensus/types.ts';
import { HISTORY_LINKS_MAX } from '../../../consensus/wire.ts';
import type { LedgerReader } from '../ledger-reader.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** What this node has of a whole snapshot: one message at most. Who has it not answers nothing. */
export async function* snapshotAnswers(
  store: SnapshotStore,
  reader: Pick<LedgerReader, 'checkpoint'>,
  request: SnapshotRequest,
): AsyncGenerator<Message, void, undefined> {
  if (request.kind === 'fetch-history') {
    yield* historyAnswer(reader, request.from, request.to);
    return;
  }
  const { height } = request;
  const stored = await store.find(height);
  if (stored?.isWhole !== true) return;
  if (request.kind === 'fetch-manifest') {
    yield { kind: 'manifest', height, leaves: stored.leaves };
    return;
  }
  if (request.index >= stored.leaves.length) return;
  const bytes = await store.chunk(height, request.index);
  if (bytes !== undefined) yield { kind: 'chunk', height, index: request.index, bytes };
}

/** From own checkpoints, which there are for every block that was executed here; up to the first that is not there. */
async function* historyAnswer(
  reader: Pick<LedgerReader, 'checkpoint'>,
  from: number,
  to: number,
): AsyncGenerator<Message, void, undefined> {
  const links: HistoryLink[] = [];
  for (let height = from; height <= to && links.length < HISTORY_LINKS_MAX; height++) {
    const [signed] = await reader.checkpoint(height);
    if (signed === undefined) break;
    const { blockHash, root } = signed.checkpoint;
    links.push({ blockHash, root });
  }
  if (links.length > 0) yield { kind: 'history', from, links };
}
