import type { ExecutedBlock, ExecutedSegment, SealProof } from '../../consensus/types.ts';
import { assert } from '../../protocol/assert.ts';
import { type Certificate, encodeCertificate } from '../../protocol/certificate.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Segment } from '../../protocol/chain/segment.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import { sessionKey } from '../../protocol/governance/row-keys.ts';
import { TABLES, writeRow } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import type { SignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { encodeEpochProof } from '../../protocol/receipt/epoch-proof.ts';
import {
  ballotIndexKey,
  ballotKey,
  ballotPlaceKey,
  blockHeightKey,
  blockKey,
  certificateKey,
  checkpointKey,
  epochEndKey,
  type LedgerKey,
  metaKey,
  operationKey,
  outcomesKey,
  segmentKey,
  segmentRefKey,
  stateRowKey,
} from '../storage/keys.ts';
import type { LedgerPut } from '../storage/ledger-store.ts';
import { BallotPlaces } from './ballot-places.ts';
import {
  encodeAnchor,
  encodeCheckpoints,
  encodeHeight,
  encodeItemRecord,
  encodeOutcomes,
  encodeStoredBlock,
  type ItemFacts,
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
  const puts = executed.flatMap((block) => blockPuts(block, state));
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
  seal,
}: {
  readonly block: HashedBlock;
  readonly certificate: Certificate | undefined;
  /** In execution order. */
  readonly segments: readonly Segment[];
  readonly seal?: SealProof | undefined;
}): LedgerPut[] {
  const { height } = block.block;
  const puts: LedgerPut[] = [
    { key: blockKey(height), value: encodeStoredBlock({ block, runs: runsOf(segments) }), height },
    { key: blockHeightKey(block.hash), value: encodeHeight(height), height },
  ];
  if (certificate !== undefined) {
    puts.push({ key: certificateKey(height), value: encodeCertificate(certificate), height });
  }
  if (seal !== undefined) {
    const { epoch } = block.block;
    puts.push({ key: epochEndKey(epoch), value: encodeEpochProof({ seal: block, ...seal }), height });
  }
  for (const { header, id, bytes } of segments) {
    const key = segmentKey(header);
    puts.push({ key, value: bytes, height });
    puts.push({ key: segmentRefKey(id), value: key.subarray(1), height });
  }
  return puts;
}

function blockPuts(executed: ExecutedBlock, state: GovernanceState): ChangePut[] {
  const { block, certificate, segments, checkpoint, seal } = executed;
  const { height } = block.block;
  const ordered = segments.map(({ segment }) => segment);
  const puts: ChangePut[] = sourcePuts({ block, certificate, segments: ordered, seal });
  if (checkpoint !== undefined) {
    puts.push({ key: checkpointKey(height), value: encodeCheckpoints([checkpoint]), height });
  }
  let index = 0;
  for (const each of segments) {
    const { segment, items } = each;
    const outcomes = items.map(({ outcome }) => outcome);
    puts.push({ key: outcomesKey(segment.header), value: encodeOutcomes(height, outcomes), height, isNew: true });
    puts.push(...itemPuts(each, { height, index }, state));
    index += items.length;
  }
  return puts;
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

/** `first`: of the segment's first item. */
function itemPuts(
  { segment: { header }, items }: ExecutedSegment,
  first: { readonly height: number; readonly index: number },
  state: GovernanceState,
): ChangePut[] {
  const { height } = first;
  const { shard, author } = header;
  const puts: ChangePut[] = [];
  const places = new BallotPlaces(header, height, items.length);
  for (const [at, item] of items.entries()) {
    const { id, outcome, ballot, operation, bytes } = item;
    const index = first.index + at;
    const facts = { outcome, height, shard, author };
    if (operation !== undefined) puts.push(itemPut(operationKey(id), facts, bytes));
    if (ballot === undefined) continue;
    const isCounted = outcome === 'counted';
    // An id is counted once, so nothing stands under it.
    if (isCounted) puts.push({ key: ballotPlaceKey(id), value: places.add(at, index), height, isNew: true });
    else puts.push(itemPut(ballotKey(id), facts, bytes));
    const { space, session, voter } = ballot.ballot;
    if (isCounted && !isRevisable(state, space, session)) continue;
    const key = ballotIndexKey(space, session, voter, height, index);
    puts.push({ key, value: encodeItemRecord(facts, id), height, isNew: true });
  }
  return puts;
}

/**
 * What was applied takes the place of what was refused before; what is refused yields to anything there. So the record of an
 * item sealed more than once is that of the first `applied`, else of the first.
 */
function itemPut(key: LedgerKey, facts: ItemFacts, bytes: Uint8Array): ChangePut {
  const put = { key, value: encodeItemRecord(facts, bytes), height: facts.height };
  return facts.outcome === 'applied' ? put : { ...put, weak: true };
}

/** Where a voter has one counted ballot at most, its head finds it, and it needs no line in the index. */
function isRevisable(state: GovernanceState, space: string, session: string): boolean {
  return state.sessions.get(sessionKey(space, session))?.rule.revisable !== false;
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
