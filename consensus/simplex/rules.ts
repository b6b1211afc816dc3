import { BLOCK_FLAGS, type HashedBlock, hashBlock, reconfigOf } from '../../protocol/chain/block.ts';
import type { Hash } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { accuse } from '../accuse.ts';
import { buildCut } from '../chains/cut.ts';
import { promiseSegments, releaseSegments } from '../chains/promises.ts';
import { pickEvidence } from '../evidence.ts';
import type { Replica, Turn } from '../replica-state.ts';
import { isFenced } from './fence-state.ts';
import { want } from './recovery.ts';
import { deadlines, effectiveTimerMs, leaderTimeoutMs } from './timers.ts';
import type { BlockNode } from './tree.ts';
import { isFlushDue, isTimely, judgeBlock } from './validity.ts';
import { highestUnresolved, type ViewState } from './views.ts';
import { castVote } from './votes.ts';
import { dueChange, hasWorkFor, highestCertified, mayFlush, mayFollow } from './work.ts';

/*
 * The rules of one view (consensus.md 2.3), each a function that does one thing at most and says whether it did.
 * `replica.ts` applies them until none has anything left to do; the order in which they are tried is not part of safety.
 */

/** S-01 ENTER: the current view is the one after the highest certified view. */
export function enterView({ replica, now }: Turn): boolean {
  const highest = Math.max(replica.finalView, replica.views.highestCertified);
  if (highest < replica.view) return false;
  replica.view = highest + 1;
  replica.clock.enteredAtMs = now.monoMs;
  replica.clock.armedAtMs = undefined;
  replica.clock.late = false;
  replica.clock.retryAtMs = Number.MAX_SAFE_INTEGER;
  replica.views.prune(replica.finalView);
  releaseSegments(replica);
  return true;
}

/** W-02: work arms the timers of a dormant view. */
export function armTimers(turn: Turn): boolean {
  const { replica, now, out } = turn;
  if (replica.clock.armedAtMs !== undefined || !hasWorkFor(turn)) return false;
  replica.clock.armedAtMs = now.monoMs;
  replica.clock.late = replica.clock.enteredAtMs < now.monoMs;
  replica.clock.retryAtMs = now.monoMs + 3 * effectiveTimerMs(replica);
  // A restart of another may be over before the retry tells of it, and the leader may have it from nobody else.
  for (const evidence of pickEvidence(replica, highestCertified(replica).standings, Math.floor(now.wallMs))) {
    const isForeign = evidence.author !== replica.config.self;
    if (evidence.kind === 'restart' && isForeign) out.broadcast({ kind: 'evidence', evidence });
  }
  return true;
}

/** S-02 PROPOSE: the leader, once a view, on the highest certified block whose gaps are nullified. */
export function propose(turn: Turn): boolean {
  const { replica, now, out } = turn;
  const { config, view } = replica;
  const state = replica.views.at(view);
  if (leaderOf(config.roster, view) !== config.self || replica.clock.armedAtMs === undefined) return false;
  if (isFenced(replica, view)) return false;
  if (state.proposal !== undefined || state.own.size > 0) return false;
  const paceAtMs = replica.proposedAtMs + config.blockIntervalMs;
  if (now.monoMs < paceAtMs) {
    out.wakeAt(paceAtMs);
    return false;
  }
  const parent = findParent(turn);
  if (parent === undefined) return false;
  const lag = replica.finalHeight - replica.executed.height;
  const timeMs = Math.max(parent.timeMs + 1, Math.floor(now.wallMs));
  const isLate = parent.sealed || lag > LIMITS.executionLagLeader;
  const cut = isLate ? [] : buildCut(replica.chains, parent, parent.height + 1);
  const evidence = parent.sealed ? [] : pickEvidence(replica, parent.standings, timeMs).map(({ bytes }) => bytes);
  const change = parent.sealed ? undefined : dueChange(replica);
  const isBare = cut.length === 0 && evidence.length === 0 && change === undefined;
  if (isBare && !mayFlush(replica, parent)) return false;
  const block = hashBlock({
    chain: config.chain,
    epoch: config.roster.epoch,
    view,
    height: parent.height + 1,
    parentView: parent.view,
    parentHash: parent.hash,
    proposer: config.self,
    flags: isBare ? BLOCK_FLAGS.flush : change === undefined ? 0 : BLOCK_FLAGS.seal,
    timeMs,
    cut,
    evidence,
    ...(change === undefined ? {} : { reconfig: reconfigOf(change.approvedHeight, change.next) }),
  });
  replica.tree.add(block);
  const vote = castVote(turn, 'notarize', view, block);
  state.proposal = { kind: 'propose', block, signature: vote.signature };
  promiseSegments(replica, block);
  replica.proposedAtMs = now.monoMs;
  replica.notarizedAtMs = now.monoMs;
  out.promise({ kind: 'notarize', vote, block });
  out.broadcast(state.proposal);
  return true;
}

/** The parent of a block for the current view, or undefined while a certificate or a body is missing (then it is fetched). */
function findParent(turn: Turn): BlockNode | undefined {
  const { replica } = turn;
  for (let view = replica.view - 1; view > replica.finalView; view--) {
    const hash = replica.views.blockCertificate(view)?.blockHash;
    const node = hash === undefined ? undefined : replica.tree.node(hash);
    if (node !== undefined && !isInvalid(replica, view, node.hash)) return node;
    if (replica.views.certificate(view, 'nullify') !== undefined) continue;
    if (hash === undefined) want(turn, { kind: 'fetch-certificates', from: view, to: view }, []);
    const missing = hash === undefined ? undefined : replica.tree.missingAncestor(hash)?.hash;
    if (missing !== undefined) want(turn, { kind: 'fetch-block', hash: missing }, []);
    return undefined;
  }
  return replica.tree.final;
}

function isInvalid(replica: Replica, view: number, hash: Hash): boolean {
  return replica.views.find(view)?.invalid.has(toHex(hash)) ?? false;
}

/** S-03 NOTARIZE: the first proposal of the view, valid and with its data durable here (rule DA), once. */
export function notarize(turn: Turn): boolean {
  const { replica, now, out } = turn;
  const state = replica.views.find(replica.view);
  const block = state?.proposal?.block;
  if (state === undefined || block === undefined || state.own.has('notarize') || state.own.has('nullify')) return false;
  if (isFenced(replica, replica.view)) return false;
  if (state.invalid.has(toHex(block.hash))) return false;
  if (replica.finalHeight - replica.executed.height > LIMITS.executionLagVoter) return false;
  const paceAtMs = replica.notarizedAtMs + Math.floor(replica.config.blockIntervalMs / 2);
  if (now.monoMs < paceAtMs) {
    out.wakeAt(paceAtMs);
    return false;
  }
  const verdict = judgeBlock(replica, block);
  if (verdict.kind === 'missing') {
    for (const request of verdict.requests) want(turn, request, [leaderOf(replica.config.roster, replica.view)]);
    return false;
  }
  if (verdict.kind === 'invalid') {
    state.invalid.add(toHex(block.hash));
    releaseSegments(replica);
    accuse(turn, `invalid block: ${verdict.reason}`, block.block.proposer, replica.view);
    return true;
  }
  if (!isFlushDue(replica, block) || !mayFollow(replica, block.block.reconfig?.epoch)) return false;
  if (!isTimely(block, now.wallMs, effectiveTimerMs(replica))) {
    if (block.block.timeMs > now.wallMs)
      out.wakeAt(now.monoMs + block.block.timeMs - now.wallMs - LIMITS.blockTimeAheadMs);
    return false;
  }
  const vote = castVote(turn, 'notarize', replica.view, block);
  promiseSegments(replica, block);
  replica.notarizedAtMs = now.monoMs;
  out.promise({ kind: 'notarize', vote, block });
  out.broadcast({ kind: 'vote', vote });
  return true;
}

/** S-04 NULLIFY the current view: never after an own finalize in it. */
export function nullify(turn: Turn): boolean {
  const { replica, out } = turn;
  const state = replica.views.at(replica.view);
  if (isFenced(replica, replica.view)) return false;
  if (state.own.has('nullify') || state.own.has('finalize') || !mustNullify(turn)) return false;
  const vote = castVote(turn, 'nullify', replica.view, undefined);
  out.promise({ kind: 'nullify', vote });
  out.broadcast({ kind: 'vote', vote });
  return true;
}

function mustNullify(turn: Turn): boolean {
  const { replica, now, out } = turn;
  const leader = leaderOf(replica.config.roster, replica.view);
  const state = replica.views.at(replica.view);
  const { proposal } = state;
  if ((proposal !== undefined && state.invalid.has(toHex(proposal.block.hash))) || state.votes.nullify.has(leader))
    return true;
  const times = deadlines(turn, leader);
  if (times === undefined) return false;
  // A leader that lacks an ancestor's certificate gives its view up early, so that the others need not wait (2.3).
  const isStuckLeader = leader === replica.config.self && state.proposal === undefined;
  const armedAtMs = replica.clock.armedAtMs ?? now.monoMs;
  const leaderAtMs = isStuckLeader ? armedAtMs + Math.floor(leaderTimeoutMs(replica) / 2) : times.leaderAtMs;
  const atMs = state.proposal === undefined ? Math.min(leaderAtMs, times.advanceAtMs) : times.advanceAtMs;
  if (now.monoMs >= atMs) {
    if (hasWorkFor(turn)) return true;
    // It went without this view: a restart whose time was over, say. Nobody else need leave the view for that.
    replica.clock.armedAtMs = undefined;
    return false;
  }
  out.wakeAt(atMs);
  return false;
}

/** A quorum notarized what is invalid here: divergent software or more than f faults. Never finalized nor built on (2.3). */
function alarm(turn: Turn, state: ViewState, block: HashedBlock, reason: string): void {
  state.invalid.add(toHex(block.hash));
  accuse(turn, `a notarized block is invalid here: ${reason}`, block.block.proposer, state.view);
}

/** S-05 FINALIZE: any view above the final one with a notarization of a block validated here, and no own nullify in it. */
export function finalizeNotarized(turn: Turn): boolean {
  const { replica, out } = turn;
  // Below a finalization that is only waiting for bodies a vote adds nothing.
  const floor = highestUnresolved(replica)?.view ?? replica.finalView;
  for (const state of replica.views.ascending()) {
    if (state.view <= floor || isFenced(replica, state.view) || state.own.has('finalize') || state.own.has('nullify'))
      continue;
    const notarization = state.certificates.get('notarize');
    const hash = notarization?.blockHash;
    if (notarization === undefined || hash === undefined) continue;
    const block = replica.tree.body(hash);
    if (block === undefined) {
      want(turn, { kind: 'fetch-block', hash }, notarization.signers);
      continue;
    }
    const verdict = judgeBlock(replica, block);
    if (verdict.kind === 'missing') {
      promiseSegments(replica, block);
      for (const request of verdict.requests) want(turn, request, notarization.signers);
    }
    if (verdict.kind === 'invalid') alarm(turn, state, block, verdict.reason);
    if (verdict.kind !== 'valid') continue;
    promiseSegments(replica, block);
    const vote = castVote(turn, 'finalize', state.view, block);
    out.promise({ kind: 'finalize', vote, notarization });
    out.broadcast({ kind: 'vote', vote });
    return true;
  }
  return false;
}
