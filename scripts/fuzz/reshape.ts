import type { SimSigner } from '../../consensus/sim/keys.ts';
import type { Random } from '../../consensus/sim/random.ts';
import type { FetchRequest, Message, Status } from '../../consensus/types.ts';
import { type Certificate, type ConsensusVote, VOTE_KINDS, voteDigest } from '../../protocol/certificate.ts';
import { type Block, hashBlock } from '../../protocol/chain/block.ts';
import { decodeItems, type Segment, sealSegment } from '../../protocol/chain/segment.ts';
import { type Evidence, pairVotes } from '../../protocol/evidence.ts';
import type { Hash } from '../../protocol/hash.ts';
import { checkpointDigest, type SignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';

/** Who reshapes: a validator with a key of its own, and what it knows of where the network stands. */
export interface Reshaper {
  readonly random: Random;
  readonly self: number;
  readonly n: number;
  readonly chain: Hash;
  readonly signer: SimSigner;
  readonly view: number;
  readonly height: number;
}

/**
 * A recorded message with some fields changed and signed anew with the fuzzer's key: what gets past every check of form
 * and signature. Fields stay within their width; what is wider is for `mutate`.
 */
export function reshape(by: Reshaper, message: Message, other: Message): Message {
  switch (message.kind) {
    case 'vote':
      return { kind: 'vote', vote: reshapeVote(by, message.vote) };
    case 'propose':
      return reshapeProposal(by, message.block.block);
    case 'certificate':
      return { kind: 'certificate', certificate: reshapeCertificate(by, message.certificate, other) };
    case 'status':
      return reshapeStatus(by, message);
    case 'checkpoint':
      return { kind: 'checkpoint', checkpoint: reshapeCheckpoint(by, message.checkpoint) };
    case 'segment':
      return { kind: 'segment', segment: reshapeSegment(by, message.segment) };
    case 'block':
      return { kind: 'block', block: hashBlock(reshapeBlock(by, message.block.block)) };
    case 'final':
      return reshapeFinal(by, message, other);
    case 'evidence':
      return { kind: 'evidence', evidence: reshapeEvidence(by, message.evidence) };
    case 'past':
      return { ...message, view: edge(by, by.view) };
    case 'snapshot':
    case 'manifest':
    case 'chunk':
    case 'history':
    case 'fetch-history':
    case 'fetch-epochs':
    case 'epochs':
      return message;
    case 'pruned':
    case 'fetch-manifest':
    case 'fetch-chunk':
      return { ...message, height: edge(by, by.height) };
    default:
      return reshapeRequest(by, message);
  }
}

/** A number near where things stand, or at the edge of what fits. */
function edge({ random }: Reshaper, near: number, max = Number.MAX_SAFE_INTEGER): number {
  const drawn = random.pick([near, near, near + 1, near - 1, near + 2, near + 64, 0, 1, 2 ** 31, 2 ** 32 - 1, max]);
  return Math.min(max, Math.max(0, drawn));
}

function epochOf({ random }: Reshaper, epoch: number): number {
  return random.chance(0.05) ? random.pick([1, 2 ** 32 - 1]) : epoch;
}

function chainOf({ random, chain }: Reshaper): Hash {
  return random.chance(0.05) ? new Uint8Array(32).fill(7) : chain;
}

function hashOf({ random }: Reshaper, hash: Hash): Hash {
  return random.chance(0.7) ? hash : new Uint8Array(32).fill(random.below(256));
}

function reshapeVote(by: Reshaper, vote: ConsensusVote): ConsensusVote {
  const { random, self, signer } = by;
  const kind = random.pick(VOTE_KINDS);
  const blockHash = kind === 'nullify' ? undefined : hashOf(by, vote.blockHash ?? new Uint8Array(32));
  const subject = { kind, epoch: epochOf(by, vote.epoch), view: edge(by, by.view), blockHash };
  const signature = signer.sign(voteDigest(chainOf(by), subject));
  return { ...subject, signer: random.chance(0.9) ? self : random.pick([0, by.n, 65_535]), signature };
}

/** Its own two votes of about one view, signed; they prove something now and then. */
function reshapeEvidence(by: Reshaper, evidence: Evidence): Evidence {
  const vote: ConsensusVote =
    evidence.kind === 'votes'
      ? evidence.pair[0]
      : { kind: 'nullify', epoch: 0, view: by.view, blockHash: undefined, signer: by.self, signature: by.chain };
  return pairVotes(reshapeVote(by, vote), reshapeVote(by, vote));
}

function reshapeBlock(by: Reshaper, block: Block): Block {
  const { random } = by;
  const changed = random.pick<Partial<Block>>([
    {},
    { view: edge(by, by.view) },
    { height: edge(by, by.height) },
    { parentView: edge(by, by.view) },
    { parentHash: hashOf(by, block.parentHash) },
    { proposer: edge(by, by.self, 65_535) },
    { flags: random.below(256) },
    { timeMs: edge(by, block.timeMs) },
    { epoch: epochOf(by, 1) },
    { chain: chainOf(by) },
    { cut: block.cut.map((entry) => ({ ...entry, height: edge(by, entry.height) })) },
    { cut: block.cut.map((entry) => ({ ...entry, tip: hashOf(by, entry.tip) })) },
    { cut: block.cut.map((entry) => ({ ...entry, incarnation: edge(by, 0, 2 ** 32 - 1) })) },
    { cut: block.cut.filter(() => random.chance(0.5)) },
    { cut: [...block.cut, { shard: 65_535, author: 65_535, incarnation: 0, height: 1, tip: by.chain }] },
    { evidence: Array.from({ length: random.below(17) }, () => new Uint8Array(random.below(300))) },
  ]);
  return { ...block, ...changed };
}

function reshapeProposal(by: Reshaper, block: Block): Message {
  const { random, self, signer } = by;
  const mine = random.chance(0.7) ? { proposer: self, view: edge(by, by.view) } : {};
  const hashed = hashBlock(reshapeBlock(by, { ...block, ...mine }));
  const subject = {
    kind: 'notarize',
    epoch: hashed.block.epoch,
    view: hashed.block.view,
    blockHash: hashed.hash,
  } as const;
  return { kind: 'propose', block: hashed, signature: signer.sign(voteDigest(by.chain, subject)) };
}

/** One signer for all, signers nobody knows, signatures of another subject; a bitmap cannot even say one twice. */
function reshapeCertificate(by: Reshaper, certificate: Certificate, other: Message): Certificate {
  const { random, self, n } = by;
  const { signers, signatures, blockHash } = certificate;
  const kind = random.pick(VOTE_KINDS);
  const subject = {
    kind,
    epoch: epochOf(by, certificate.epoch),
    view: edge(by, by.view),
    blockHash: kind === 'nullify' ? undefined : (blockHash ?? new Uint8Array(32)),
  };
  const own = by.signer.sign(voteDigest(by.chain, subject));
  const all = Array.from({ length: n }, (_, at) => at);
  const foreign = other.kind === 'certificate' ? other.certificate : certificate;
  if (other.kind === 'vote' && random.chance(0.5)) return oneShort(by, other.vote);
  return random.pick<Certificate>([
    { ...certificate, ...subject },
    { ...subject, signers: all, signatures: all.map(() => own) },
    { ...subject, signers: [self], signatures: [own] },
    { ...certificate, signers: signers.slice(1), signatures: signatures.slice(1) },
    { ...certificate, signers: [...signers.slice(0, -1), random.pick([n, 64, 127])], signatures },
    { ...certificate, signatures: signatures.toReversed() },
    { ...certificate, signers: foreign.signers, signatures: foreign.signatures },
  ]);
}

/** Somebody's true vote and one's own: two where more are needed. */
function oneShort({ self, signer, chain }: Reshaper, vote: ConsensusVote): Certificate {
  const { kind, epoch, view, blockHash } = vote;
  const own = { signer: self, signature: signer.sign(voteDigest(chain, { kind, epoch, view, blockHash })) };
  const both = [own, vote].sort((a, b) => a.signer - b.signer);
  const signers = both.map((one) => one.signer);
  return { kind, epoch, view, blockHash, signers, signatures: both.map(({ signature }) => signature) };
}

function reshapeStatus(by: Reshaper, status: Status): Status {
  const { random, n } = by;
  const view = edge(by, by.view);
  const tips = Array.from({ length: random.pick([0, 1, 4, 64]) }, () => ({
    shard: random.pick([0, 1, 2, 64, 65_535]),
    author: random.pick([0, 1, n - 1, n, 65_535]),
    height: edge(by, by.height),
  }));
  return {
    ...status,
    epoch: epochOf(by, status.epoch),
    view,
    finalView: random.chance(0.5) ? Math.max(0, view - 1) : edge(by, by.view),
    finalHeight: edge(by, by.height),
    tips: random.chance(0.5) ? tips : status.tips,
    checkpoint: status.checkpoint === undefined ? undefined : reshapeCheckpoint(by, status.checkpoint),
  };
}

function reshapeCheckpoint(by: Reshaper, { checkpoint }: SignedCheckpoint): SignedCheckpoint {
  const changed = {
    ...checkpoint,
    chain: chainOf(by),
    epoch: epochOf(by, checkpoint.epoch),
    height: edge(by, by.height),
    root: hashOf(by, checkpoint.root),
    history: hashOf(by, checkpoint.history),
    blockHash: hashOf(by, checkpoint.blockHash),
  };
  const signer = by.random.chance(0.9) ? by.self : by.random.pick([0, by.n, 127]);
  return { checkpoint: changed, signer, signature: by.signer.sign(checkpointDigest(changed)) };
}

/** Headers of every kind over items that are recorded ones, cut or repeated: sealed as only an author can. */
function reshapeSegment(by: Reshaper, { header, body }: Segment): Segment {
  const { random } = by;
  const items = decodeItems(body, header.count).map((item) => {
    const length = random.chance(0.8) ? item.bytes.length : random.below(item.bytes.length + 1);
    return { kind: random.chance(0.9) ? item.kind : random.below(256), bytes: item.bytes.slice(0, length) };
  });
  const place = {
    chain: chainOf(by),
    epoch: epochOf(by, header.epoch),
    incarnation: random.chance(0.95) ? 0 : 1,
    shard: random.pick([header.shard, header.shard, 0, 1, 64]),
    author: random.chance(0.9) ? by.self : random.pick([0, by.n, 65_535]),
    height: Math.max(1, edge(by, header.height)),
    parent: hashOf(by, header.parent),
    timeMs: edge(by, header.timeMs),
  };
  const repeated = random.chance(0.1) ? Array.from({ length: 30 }, () => items).flat() : items;
  return sealSegment(place, repeated, (id) => by.signer.sign(id));
}

function reshapeFinal(by: Reshaper, message: Extract<Message, { kind: 'final' }>, other: Message): Message {
  const { random } = by;
  const blocks = random.pick([
    message.blocks,
    message.blocks.toReversed(),
    message.blocks.slice(1),
    Array.from({ length: 32 }, () => message.blocks[0]),
    message.blocks.map(({ block }) => hashBlock(reshapeBlock(by, block))),
  ]);
  const certificate = random.chance(0.5) ? message.certificate : reshapeCertificate(by, message.certificate, other);
  return { kind: 'final', blocks: blocks.flatMap((block) => block ?? []).slice(0, 32), certificate };
}

function reshapeRequest(by: Reshaper, request: FetchRequest): FetchRequest {
  const { random } = by;
  switch (request.kind) {
    case 'fetch-certificates':
      return { ...request, from: edge(by, by.view), to: edge(by, by.view) };
    case 'fetch-block':
      return { ...request, hash: hashOf(by, request.hash) };
    case 'fetch-segments': {
      const place = { shard: random.pick([0, 1, 64, 65_535]), author: random.pick([0, by.n, 65_535]) };
      return { ...request, ...place, from: edge(by, by.height), to: edge(by, by.height) };
    }
    case 'fetch-final':
      return { ...request, from: edge(by, by.height) };
    case 'fetch-past':
      return { ...request, nonce: new Uint8Array(16).fill(random.below(256)) };
  }
}
