import type { ExecutedBlock } from '../../consensus/types.ts';
import { assert } from '../../protocol/assert.ts';
import { type Certificate, encodeCertificate } from '../../protocol/certificate.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Segment } from '../../protocol/chain/segment.ts';
import type { AppliedItem } from '../../protocol/governance/applied.ts';
import { encodeSignedBallot } from '../../protocol/governance/ballot.ts';
import { encodeSignedOperation } from '../../protocol/governance/operation.ts';
import { encodeRow, TABLES } from '../../protocol/governance/rows.ts';
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
  rowKey,
  segmentKey,
  segmentRefKey,
} from '../storage/keys.ts';
import type { LedgerPut } from '../storage/ledger-store.ts';
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
    const { shard, author } = segment.header;
    const outcomes = items.map(({ outcome }) => outcome);
    puts.push({ key: outcomesKey(segment.header), value: encodeOutcomes(height, outcomes), height });
    for (const item of items) {
      puts.push(...itemPuts(item, { outcome: item.outcome, height, shard, author }, index));
      index += 1;
    }
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

/**
 * What counted takes the place of what was refused before; what is refused yields to anything there. So the record of an
 * item sealed more than once is that of the first `counted`, else of the first.
 */
function itemPuts(item: AppliedItem, facts: ItemFacts, index: number): ChangePut[] {
  const { height } = facts;
  const takes = item.outcome === 'counted' || item.outcome === 'applied';
  const weak = takes ? {} : ({ weak: true } as const);
  if (item.ballot !== undefined) {
    const { space, session, voter } = item.ballot.ballot;
    const value = encodeItemRecord(facts, encodeSignedBallot(item.ballot));
    return [
      { key: ballotKey(item.id), value, height, ...weak },
      { key: ballotIndexKey(space, session, voter, height, index), value: encodeItemRecord(facts, item.id), height },
    ];
  }
  if (item.operation !== undefined) {
    const value = encodeItemRecord(facts, encodeSignedOperation(item.operation));
    return [{ key: operationKey(item.id), value, height, ...weak }];
  }
  return [];
}

function rowPuts(executed: readonly ExecutedBlock[], state: GovernanceState, height: number): ChangePut[] {
  const puts: ChangePut[] = [];
  for (const { name, number } of TABLES) {
    const keys = new Set(
      executed.flatMap(({ touched }) => touched.filter(({ table }) => table === name).flatMap(({ keys }) => keys)),
    );
    for (const key of keys) {
      const row = state[name].get(key);
      assert(row !== undefined, 'a touched row exists');
      puts.push({ key: rowKey(number, new TextEncoder().encode(key)), value: encodeRow(row), height });
    }
  }
  return puts;
}
