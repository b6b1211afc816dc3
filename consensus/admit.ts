import { type Certificate, type ConsensusVote, verifyCertificate, verifyVote } from '../protocol/certificate.ts';
import type { HashedBlock } from '../protocol/chain/block.ts';
import type { Segment } from '../protocol/chain/segment.ts';
import { epochOf } from '../protocol/governance/epochs.ts';
import { hashesEqual } from '../protocol/hash.ts';
import { toHex } from '../protocol/hex.ts';
import { LIMITS } from '../protocol/limits.ts';
import { type SignedCheckpoint, verifyCheckpoint } from '../protocol/receipt/checkpoint.ts';
import { leaderOf, type Roster } from '../protocol/roster.ts';
import { type SignedSnapshot, verifySnapshot } from '../protocol/snapshot/snapshot.ts';
import { accuse } from './accuse.ts';
import { isAwaitingState } from './epoch-place.ts';
import { admitEvidence, proveFork } from './evidence.ts';
import type { Replica, Turn } from './replica-state.ts';
import { admitPast } from './simplex/fence-state.ts';
import { FINAL_AHEAD_MAX, isWanted } from './simplex/finality.ts';
import { askLeader, pushToLaggard } from './simplex/recovery.ts';
import { highestUnresolved } from './simplex/views.ts';
import {
  contradictionOf,
  isOwnPastUnknown,
  recordCertificate,
  recordVote,
  UNRESOLVED_MAX,
  violate,
} from './simplex/votes.ts';
import { type Message, OWN_PAST, type Propose, type ReplicaConfig, type Status } from './types.ts';

/**
 * the one door for everything a peer sends, whatever way it came: peer right, epoch and view window, duplicates,
 * then signatures, then store (reliability.md 6, rule 2). Nothing unverified is kept under a key the sender chose, and
 * no message of a peer can stop this node: a refusal is told with its reason.
 */
export function admit(turn: Turn, from: number, message: Message): void {
  const reason = judge(turn, from, message);
  if (reason === undefined) return;
  turn.out.tell({ kind: 'refused', from, reason });
  // What does not verify was not signed by whom it names, and the stream it came on is the sender's own: no accident.
  const peer = turn.replica.peers[from];
  if (peer !== undefined && reason.includes('signature')) peer.mutedUntilMs = turn.now.monoMs + MUTE_MS;
}

/** Longer than two Status are apart: a peer silent for this long was cut off, or this node was. */
const AWAY_MS = 2_500;

/** A peer whose message did not verify costs nothing more for this long (2.1). */
const MUTE_MS = 30_000;

/** Why a message was not taken; undefined when it was, or when it brought nothing new. */
type Refusal = string | undefined;

function judge(turn: Turn, from: number, message: Message): Refusal {
  const peer = turn.replica.peers[from];
  if (peer === undefined || from === turn.replica.config.self) return 'unknown peer';
  if (turn.now.monoMs < peer.mutedUntilMs) return 'muted';
  if (turn.now.monoMs > peer.heardAtMs + AWAY_MS) {
    peer.claims.hurry(turn.now.monoMs);
    turn.replica.fetches.hurry(turn.now.monoMs);
  }
  peer.heardAtMs = turn.now.monoMs;
  if (isAwaitingState(turn.replica) && !FOR_WHO_WAITS.has(message.kind)) return 'before there is a state';
  if (turn.replica.config.self === undefined && !isForObserver(message)) return 'not for an observer';
  switch (message.kind) {
    case 'propose':
      return admitProposal(turn, from, message);
    case 'vote':
      return admitVote(turn, from, message.vote);
    case 'certificate':
      return admitCertificate(turn, message.certificate);
    case 'status':
      return admitStatus(turn, from, message);
    case 'checkpoint':
      return admitCheckpoint(turn, from, message.checkpoint);
    case 'block':
      return admitBlock(turn, message.block);
    case 'segment':
      return admitSegment(turn, message.segment);
    case 'final':
      return admitFinal(turn, message.blocks, message.certificate);
    case 'past':
      return admitPast(turn, from, message);
    case 'evidence':
      return admitEvidence(turn, message.evidence);
    case 'snapshot':
      return admitSnapshot(turn, from, message.signed);
    case 'pruned':
      // Its word about itself; only f + 1 of them make a node look for a snapshot.
      peer.prunedHeight = message.height;
      return undefined;
    default:
      return 'a request is not for the step';
  }
}

/** O-04: what leads to a state. */
const FOR_WHO_WAITS: ReadonlySet<Message['kind']> = new Set(['status', 'snapshot', 'pruned']);

/** O-02: who has no vote needs no proposals and votes of others, only what is final, and who has it. */
function isForObserver(message: Message): boolean {
  switch (message.kind) {
    case 'certificate':
      return message.certificate.kind === 'finalize';
    case 'status':
    case 'checkpoint':
    case 'block':
    case 'segment':
    case 'final':
    case 'snapshot':
    case 'pruned':
      return true;
    default:
      return false;
  }
}

/** S-10: votes and proposals of views above the final one and at most one above the current. */
function isInWindow({ replica }: Turn, view: number): boolean {
  return view > replica.finalView && view <= replica.view + 1;
}

/** A peer spoke of `view`, so it is in `isIn` at least. */
function noteView(turn: Turn, from: number, view: number, isIn = view): void {
  const peer = turn.replica.peers[from];
  if (peer !== undefined && isIn > peer.view) peer.view = isIn;
  askLeader(turn, from, view);
}

function admitProposal(turn: Turn, from: number, propose: Propose): Refusal {
  const { replica } = turn;
  const { block } = propose.block;
  if (block.epoch !== replica.config.roster.epoch || !hashesEqual(block.chain, replica.config.chain)) {
    return 'proposal of another chain or epoch';
  }
  if (block.proposer !== from || leaderOf(replica.config.roster, block.view) !== from) return 'not the leader';
  if (!isInWindow(turn, block.view)) {
    noteView(turn, from, block.view);
    pushToLaggard(turn, from, block.view);
    return 'proposal outside the window';
  }
  const vote = voteOf(replica, propose, from);
  const state = replica.views.at(block.view);
  if (state.proposal !== undefined && hashesEqual(state.proposal.block.hash, propose.block.hash)) return undefined;
  if (!verifyVote(replica.config.chain, replica.config.roster, vote, replica.config.verify))
    return 'proposal signature';
  noteView(turn, from, block.view);
  if (state.proposal === undefined) {
    state.proposal = propose;
    replica.proposedAtMs = turn.now.monoMs;
    replica.tree.add(propose.block);
  } else accuse(turn, 'two proposals', from, block.view);
  recordVote(turn, vote);
  return undefined;
}

/** The proposal is the leader's notarize vote (2.2). */
function voteOf(replica: Replica, { block, signature }: Propose, signer: number): ConsensusVote {
  const { epoch } = replica.config.roster;
  return { kind: 'notarize', epoch, view: block.block.view, blockHash: block.hash, signer, signature };
}

function admitVote(turn: Turn, from: number, vote: ConsensusVote): Refusal {
  const { replica } = turn;
  const { chain, roster, verify } = replica.config;
  if (vote.signer !== from) return 'vote of somebody else';
  if (vote.epoch !== roster.epoch) return 'vote of another epoch';
  // A finalize vote says that its signer holds the notarization, so it is past the view already. Votes of the view just
  // left are on their way in any case: their senders lack nothing.
  noteView(turn, from, vote.view, vote.kind === 'finalize' ? vote.view + 1 : vote.view);
  if (vote.view < replica.view - 1) pushToLaggard(turn, from, vote.view);
  if (!isInWindow(turn, vote.view))
    return vote.view > replica.view ? 'vote ahead of the window' : 'vote of a final view';
  const known = replica.views.find(vote.view)?.votes[vote.kind].get(from);
  // Equal to the byte or it is verified: a cached answer for other bytes would poison a certificate (pitfall 11).
  if (known !== undefined && hashesEqual(known.signature, vote.signature) && isSameHash(known, vote)) return undefined;
  if (!verifyVote(chain, roster, vote, verify)) return 'vote signature';
  recordVote(turn, vote);
  return undefined;
}

function isSameHash(a: ConsensusVote, b: ConsensusVote): boolean {
  if (a.blockHash === undefined || b.blockHash === undefined) return a.blockHash === b.blockHash;
  return hashesEqual(a.blockHash, b.blockHash);
}

function admitCertificate(turn: Turn, certificate: Certificate): Refusal {
  const { replica } = turn;
  const { chain, roster, verify } = replica.config;
  const { view, kind, epoch } = certificate;
  if (epoch !== roster.epoch) return 'certificate of another epoch';
  const contradiction = contradictionOf(replica.views.find(view), certificate);
  if (contradiction === undefined) {
    if (view <= replica.finalView) return 'certificate of a final view';
    if (replica.views.certificate(view, kind) !== undefined) return undefined;
    // Below a finalization whose blocks are on their way nothing but a nearer one is of use (A3: a feed of old ones).
    const known = highestUnresolved(replica);
    if (known !== undefined && view < known.view && (kind !== 'finalize' || replica.unresolved.size >= UNRESOLVED_MAX))
      return 'certificate below a known finalization';
  }
  if (!verifyCertificate(chain, roster, certificate, verify)) return 'certificate signatures';
  const past = isOwnPastUnknown(replica, certificate) ? OWN_PAST : undefined;
  if (contradiction !== undefined || past !== undefined) {
    violate(turn, contradiction ?? OWN_PAST, certificate);
    return undefined;
  }
  recordCertificate(turn, certificate);
  return undefined;
}

function admitStatus(turn: Turn, from: number, status: Status): Refusal {
  const { replica } = turn;
  const peer = replica.peers[from];
  const { epoch } = replica.config.roster;
  if (peer === undefined || status.epoch < epoch) return 'status of another epoch';
  if (status.finalView > status.view) return 'status form';
  if (status.epoch > epoch) {
    // N-04: how high it is tells where to fetch; its views and chains are of no epoch known here.
    peer.status = { ...status, tips: [], checkpoint: undefined };
    return undefined;
  }
  peer.status = status;
  // A restarted peer may be behind what it said before.
  peer.view = status.view;
  if (isAwaitingState(replica)) return undefined;
  if (replica.config.self !== undefined) {
    noteView(turn, from, status.view);
    pushToLaggard(turn, from, status.view);
  }
  return status.checkpoint === undefined ? undefined : admitCheckpoint(turn, from, status.checkpoint);
}

function admitCheckpoint(turn: Turn, from: number, signed: SignedCheckpoint): Refusal {
  const { replica } = turn;
  const { chain, verify } = replica.config;
  const roster = rosterOfEpoch(replica, signed.checkpoint.epoch);
  const isLate = signed.checkpoint.height <= epochOf(replica.state).sealedHeight;
  if (roster === undefined || isLate === (roster === replica.config.roster)) return 'checkpoint of another epoch';
  const isOwn = roster.validators[signed.signer]?.name === replica.config.roster.validators[from]?.name;
  if (!isOwn || !hashesEqual(signed.checkpoint.chain, chain)) return 'checkpoint of somebody else';
  if (replica.checkpoints.has(signed)) return undefined;
  if (!verifyCheckpoint(roster, signed, verify)) return 'checkpoint signature';
  return replica.checkpoints.add(turn, signed) === 'outside' ? 'checkpoint outside the window' : undefined;
}

/** The current roster, or the one before where its last signatures may still be under way. */
function rosterOfEpoch({ config: { roster, rosterBefore } }: Replica, epoch: number): Roster | undefined {
  return [roster, rosterBefore].find((one) => one?.epoch === epoch);
}

function admitSnapshot(turn: Turn, from: number, signed: SignedSnapshot): Refusal {
  const { snapshots, config } = turn.replica;
  if (signed.signer !== from) return 'snapshot of somebody else';
  if (signed.snapshot.epoch !== config.roster.epoch) return 'snapshot of another epoch';
  if (snapshots.has(signed)) return undefined;
  if (!verifySnapshot(config.roster, config.chain, signed, config.verify)) return 'snapshot signature';
  return snapshots.add(turn, signed) === 'old' ? 'snapshot of an old height' : undefined;
}

/** A body is taken only when its hash was asked for: the hash proves it. */
function admitBlock(turn: Turn, block: HashedBlock): Refusal {
  const { replica, out } = turn;
  if (replica.tree.body(block.hash) !== undefined) return undefined;
  if (!isWanted(replica, block.hash)) return 'block nobody asked for';
  replica.tree.add(block);
  replica.wantedBlocks.delete(toHex(block.hash));
  out.note({ kind: 'block', block });
  return undefined;
}

const AUTHENTIC = new WeakSet<Segment>();

/** Whether a segment is of this chain and epoch and its author signed it; remembered per object, so it is verified once. */
export function isAuthentic(config: ReplicaConfig, segment: Segment): boolean {
  if (AUTHENTIC.has(segment)) return true;
  const { chain, epoch, author, shard } = segment.header;
  const key = config.roster.validators[author]?.key;
  if (key === undefined || shard > config.shards) return false;
  if (epoch !== config.roster.epoch || !hashesEqual(chain, config.chain)) return false;
  if (!config.verify(key, segment.id, segment.signature)) return false;
  AUTHENTIC.add(segment);
  return true;
}

function admitSegment(turn: Turn, segment: Segment): Refusal {
  const { replica, out } = turn;
  const { shard, author, height, epoch } = segment.header;
  if (epoch !== replica.config.roster.epoch) return 'segment of another epoch';
  const chain = replica.chains.find(shard, author);
  if (chain === undefined) return 'segment of no chain';
  if (chain.get(segment.id) !== undefined || height <= chain.executed.height) return undefined;
  if (height > chain.final.height + LIMITS.chainWindowSegments) return 'segment over the window';
  const standing = chain.judge(segment.header);
  if (standing !== undefined) return standing;
  if (!isAuthentic(replica.config, segment)) return 'segment signature';
  const rival = chain.rivalOf(segment);
  if (rival !== undefined) {
    accuse(turn, `two segments of shard ${shard} height ${height}`, author, 0);
    proveFork(turn, rival, segment);
  }
  const verdict = chain.add(segment);
  if (verdict === 'over') return 'segment over a cap';
  if (verdict === 'added' || verdict === 'fork') out.note({ kind: 'segment', segment });
  return undefined;
}

/**
 * S-13: consecutive blocks of which the last is finalized are final, all of them. A run that does not come down to the
 * final block is kept too, and what is missing below is asked for by hash: it is proven as well, and so is that it has
 * an end, not farther from here than a node keeps above its final block.
 */
function admitFinal(turn: Turn, blocks: readonly HashedBlock[], certificate: Certificate): Refusal {
  const { replica, out } = turn;
  const { chain, roster, verify } = replica.config;
  const above = blocks.filter(({ block }) => block.height > replica.finalHeight);
  const [first, last] = [above[0], above.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  if (certificate.kind !== 'finalize' || certificate.view <= replica.finalView) return undefined;
  if (certificate.epoch !== roster.epoch) return 'final blocks of another epoch';
  if (last.block.height > replica.finalHeight + FINAL_AHEAD_MAX) return 'final blocks too far ahead';
  const isNext = first.block.height === replica.finalHeight + 1;
  let parent = isNext ? replica.tree.final.hash : first.block.parentHash;
  for (const block of above) {
    if (!hashesEqual(block.block.parentHash, parent)) return 'blocks that do not follow the final one';
    parent = block.hash;
  }
  if (certificate.blockHash === undefined || !hashesEqual(certificate.blockHash, last.hash))
    return 'another block finalized';
  if (!verifyCertificate(chain, roster, certificate, verify)) return 'certificate signatures';
  if (isOwnPastUnknown(replica, certificate)) {
    violate(turn, OWN_PAST, certificate);
    return undefined;
  }
  for (const block of above) {
    if (replica.tree.body(block.hash) !== undefined) continue;
    replica.tree.add(block);
    out.note({ kind: 'block', block });
  }
  recordCertificate(turn, certificate);
  return undefined;
}
