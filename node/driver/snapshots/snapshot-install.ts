import type { Anchor } from '../../../consensus/types.ts';
import { WaggleError } from '../../../protocol/errors.ts';
import type { Genesis } from '../../../protocol/genesis.ts';
import { createState } from '../../../protocol/governance/create.ts';
import type { GovernanceState } from '../../../protocol/governance/state.ts';
import { hashesEqual } from '../../../protocol/hash.ts';
import type { SnapshotHead } from '../../../protocol/snapshot/head.ts';
import { SnapshotReader, type SnapshotRow } from '../../../protocol/snapshot/restore.ts';
import { chunkLeaf, type Snapshot } from '../../../protocol/snapshot/snapshot.ts';
import { metaKey, rowKey } from '../../storage/keys.ts';
import type { ChangePut } from '../ledger-change.ts';
import { ANCHOR_KEY } from '../ledger-change.ts';
import { decodeHeight, encodeAnchor, encodeHeight, rowCountsOf } from '../ledger-records.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import { restoreStored } from '../stored-rows.ts';
import { encodeFloor, type StoredSnapshot } from './snapshot-records.ts';
import type { SnapshotStore } from './snapshot-store.ts';

/** There and not 0 while the rows of a snapshot are being written: they are of no one height then. */
export const INSTALL_KEY = metaKey('install');
export const FLOOR_KEY = metaKey('floor');

/** Rows on their way to the disk at a time, in bytes. */
const SLICE_BYTES = 4 * 1024 * 1024;

export interface Installed {
  readonly state: GovernanceState;
  readonly anchor: Anchor;
}

/**
 * Make a whole snapshot the state of the ledger. The mark comes first and goes with the anchor in one batch, so a crash in
 * between is seen at the next start, which begins anew from the same chunks. Nothing else may write rows meanwhile.
 * @throws WaggleError WAGGLE_SNAPSHOT_CHUNK {height, index}: missing, or not what its leaf says; nothing is written before
 *   the first one that is
 * @throws WaggleError WAGGLE_SNAPSHOT_FORM, WAGGLE_CODEC_*, WAGGLE_CBOR_*: f + 1 validators signed what is no state
 * @throws WaggleError WAGGLE_STORE_FAILED
 */
export async function installSnapshot(
  stored: StoredSnapshot,
  store: SnapshotStore,
  writer: Pick<LedgerWriter, 'put' | 'flush'>,
  genesis: Genesis,
): Promise<Installed> {
  const { height } = stored.snapshot;
  const [missing] = await store.missing(stored);
  if (missing !== undefined) throw chunkFault(height, missing);
  const put = (puts: readonly ChangePut[], at: number | undefined): Promise<void> => {
    writer.put({ puts, blocks: 0, height: at });
    return writer.flush();
  };
  await put([{ key: INSTALL_KEY, value: encodeHeight(height), height }], undefined);
  const state = createState(genesis);
  const reader = new SnapshotReader();
  let slice: ChangePut[] = [];
  let bytes = 0;
  for (const index of stored.leaves.keys()) {
    for (const row of reader.push(await chunkOf(stored, store, index))) {
      restoreStored(state, row.table, row.key, row.bytes);
      slice.push(putOf(row, height));
      bytes += row.bytes.length;
      if (bytes < SLICE_BYTES) continue;
      await put(slice, undefined);
      slice = [];
      bytes = 0;
    }
  }
  const anchor = anchorOf(reader.end(), stored.snapshot);
  const last = [
    { key: ANCHOR_KEY, value: encodeAnchor({ anchor, rowCounts: rowCountsOf(state) }), height },
    { key: FLOOR_KEY, value: encodeFloor({ height, hash: anchor.hash, ballotsHeight: height }), height },
    { key: INSTALL_KEY, value: encodeHeight(0), height },
  ];
  await put([...slice, ...last], height);
  return { state, anchor };
}

/** The height of a snapshot whose rows were being written when the node went down. */
export function unfinishedInstall(value: Uint8Array | undefined): number | undefined {
  const height = value === undefined ? 0 : decodeHeight(value);
  return height === 0 ? undefined : height;
}

async function chunkOf({ snapshot, leaves }: StoredSnapshot, store: SnapshotStore, index: number): Promise<Uint8Array> {
  const chunk = await store.chunk(snapshot.height, index);
  const leaf = leaves[index];
  if (chunk === undefined || leaf === undefined || !hashesEqual(chunkLeaf(chunk), leaf)) {
    throw chunkFault(snapshot.height, index);
  }
  return chunk;
}

function chunkFault(height: number, index: number): WaggleError {
  return new WaggleError('WAGGLE_SNAPSHOT_CHUNK', { height, index });
}

/** What the chunks begin with must be what was signed beside their root. */
function anchorOf({ rowCounts: _, chain, ...anchor }: SnapshotHead, snapshot: Snapshot): Anchor {
  const isSigned =
    hashesEqual(chain, snapshot.chain) &&
    anchor.epoch === snapshot.epoch &&
    anchor.height === snapshot.height &&
    hashesEqual(anchor.hash, snapshot.blockHash) &&
    hashesEqual(anchor.history, snapshot.history);
  if (!isSigned) throw new WaggleError('WAGGLE_SNAPSHOT_FORM', { reason: 'another head than the signed one' });
  return anchor;
}

function putOf({ number, key, bytes }: SnapshotRow, height: number): ChangePut {
  return { key: rowKey(number, new TextEncoder().encode(key)), value: bytes, height };
}
