import { assert } from '../../protocol/assert.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import { decodeItems, type Segment } from '../../protocol/chain/segment.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import type { AppliedItem } from '../../protocol/governance/applied.ts';
import { sealEpoch } from '../../protocol/governance/epochs.ts';
import { applyItem, closeAfter, closeDue } from '../../protocol/governance/machine.ts';
import { encodeRow, TABLES } from '../../protocol/governance/rows.ts';
import type { BlockContext, GovernanceState } from '../../protocol/governance/state.ts';
import { type Hash, tagged } from '../../protocol/hash.ts';
import { merkleRoot } from '../../protocol/merkle.ts';
import { OUTCOMES } from '../../protocol/outcome.ts';
import { nextHistory, type ShardRoots, shardsRoot } from '../../protocol/receipt/checkpoint.ts';
import { TAGS } from '../../protocol/tags.ts';
import type { ExecutedBlock, ExecutedSegment } from '../types.ts';

/** What executing a block came to. `segments` stand in execution order. */
export interface Execution {
  readonly segments: readonly ExecutedSegment[];
  readonly shards: readonly ShardRoots[];
  readonly root: Hash;
  readonly history: Hash;
  readonly touched: Touched;
}

type Touched = ExecutedBlock['touched'];

/**
 * The order of a cut: shards ascending, authors in rotation starting at height mod n, heights ascending.
 * A pure function of block and parent cut (protocol.md, Execution; consensus.md 3.5).
 */
export function orderSegments(segments: readonly Segment[], height: number, authors: number): Segment[] {
  const turn = (author: number): number => (((author - height) % authors) + authors) % authors;
  return [...segments].sort((a, b) => {
    const shards = a.header.shard - b.header.shard;
    if (shards !== 0) return shards;
    return turn(a.header.author) - turn(b.header.author) || a.header.height - b.header.height;
  });
}

/** Execute a final block over the state: total, deterministic, the same on every validator (S11). */
export function executeBlock(
  state: GovernanceState,
  context: BlockContext,
  block: HashedBlock,
  segments: readonly Segment[],
  previousHistory: Hash,
): Execution {
  assert(context.height === block.block.height && context.timeMs === block.block.timeMs, 'the context is the block’s');
  closeDue(state, context);
  const executed = orderSegments(segments, block.block.height, context.roster.validators.length).map((segment) =>
    executeSegment(state, context, segment),
  );
  closeAfter(state, context);
  const { reconfig } = block.block;
  if (reconfig !== undefined) sealEpoch(state, context, reconfig.epoch);
  const touched = takeTouched(state);
  const shards = shardRoots(state, executed, touched);
  const root = shardsRoot(shards);
  return { segments: executed, shards, root, history: nextHistory(previousHistory, block.hash, root), touched };
}

function executeSegment(state: GovernanceState, context: BlockContext, segment: Segment): ExecutedSegment {
  const { shard, author, count } = segment.header;
  const items: AppliedItem[] = decodeItems(segment.body, count).map((item) =>
    applyItem(state, context, { kind: item.kind, bytes: item.bytes, shard, author }),
  );
  return { segment, items };
}

function takeTouched(state: GovernanceState): Touched {
  const changes = TABLES.map(({ name }) => ({ table: name, ...state[name].takeChanges() }));
  return changes.filter(({ keys }) => keys.length > 0);
}

/** Roots of every shard the block touched; governance rows other than tallies count to the control shard. */
function shardRoots(state: GovernanceState, executed: readonly ExecutedSegment[], touched: Touched): ShardRoots[] {
  const outcomes = new Map<number, Hash[]>();
  for (const { segment, items } of executed) {
    const leaves = outcomes.get(segment.header.shard) ?? [];
    for (const item of items) leaves.push(outcomeLeaf(item));
    outcomes.set(segment.header.shard, leaves);
  }
  const tallies = tallyLeaves(state, touched);
  const shards = [...new Set([...outcomes.keys(), ...tallies.keys()])].sort((a, b) => a - b);
  return shards.map((shard) => ({
    shard,
    outcomesRoot: merkleRoot(TAGS['outcomes-tree'].tag, outcomes.get(shard) ?? []),
    talliesRoot: merkleRoot(TAGS['tallies-tree'].tag, tallies.get(shard) ?? []),
  }));
}

function outcomeLeaf(item: AppliedItem): Hash {
  return tagged(TAGS.outcome.tag, item.id, Uint8Array.of(OUTCOMES[item.outcome]));
}

/** Touched tally rows by their shard; all other touched rows (but heads, which `headsRoot` covers) by shard 0. */
function tallyLeaves(state: GovernanceState, touched: Touched): Map<number, Hash[]> {
  const leaves = new Map<number, Hash[]>();
  for (const { name } of TABLES) {
    if (name === 'heads' || name === 'progress') continue;
    for (const key of touched.find(({ table }) => table === name)?.keys ?? []) {
      const shard = name === 'tallies' ? Number(key.slice(key.lastIndexOf('/') + 1)) : 0;
      const row = state[name].get(key);
      assert(row !== undefined, 'a touched row exists');
      const writer = new Writer(64).text16(name).text16(key).bytes32(encodeRow(row));
      const list = leaves.get(shard) ?? [];
      list.push(tagged(TAGS.tally.tag, writer.finish()));
      leaves.set(shard, list);
    }
  }
  return leaves;
}
