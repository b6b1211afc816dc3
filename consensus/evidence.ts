import type { ConsensusVote } from '../protocol/certificate.ts';
import type { Segment } from '../protocol/chain/segment.ts';
import { signedHeaderOf } from '../protocol/chain/segment.ts';
import { type Evidence, pairSegments, pairVotes, verifyEvidence } from '../protocol/evidence.ts';
import { LIMITS } from '../protocol/limits.ts';
import { accuse } from './accuse.ts';
import { decodeOr, judgeEvidence, type Standings } from './chains/standings.ts';
import type { Replica, Turn } from './replica-state.ts';

/*
 * Evidence on its way into a block (consensus.md 2.9). What is kept is one proof and one restart an author at most, so
 * 10⁵ accusations cost no more than one; what a final block settled is forgotten here, and stands in the standings.
 */

function keyOf({ author, kind }: Evidence): string {
  return kind === 'restart' ? `${author}/restart` : `${author}/fault`;
}

/** E-02: two votes of one signer that cannot both be. */
export function proveVotes(turn: Turn, a: ConsensusVote, b: ConsensusVote): void {
  propagate(turn, pairVotes(a, b));
}

/** E-02: two segments of one place. */
export function proveFork(turn: Turn, a: Segment, b: Segment): void {
  propagate(turn, pairSegments(signedHeaderOf(a), signedHeaderOf(b)));
}

/**
 * Keep what this node found itself, and tell the others: any of them may lead next. As others will judge it, from its
 * bytes: a leader that put in what proves nothing would lose its view.
 */
function propagate(turn: Turn, { bytes }: Evidence): void {
  const { replica, out } = turn;
  const { chain, roster, self, verify } = replica.config;
  const evidence = decodeOr(bytes);
  if (self === undefined || evidence === undefined || replica.evidence.has(keyOf(evidence))) return;
  if (!verifyEvidence(chain, roster, evidence, verify) || !keepEvidence(replica, evidence)) return;
  out.note({ kind: 'evidence', evidence });
  out.broadcast({ kind: 'evidence', evidence });
}

/** True when it is news: the first of its kind about this author that a block could still carry. */
export function keepEvidence(replica: Replica, evidence: Evidence): boolean {
  const key = keyOf(evidence);
  if (replica.evidence.has(key)) return false;
  if (judgeEvidence(replica.tree.final.standings, evidence) !== undefined) return false;
  replica.evidence.set(key, evidence);
  return true;
}

/** From a peer: looked up first, verified once, and kept only when it holds. */
export function admitEvidence(turn: Turn, evidence: Evidence): string | undefined {
  const { replica, now, out } = turn;
  const { chain, roster, verify, self } = replica.config;
  // An own one that comes from outside is of a life this disk does not know; in the journal it would pass for one of this.
  if (evidence.kind === 'restart' && evidence.author === self) return undefined;
  if (replica.evidence.has(keyOf(evidence))) return undefined;
  if (judgeEvidence(replica.tree.final.standings, evidence) !== undefined || isOver(evidence, now.wallMs)) {
    return undefined;
  }
  if (epochOf(evidence) !== roster.epoch) return 'evidence of another epoch';
  if (!verifyEvidence(chain, roster, evidence, verify)) return 'evidence signature';
  keepEvidence(replica, evidence);
  out.note({ kind: 'evidence', evidence });
  if (evidence.kind !== 'restart') accuse(turn, `proof of two ${evidence.kind}`, evidence.author, 0);
  return undefined;
}

function epochOf(evidence: Evidence): number {
  if (evidence.kind === 'restart') return evidence.epoch;
  return evidence.kind === 'votes' ? evidence.pair[0].epoch : evidence.pair[0].header.epoch;
}

/** A restart is for a while only, like every operation. */
function isOver(evidence: Evidence, timeMs: number): boolean {
  return evidence.kind === 'restart' && timeMs > evidence.operation.operation.notAfterMs;
}

/** E-04: forget what no block can carry any more. */
export function forgetEvidence({ replica, now }: Turn): void {
  for (const [key, evidence] of replica.evidence) {
    const isSettled = judgeEvidence(replica.tree.final.standings, evidence) !== undefined;
    if (isSettled || isOver(evidence, now.wallMs)) replica.evidence.delete(key);
  }
}

/**
 * What a block of this time may carry above its parent's standings: one an author, authors ascending. The proof before the
 * restart: after it, segments of the incarnation that ended prove nothing any more.
 */
export function pickEvidence({ evidence }: Replica, standings: Standings, timeMs: number): Evidence[] {
  const byAuthor = new Map<number, Evidence>();
  for (const one of evidence.values()) {
    if (byAuthor.has(one.author) && one.kind === 'restart') continue;
    if (isOver(one, timeMs) || judgeEvidence(standings, one) !== undefined) continue;
    byAuthor.set(one.author, one);
  }
  return [...byAuthor.values()].sort((a, b) => a.author - b.author).slice(0, LIMITS.blockEvidenceMax);
}

/** S-11 for a block's evidence, but for the signatures: each possible above the parent, authors ascending. */
export function judgeEvidenceList(
  standings: Standings,
  evidence: readonly (Evidence | undefined)[],
  timeMs: number,
): boolean {
  let before = -1;
  return evidence.every((one) => {
    if (one === undefined || one.author <= before || isOver(one, timeMs)) return false;
    before = one.author;
    return judgeEvidence(standings, one) === undefined;
  });
}
