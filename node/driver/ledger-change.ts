import type { ExecutedBlock } from '../../consensus/types.ts';
import { assert } from '../../protocol/assert.ts';
import { type Certificate, encodeCertificate } from '../../protocol/certificate.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Segment } from '../../protocol/chain/segment.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import type { AppliedItem } from '../../protocol/governance/applied.ts';
import { TABLES, writeRow } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import type { SignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import {
  ballotIndexKey,
  ballotKey,
  blockHeightKey,
  blockKey,
  certificateKey,
  checkpointKey,
  type LedgerKey,
  metaKey,
  operationKey,
  outcomesKey,
  segmentKey,
  segmentRefKey,
  stateRowKey,
} from '../storage/keys.ts';
import type { LedgerPut } from '../storage/ledger-store.ts';
import {
  encodeAnchor,
  encodeCheckpoints,
  encodeHeight,
  encodeOutcomes,
  encodeStoredBlock,
  ItemRecords,
  rowCountsOf,
  type SegmentRun,
} from './ledger-records.ts';

export const ANCHOR_KEY = metaKey('anchor');
/** Of the rows of a small block; more makes room. */
const ROWS_BYTES = 4_096;

/** A put; a weak one yields to whatever stands under its key already. */
export interface ChangePut extends LedgerPut {
  readonly weak?: true;
}

/** What goes into the ledger in one piece. */
export interface LedgerChange {
  readonly puts: readonly ChangePut[];
  /** What goes with it; nothing that another change in the queue puts. */
  readonly deletes?: readonly LedgerKey[];
  readonly blocks: number;
  /** Executed height after it; undefined when it executes nothing. */
  readonly height: number | undefined;
}

/**
 * All that executing these blocks changed. A step may execute several, and the state then stands after the last of them:
 * so the rows of all go into one change with the last one's anchor. Split, a crash between two parts would leave rows
 * that are ahead of their anchor, and replaying would count ballots twice.
 */
export function changeOf(executed: readonly ExecutedBlock[], state: GovernanceState): LedgerChange {
  const last = executed.at(-1);
  assert(last !== undefined, 'a change executes a block');
  const { anchor } = last;
  const puts = executed.flatMap(blockPuts);
  puts.push(...rowPuts(executed, state, anchor.height));
  const value = encodeAnchor({ anchor, rowCounts: rowCountsOf(state) });
  puts.push({ key: ANCHOR_KEY, value, height: anchor.height });
  return { puts, blocks: executed.length, height: anchor.height };
}

/** f + 1 signatures of a checkpoint take the place of the own one. */
export function checkpointChange(signed: readonly SignedCheckpoint[]): LedgerChange {
  const height = signed[0]?.checkpoint.height ?? 0;
  const put = { key: checkpointKey(height), value: encodeCheckpoints(signed), height };
  return { puts: [put], blocks: 0, height: undefined };
}

/** Block, finalization, segments and the ways to find them: what hashes prove, whatever executing it gave. */
export function sourcePuts({
  block,
  certificate,
  segments,
}: {
  readonly block: HashedBlock;
  readonly certificate: Certificate | undefined;
  /** In execution order. */
  readonly segments: readonly Segment[];
}): LedgerPut[] {
  const { height } = block.block;
  const puts: LedgerPut[] = [
    { key: blockKey(height), value: encodeStoredBlock({ block, runs: runsOf(segments) }), height },
    { key: blockHeightKey(block.hash), value: encodeHeight(height), height },
  ];
  if (certificate !== undefined) {
    puts.push({ key: certificateKey(height), value: encodeCertificate(certificate), height });
  }
  for (const { header, id, bytes } of segments) {
    const key = segmentKey(header);
    puts.push({ key, value: bytes, height });
    puts.push({ key: segmentRefKey(id), value: key.subarray(1), height });
  }
  return puts;
}

function blockPuts({ block, certificate, segments, checkpoint }: ExecutedBlock): ChangePut[] {
  const { height } = block.block;
  const puts: ChangePut[] = sourcePuts({ block, certificate, segments: segments.map(({ segment }) => segment) });
  if (checkpoint !== undefined) {
    puts.push({ key: checkpointKey(height), value: encodeCheckpoints([checkpoint]), height });
  }
  let index = 0;
  for (const { segment, items } of segments) {
    const outcomes = items.map(({ outcome }) => outcome);
    puts.push({ key: outcomesKey(segment.header), value: encodeOutcomes(height, outcomes), height, isNew: true });
    const records = recordsOf(segment, items, height);
    for (const item of items) {
      addItemPuts(puts, item, records, { height, index });
      index += 1;
    }
  }
  return puts;
}

/** Room for a record of each item and, of a ballot, one in the index. */
function recordsOf({ header }: Segment, items: readonly AppliedItem[], height: number): ItemRecords {
  const { shard, author } = header;
  const restBytes = items.reduce((sum, { bytes, id }) => sum + bytes.length + id.length, 0);
  return new ItemRecords({ height, shard, author }, 2 * items.length, restBytes);
}

/** Heights of a chain follow each other in execution order, so one line per chain says it all. */
function runsOf(segments: readonly Segment[]): SegmentRun[] {
  const runs: SegmentRun[] = [];
  for (const { header } of segments) {
    const { shard, author, incarnation, height } = header;
    const last = runs.at(-1);
    const follows = last?.shard === shard && last.author === author && last.to === height - 1;
    if (last !== undefined && follows) runs[runs.length - 1] = { ...last, to: height };
    else runs.push({ shard, author, incarnation, from: height, to: height });
  }
  return runs;
}

/**
 * What counted takes the place of what was refused before; what is refused yields to anything there. So the record of an
 * item sealed more than once is that of the first `counted`, else of the first.
 */
function addItemPuts(
  puts: ChangePut[],
  { id, outcome, ballot, operation, bytes }: AppliedItem,
  records: ItemRecords,
  { height, index }: { readonly height: number; readonly index: number },
): void {
  if (ballot === undefined && operation === undefined) return;
  const key = ballot === undefined ? operationKey(id) : ballotKey(id);
  const value = records.add(outcome, bytes);
  if (outcome === 'counted' || outcome === 'applied') puts.push({ key, value, height });
  else puts.push({ key, value, height, weak: true });
  if (ballot === undefined) return;
  const { space, session, voter } = ballot.ballot;
  const indexKey = ballotIndexKey(space, session, voter, height, index);
  puts.push({ key: indexKey, value: records.add(outcome, id), height, isNew: true });
}

/** The rows' bytes lie in one piece of memory, like those of items. */
function rowPuts(executed: readonly ExecutedBlock[], state: GovernanceState, height: number): ChangePut[] {
  const writer = new Writer(ROWS_BYTES);
  const rows: { readonly key: LedgerKey; readonly from: number; readonly to: number; readonly isNew: boolean }[] = [];
  for (const { name, number } of TABLES) {
    const changes = executed.flatMap(({ touched }) => touched.filter(({ table }) => table === name));
    for (const key of new Set(changes.flatMap(({ keys }) => keys))) {
      const row = state[name].get(key);
      assert(row !== undefined, 'a touched row exists');
      const isNew = changes.some(({ added }) => added.has(key));
      const from = writer.length;
      writeRow(writer, row);
      rows.push({ key: stateRowKey(number, key), from, to: writer.length, isNew });
    }
  }
  const bytes = writer.finish();
  return rows.map(({ key, from, to, isNew }) => ({ key, value: bytes.subarray(from, to), height, isNew }));
}
