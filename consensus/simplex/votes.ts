import { assert } from '../../protocol/assert.ts';
import {
  type Certificate,
  type ConsensusVote,
  VOTE_KINDS,
  type VoteKind,
  voteDigest,
} from '../../protocol/certificate.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import { contradict } from '../../protocol/evidence.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { quorum } from '../../protocol/roster.ts';
import { accuse } from '../accuse.ts';
import { proveVotes } from '../evidence.ts';
import type { Replica, Turn } from '../replica-state.ts';
import { seatOf } from '../seat.ts';
import { isFenced } from './fence-state.ts';
import { highestUnresolved, type ViewState } from './views.ts';

/**
 * Count a verified vote. The first of a (signer, kind, view) is kept and never overwritten; a different second one is
 * evidence (S-08). Nullify + Finalize of one view is evidence too; Notarize + Nullify is not.
 */
export function recordVote(turn: Turn, vote: ConsensusVote): void {
  const { replica } = turn;
  const state = replica.views.at(vote.view);
  const known = state.votes[vote.kind].get(vote.signer);
  if (known !== undefined) {
    if (!sameHash(known.blockHash, vote.blockHash)) {
      accuse(turn, `two ${vote.kind} votes`, vote.signer, vote.view);
      proveVotes(turn, known, vote);
    }
    return;
  }
  state.votes[vote.kind].set(vote.signer, vote);
  replica.dirty.add(vote.view);
  for (const certificate of state.certificates.values()) proveAgainst(turn, vote, certificate);
  const opposite = vote.kind === 'nullify' ? 'finalize' : vote.kind === 'finalize' ? 'nullify' : undefined;
  const contrary = opposite === undefined ? undefined : state.votes[opposite].get(vote.signer);
  if (contrary !== undefined) {
    accuse(turn, 'nullify and finalize', vote.signer, vote.view);
    proveVotes(turn, contrary, vote);
  }
}

/** A signer of a certificate may be known by another word: what is in a certificate was signed like any vote (S-08). */
function proveByCertificate(turn: Turn, state: ViewState, certificate: Certificate): void {
  for (const signer of certificate.signers) {
    for (const kind of VOTE_KINDS) {
      const known = state.votes[kind].get(signer);
      if (known !== undefined) proveAgainst(turn, known, certificate);
    }
  }
}

function proveAgainst(turn: Turn, vote: ConsensusVote, certificate: Certificate): void {
  const { kind, epoch, view, blockHash, signers, signatures } = certificate;
  const signature = signatures[signers.indexOf(vote.signer)];
  if (signature === undefined) return;
  const other = { kind, epoch, view, blockHash, signer: vote.signer, signature };
  if (!contradict(vote, other)) return;
  accuse(turn, `${vote.kind} against a ${kind} certificate`, vote.signer, view);
  proveVotes(turn, vote, other);
}

function sameHash(a: Hash | undefined, b: Hash | undefined): boolean {
  return a === undefined || b === undefined ? a === b : hashesEqual(a, b);
}

/**
 * S-06: q votes of one kind, view and block make a certificate; it is persisted before anything that follows from it.
 * True when one was made.
 */
export function assembleCertificates(turn: Turn): boolean {
  const { replica } = turn;
  let made = false;
  for (const view of [...replica.dirty].sort((a, b) => a - b)) {
    replica.dirty.delete(view);
    const state = replica.views.find(view);
    if (state === undefined) continue;
    for (const kind of VOTE_KINDS) {
      if (state.certificates.has(kind)) continue;
      const certificate = assemble(replica, state, kind);
      if (certificate === undefined) continue;
      recordCertificate(turn, certificate);
      made = true;
    }
  }
  return made;
}

function assemble(replica: Replica, state: ViewState, kind: VoteKind): Certificate | undefined {
  const wanted = quorum(replica.config.roster.validators.length);
  if (state.votes[kind].size < wanted) return undefined;
  const byHash = new Map<string, ConsensusVote[]>();
  for (const vote of state.votes[kind].values()) {
    const key = vote.blockHash === undefined ? '' : toHex(vote.blockHash);
    byHash.set(key, [...(byHash.get(key) ?? []), vote]);
  }
  for (const votes of byHash.values()) {
    if (votes.length < wanted) continue;
    const signed = votes.sort((a, b) => a.signer - b.signer).slice(0, wanted);
    return {
      kind,
      epoch: replica.config.roster.epoch,
      view: state.view,
      blockHash: signed[0]?.blockHash,
      signers: signed.map(({ signer }) => signer),
      signatures: signed.map(({ signature }) => signature),
    };
  }
  return undefined;
}

/** Peers get this long to make the certificate themselves before it is relayed. */
const RELAY_AFTER_MS = 20;

/** Keep a certificate that holds (assembled here, or verified): persist it, look for contradictions, remember a finalization. */
export function recordCertificate(turn: Turn, certificate: Certificate): void {
  const { replica, out } = turn;
  const state = replica.views.at(certificate.view);
  if (state.certificates.has(certificate.kind)) return;
  const contradiction = contradictionOf(state, certificate);
  // A finalization is what clients are told of; the others matter by the votes that follow from them.
  if (certificate.kind === 'finalize') out.promise({ kind: 'certificate', certificate });
  else out.note({ kind: 'certificate', certificate });
  keepCertificate(replica, certificate);
  proveByCertificate(turn, state, certificate);
  replica.relays.push({ certificate, atMs: turn.now.monoMs + RELAY_AFTER_MS });
  if (contradiction !== undefined) violate(turn, contradiction, certificate);
}

/** The part of keeping a certificate that replaying the journal shares: no effects. */
export function keepCertificate(replica: Replica, certificate: Certificate): void {
  replica.views.keep(certificate);
  if (certificate.kind !== 'finalize' || certificate.view <= replica.finalView) return;
  replica.unresolved.set(certificate.view, certificate);
  if (replica.unresolved.size > UNRESOLVED_MAX) forgetMiddle(replica);
}

/** Finalizations that wait for blocks at a time: the lowest are resolved first, the highest says where the network is. */
export const UNRESOLVED_MAX = 64;

/** Of too many the highest but one goes: what it says follows from the highest. */
function forgetMiddle({ unresolved, views }: Replica): void {
  const [, middle] = [...unresolved.keys()].sort((a, b) => b - a);
  if (middle === undefined) return;
  unresolved.delete(middle);
  if (views.find(middle)?.own.size === 0) views.forget(middle);
}

/** L2 and L3: two blocks certified in one view, or a view both nullified and finalized (S-09). */
export function contradictionOf(state: ViewState | undefined, certificate: Certificate): string | undefined {
  for (const known of state?.certificates.values() ?? []) {
    const kinds = new Set([known.kind, certificate.kind]);
    if (kinds.has('nullify')) {
      if (kinds.has('finalize')) return 'nullified and finalized';
    } else if (!sameHash(known.blockHash, certificate.blockHash)) return 'two blocks certified';
  }
  return undefined;
}

/**
 * F-02: a certificate holds a signature of this node that its journal does not have: the disk was rolled back, and what
 * else it signed nobody here knows. The certificate is good; this node stops before it contradicts itself.
 */
export function isOwnPastUnknown(replica: Replica, { kind, view, blockHash, signers }: Certificate): boolean {
  const { self } = replica.config;
  if (self === undefined || !signers.includes(self) || isFenced(replica, view)) return false;
  // Below a finalization that is known own votes are given up, also while its blocks are on their way (compaction).
  if (view <= Math.max(replica.finalView, highestUnresolved(replica)?.view ?? 0)) return false;
  const own = replica.views.find(view)?.own.get(kind);
  return own === undefined || !sameHash(own.blockHash, blockHash);
}

/**
 * F-02 for one's own chains: something is held, or ordered, beyond the last segment this node knows that it sealed. To seal
 * there would be a second segment of one place, and the end of its chains.
 */
export function isOwnChainUnknown({ chains, authors, config }: Replica, shard: number): boolean {
  const chain = chains.of(shard, seatOf(config));
  return Math.max(chain.final.height, chain.highest()) > authors.tip(shard).height;
}

/** S-09: more than f faults, or divergent software. Nothing is signed from here on. */
export function violate(turn: Turn, invariant: string, certificate: Certificate): void {
  const hash = certificate.blockHash === undefined ? 'none' : toHex(certificate.blockHash);
  stop(turn, invariant, `view ${certificate.view}, ${certificate.kind}, block ${hash}`);
}

/** As `violate`, where no certificate shows it. */
export function stop({ replica, out }: Turn, invariant: string, facts: string): void {
  replica.violated = true;
  out.tell({ kind: 'violation', invariant, facts });
}

/**
 * Sign an own vote, persist and send it. It counts here only when `synced` comes back (D-02): a vote visible before it
 * is durable can be contradicted after a crash (consensus.md 2.8, rule 2).
 */
export function castVote(turn: Turn, kind: VoteKind, view: number, block: HashedBlock | undefined): ConsensusVote {
  const { replica } = turn;
  const { chain, roster, sign } = replica.config;
  assert(!isFenced(replica, view), 'no vote behind the fence (F-01)');
  const subject = { kind, epoch: roster.epoch, view, blockHash: block?.hash };
  const vote: ConsensusVote = {
    ...subject,
    signer: seatOf(replica.config),
    signature: sign(voteDigest(chain, subject)),
  };
  replica.views.at(view).own.set(kind, vote);
  replica.unsynced.push(vote);
  return vote;
}
