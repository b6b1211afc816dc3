import { BLOCK_FLAGS, type HashedBlock } from '../../protocol/chain/block.ts';
import { isApproved } from '../../protocol/governance/epochs.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { judgeCut } from '../chains/cut.ts';
import { evidenceOf, isProven } from '../chains/standings.ts';
import { judgeEvidenceList } from '../evidence.ts';
import type { Replica } from '../replica-state.ts';
import type { FetchRequest } from '../types.ts';
import type { BlockNode } from './tree.ts';
import { isEmpty, mayFlush } from './work.ts';

/** `invalid` is for ever and blames the proposer (S-11); `missing` is for now and is fetched (S-12). */
export type BlockVerdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'invalid'; readonly reason: string }
  | { readonly kind: 'missing'; readonly requests: readonly FetchRequest[] };

const INVALID = (reason: string): BlockVerdict => ({ kind: 'invalid', reason });

/** Judge a block for the view it names, by what is certified and held here. Clocks are no part of it (rule 5). */
export function judgeBlock(replica: Replica, block: HashedBlock): BlockVerdict {
  const { chain, epoch, view, proposer, parentView, flags } = block.block;
  const { roster } = replica.config;
  if (!hashesEqual(chain, replica.config.chain) || epoch !== roster.epoch) return INVALID('chain or epoch');
  if (proposer !== leaderOf(roster, view)) return INVALID('proposer');
  if ((flags & ~(BLOCK_FLAGS.flush | BLOCK_FLAGS.seal)) !== 0) return INVALID('flags');
  if (parentView >= view || parentView < replica.finalView) return INVALID('parent view');
  const ancestry = judgeAncestry(replica, block);
  if (ancestry.kind !== 'valid') return ancestry;
  const parent = replica.tree.node(block.block.parentHash);
  if (parent === undefined) return missingBody(replica, block);
  return judgeContent(replica, block, parent);
}

/** The parent is what was certified at its view, and every view between is nullified (2.4; S6 of 4.1). */
function judgeAncestry(replica: Replica, { block }: HashedBlock): BlockVerdict {
  const { view, parentView, parentHash } = block;
  if (parentView === replica.finalView) {
    if (!hashesEqual(parentHash, replica.tree.final.hash)) return INVALID('parent is not the final block');
  } else {
    const certified = replica.views.blockCertificate(parentView)?.blockHash;
    if (certified === undefined) return missingCertificates(parentView, view - 1);
    if (!hashesEqual(parentHash, certified)) return INVALID('parent is not the notarized block');
  }
  for (let between = parentView + 1; between < view; between++) {
    if (replica.views.certificate(between, 'nullify') === undefined) return missingCertificates(between, view - 1);
  }
  return { kind: 'valid' };
}

const CERTIFICATES_MAX = 64;

function missingCertificates(from: number, to: number): BlockVerdict {
  const last = Math.min(to, from + CERTIFICATES_MAX - 1);
  return { kind: 'missing', requests: [{ kind: 'fetch-certificates', from, to: last }] };
}

function missingBody(replica: Replica, block: HashedBlock): BlockVerdict {
  const hash = replica.tree.missingAncestor(block.block.parentHash)?.hash;
  return hash === undefined
    ? INVALID('no descendant of the final block')
    : { kind: 'missing', requests: [{ kind: 'fetch-block', hash }] };
}

function judgeContent(replica: Replica, hashed: HashedBlock, parent: BlockNode): BlockVerdict {
  const { block } = hashed;
  if (block.height !== parent.height + 1) return INVALID('height');
  if (block.timeMs <= parent.timeMs) return INVALID('time not after the parent');
  const isFlush = (block.flags & BLOCK_FLAGS.flush) !== 0;
  if (isFlush !== isEmpty(block)) return INVALID('empty without the flush flag');
  const ending = judgeEnding(replica, hashed, parent);
  if (ending !== undefined) return ending;
  const { chain, roster, verify } = replica.config;
  if (!judgeEvidenceList(parent.standings, evidenceOf(hashed), block.timeMs)) return INVALID('evidence');
  if (!isProven(hashed, chain, roster, verify)) return INVALID('evidence that proves nothing');
  const verdict = judgeCut(replica.chains, parent, block.cut);
  return verdict.kind === 'held' ? { kind: 'valid' } : verdict;
}

/**
 * N-01: what ends the epoch must be approved by an executed block, which is the same for everybody who executed that far:
 * who did not waits, and nobody calls the block invalid for it. Above it no block adds anything.
 */
function judgeEnding(replica: Replica, { block }: HashedBlock, parent: BlockNode): BlockVerdict | undefined {
  const { reconfig, flags, height } = block;
  if (((flags & BLOCK_FLAGS.seal) !== 0) !== (reconfig !== undefined)) return INVALID('seal flag');
  if (parent.sealed) return isEmpty(block) ? undefined : INVALID('content after the end of the epoch');
  if (reconfig === undefined) return undefined;
  if (reconfig.height >= height) return INVALID('reconfiguration of its own future');
  if (reconfig.height > replica.executed.height) return { kind: 'missing', requests: [] };
  return isApproved(replica.state, reconfig.height, reconfig.bytes) ? undefined : INVALID('reconfiguration');
}

/**
 * W-03 at vote time: whether an empty block has something to carry to finality. Finality is local knowledge, so this is a
 * reason to withhold a notarize and never a verdict: a flush block notarized just before its parent became final must
 * still be finalized and built on, or the view after it could neither use nor skip it.
 */
export function isFlushDue(replica: Replica, { block }: HashedBlock): boolean {
  if (!isEmpty(block)) return true;
  const parent = replica.tree.node(block.parentHash);
  return parent !== undefined && mayFlush(replica, parent);
}

/** What the voter's own clock says of a block's time: a reason to wait, never a verdict (protocol.md, Blocks). */
export function isTimely(block: HashedBlock, wallMs: number, timerMs: number): boolean {
  const { timeMs } = block.block;
  return (
    timeMs <= wallMs + LIMITS.blockTimeAheadMs && timeMs >= wallMs - Math.max(LIMITS.blockTimeBehindMs, 2 * timerMs)
  );
}
