import { type Certificate, type ConsensusVote, type VoteKind, voteDigest } from '../../../protocol/certificate.ts';
import type { Block } from '../../../protocol/chain/block.ts';
import type { Segment } from '../../../protocol/chain/segment.ts';
import type { Verify } from '../../../protocol/crypto/verify.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { Roster } from '../../../protocol/roster.ts';
import type { Message } from '../../types.ts';
import { quorumOf } from './quorums.ts';
import type { Verdict } from './verdict.ts';

/** Who signed what in one view, by kind and block, from every vote that was ever on a wire. */
type ViewVotes = Record<VoteKind, Map<string, Set<number>>>;

/**
 * S3–S9 from everything ever sent, also before crashes: what is on the wire can be held against its signer for ever,
 * whatever became of the signer's memory.
 */
export class WireTap {
  readonly #verdict: Verdict;
  readonly #chain: Uint8Array;
  readonly #roster: Roster;
  readonly #verify: Verify;
  readonly #honest: ReadonlySet<number>;
  readonly #quorum: number;
  readonly #views = new Map<number, ViewVotes>();
  readonly #segments = new Map<string, string>();
  readonly #seen = new WeakSet<object>();

  constructor(verdict: Verdict, chain: Uint8Array, roster: Roster, verify: Verify, honest: ReadonlySet<number>) {
    this.#verdict = verdict;
    this.#chain = chain;
    this.#roster = roster;
    this.#verify = verify;
    this.#honest = honest;
    this.#quorum = quorumOf(roster.validators.length);
  }

  /** A message at the moment it leaves; `from` where an honest node sends it. */
  sent(from: number | undefined, message: Message): void {
    switch (message.kind) {
      case 'propose': {
        const { block, signature } = message;
        const { epoch, view, proposer } = block.block;
        const vote = { kind: 'notarize', epoch, view, blockHash: block.hash, signer: proposer, signature } as const;
        this.#vote(from, vote, signature);
        break;
      }
      case 'vote':
        this.#vote(from, message.vote, message.vote);
        break;
      case 'certificate':
      case 'final':
        this.#certificate(from, message.certificate);
        break;
      case 'segment':
        this.#segment(from, message.segment);
        break;
      default:
        break;
    }
  }

  /** S4, S3, S6 and S7 over the whole run, given the final chain. */
  finish(blocks: readonly Block[], hashes: ReadonlyMap<number, string>): void {
    for (const [view, votes] of this.#views) this.#judgeView(view, votes);
    for (const block of blocks) {
      this.#has(block.view, 'notarize', hashes.get(block.height) ?? '', 'S5 a final block is notarized');
      for (let view = block.parentView + 1; view < block.view; view++) {
        this.#has(view, 'nullify', '', 'S6 the gap below a final block is nullified');
      }
    }
  }

  #has(view: number, kind: VoteKind, hash: string, invariant: string): void {
    const signers = this.#views.get(view)?.[kind].get(hash)?.size ?? 0;
    if (signers < this.#quorum) this.#verdict.report(invariant, `view ${view} has ${signers} of ${this.#quorum}`);
  }

  #judgeView(view: number, votes: ViewVotes): void {
    const certified = (kind: VoteKind): string[] =>
      [...votes[kind]].filter(([, signers]) => signers.size >= this.#quorum).map(([hash]) => hash);
    const [notarized, finalized, nullified] = [certified('notarize'), certified('finalize'), certified('nullify')];
    if (notarized.length > 1) this.#verdict.report('S4 one notarized block a view', `view ${view}`);
    if (finalized.length > 1) this.#verdict.report('S1 agreement', `two finalized blocks in view ${view}`);
    if (finalized.length > 0 && nullified.length > 0) {
      this.#verdict.report('S3 never nullified and finalized', `view ${view}`);
    }
    if (finalized.some((hash) => !notarized.includes(hash))) {
      this.#verdict.report('S5 finalized means notarized', `view ${view}`);
    }
  }

  #vote(from: number | undefined, vote: ConsensusVote, key: object): void {
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const { signer, kind, view, blockHash } = vote;
    const publicKey = this.#roster.validators[signer]?.key;
    const holds = publicKey !== undefined && this.#verify(publicKey, voteDigest(this.#chain, vote), vote.signature);
    if (!holds) {
      if (from !== undefined) this.#verdict.report('S7 signatures', `node ${from} sent a false ${kind} of ${signer}`);
      return;
    }
    this.#count(signer, kind, view, blockHash === undefined ? '' : toHex(blockHash));
  }

  #count(signer: number, kind: VoteKind, view: number, hash: string): void {
    const votes = this.#at(view);
    const signers = votes[kind].get(hash) ?? new Set();
    votes[kind].set(hash, signers);
    if (signers.has(signer)) return;
    signers.add(signer);
    if (!this.#honest.has(signer)) return;
    const signed = (which: VoteKind): number =>
      [...votes[which].values()].filter((voters) => voters.has(signer)).length;
    const at = `node ${signer} in view ${view}`;
    if (kind !== 'nullify' && signed(kind) > 1) this.#verdict.report(`S8 one ${kind} a view`, at);
    if (kind !== 'notarize' && signed('nullify') > 0 && signed('finalize') > 0) {
      this.#verdict.report('S8 never nullify and finalize', at);
    }
  }

  #at(view: number): ViewVotes {
    let votes = this.#views.get(view);
    if (votes === undefined) {
      votes = { notarize: new Map(), nullify: new Map(), finalize: new Map() };
      this.#views.set(view, votes);
    }
    return votes;
  }

  #certificate(from: number | undefined, certificate: Certificate): void {
    if (this.#seen.has(certificate)) return;
    this.#seen.add(certificate);
    const { kind, view, signers, signatures, blockHash, epoch } = certificate;
    const digest = voteDigest(this.#chain, certificate);
    const valid = signers.filter((signer, at) => {
      const key = this.#roster.validators[signer]?.key;
      const signature = signatures[at];
      return key !== undefined && signature !== undefined && this.#verify(key, digest, signature);
    });
    const isWhole =
      new Set(valid).size >= this.#quorum && valid.length === signers.length && epoch === this.#roster.epoch;
    if (!isWhole) {
      if (from !== undefined) this.#verdict.report('S7 certificates', `node ${from} sent a false ${kind} of ${view}`);
      return;
    }
    const hash = blockHash === undefined ? '' : toHex(blockHash);
    for (const signer of valid) this.#count(signer, kind, view, hash);
  }

  /** One segment a height of an honest author, for ever. */
  #segment(from: number | undefined, { header, id, signature }: Segment): void {
    const key = this.#roster.validators[header.author]?.key;
    if (key === undefined || !this.#honest.has(header.author)) return;
    // What a villain puts into another's mouth proves nothing.
    if (from === undefined && !this.#verify(key, id, signature)) return;
    const place = `${header.shard}/${header.author}/${header.incarnation}/${header.height}`;
    const hash = toHex(id);
    const known = this.#segments.get(place);
    if (known === undefined) this.#segments.set(place, hash);
    else if (known !== hash) this.#verdict.report('S8 one segment a height', `chain and height ${place}`);
  }
}
