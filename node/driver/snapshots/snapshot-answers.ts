import type { HistoryLink, Message, SnapshotRequest } from '../../../consensus/types.ts';
import { EPOCH_PROOFS_MAX, HISTORY_LINKS_MAX } from '../../../consensus/wire.ts';
import { type EpochProof, encodeEpochProof } from '../../../protocol/receipt/epoch-proof.ts';
import type { LedgerReader } from '../ledger-reader.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** What this node has of a whole snapshot: one message at most. Who has it not answers nothing. */
export async function* snapshotAnswers(
  store: SnapshotStore,
  reader: Pick<LedgerReader, 'checkpoint' | 'epochEnd'>,
  request: SnapshotRequest,
): AsyncGenerator<Message, void, undefined> {
  if (request.kind === 'fetch-history') {
    yield* historyAnswer(reader, request.from, request.to);
    return;
  }
  if (request.kind === 'fetch-epochs') {
    yield { kind: 'epochs', from: request.from, proofs: await epochProofs(reader, request.from) };
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

/** A roster may be large: what proofs may be together, in bytes. The first always goes. */
const PROOFS_BYTES = 512 * 1024;

/** Of the ends of consecutive epochs, ascending; none where the asked one has not ended here, or is not known. */
export async function epochProofs(reader: Pick<LedgerReader, 'epochEnd'>, from: number): Promise<EpochProof[]> {
  const proofs: EpochProof[] = [];
  let bytes = 0;
  while (proofs.length < EPOCH_PROOFS_MAX) {
    const proof = await reader.epochEnd(from + proofs.length);
    bytes += proof === undefined ? 0 : encodeEpochProof(proof).length;
    if (proof === undefined || (proofs.length > 0 && bytes > PROOFS_BYTES)) break;
    proofs.push(proof);
  }
  return proofs;
}
