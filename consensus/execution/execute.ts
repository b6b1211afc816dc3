import type { CutEntry } from '../../protocol/chain/block.ts';
import type { Segment } from '../../protocol/chain/segment.ts';
import { type Checkpoint, checkpointDigest, type SignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { anchorAt } from '../anchor.ts';
import type { FinalBlock, Replica, Turn } from '../replica-state.ts';
import { want } from '../simplex/recovery.ts';
import type { Anchor } from '../types.ts';
import { type Execution, executeBlock } from './executor.ts';
import { freezeSnapshot } from './snapshots.ts';

/**
 * execute the next final block once every segment under its cut is held. Consensus never waits for this; a leader
 * and a voter hold back when it lags (protocol.md, Blocks).
 */
export function executeNext(turn: Turn): boolean {
  const { replica, out } = turn;
  const next = replica.executions[0];
  if (next === undefined) return false;
  const segments = segmentsOf(turn, next);
  if (segments === undefined) return false;
  replica.executions.shift();
  const { block } = next;
  const { height, timeMs } = block.block;
  const { roster, verify } = replica.config;
  const context = { height, timeMs, roster, verify };
  const execution = executeBlock(replica.state, context, block, segments, replica.executed.history);
  for (const { items } of execution.segments) for (const { id } of items) replica.leftovers.settle(id);
  replica.executed = anchorAfter(replica, next, execution);
  for (const { shard, author, height: chainHeight, tip } of block.block.cut) {
    replica.chains.of(shard, author).execute({ height: chainHeight, tip });
  }
  const isLast = block.block.reconfig !== undefined;
  const own = checkpointOf(replica, execution);
  const checkpoint = signCheckpoint(replica, own);
  const { shards, touched } = execution;
  if (touched.some(({ table }) => table === 'sessions')) replica.agenda.isStale = true;
  const anchor = replica.executed;
  out.tell({
    kind: 'executed',
    executed: {
      block,
      certificate: next.certificate,
      segments: execution.segments,
      shards,
      checkpoint,
      touched,
      anchor,
      ...(isLast && replica.seal !== undefined ? { seal: replica.seal } : {}),
    },
  });
  // After the last one of its epoch the next is to make it, with whom that one has (`start`).
  if (!isLast) freezeSnapshot(turn);
  replica.checkpoints.addOwn(turn, own, checkpoint);
  if (checkpoint !== undefined && block.block.cut.length > 0) replica.checkpoints.hold(checkpoint, turn.now.monoMs);
  return true;
}

/** Every segment the block adds, or undefined while one is missing (then it is fetched). */
function segmentsOf(turn: Turn, { block }: FinalBlock): Segment[] | undefined {
  const { replica } = turn;
  const segments: Segment[] = [];
  let held = true;
  for (const { shard, author, height, tip } of block.block.cut) {
    const chain = replica.chains.of(shard, author);
    const path = chain.path(chain.executed, { height, tip });
    if (path.kind === 'held') {
      segments.push(...path.segments);
      continue;
    }
    held = false;
    if (path.kind === 'broken') continue;
    const { from, to } = path;
    want(turn, { kind: 'fetch-segments', shard, author, from, to, tip: path.tip }, [block.block.proposer, author]);
  }
  return held ? segments : undefined;
}

function anchorAfter(replica: Replica, { node, block }: FinalBlock, execution: Execution): Anchor {
  const cut = new Map<number, CutEntry>();
  for (const entry of replica.executed.cut) cut.set(replica.chains.key(entry.shard, entry.author), entry);
  for (const entry of block.block.cut) cut.set(replica.chains.key(entry.shard, entry.author), entry);
  const entries = [...cut.entries()].sort(([a], [b]) => a - b).map(([, entry]) => entry);
  const { history } = execution;
  return anchorAt(block, { history, cut: entries, standings: node.standings, roster: replica.config.roster });
}

function checkpointOf(replica: Replica, { root }: Execution): Checkpoint {
  const { chain, roster } = replica.config;
  const { height, hash, timeMs, history } = replica.executed;
  return { chain, epoch: roster.epoch, height, blockHash: hash, timeMs, history, root };
}

/** Undefined without a seat. */
function signCheckpoint({ config: { self, sign } }: Replica, checkpoint: Checkpoint): SignedCheckpoint | undefined {
  if (self === undefined) return undefined;
  return { checkpoint, signer: self, signature: sign(checkpointDigest(checkpoint)) };
}
