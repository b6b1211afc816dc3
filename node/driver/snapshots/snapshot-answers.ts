import type { Message, SnapshotRequest } from '../../../consensus/types.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** What this node has of a whole snapshot: one message at most. Who has it not answers nothing. */
export async function* snapshotAnswers(
  store: SnapshotStore,
  request: SnapshotRequest,
): AsyncGenerator<Message, void, undefined> {
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
