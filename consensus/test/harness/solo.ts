import { type Certificate, type ConsensusVote, type VoteKind, voteDigest } from '../../../protocol/certificate.ts';
import { type Block, type CutEntry, type HashedBlock, hashBlock } from '../../../protocol/chain/block.ts';
import { type Segment, sealSegment } from '../../../protocol/chain/segment.ts';
import { type KeyPair, keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { verify } from '../../../protocol/crypto/verify.ts';
import { type Restart, restartBody, restartOf } from '../../../protocol/evidence.ts';
import { chainId, genesisRoster, parseGenesis } from '../../../protocol/genesis.ts';
import { createState } from '../../../protocol/governance/create.ts';
import { encodeSignedOperation, signOperation } from '../../../protocol/governance/operation.ts';
import { type Hash, ZERO_HASH } from '../../../protocol/hash.ts';
import { toHex } from '../../../protocol/hex.ts';
import { leaderOf } from '../../../protocol/roster.ts';
import { genesisAnchor } from '../../anchor.ts';
import { answer } from '../../answer.ts';
import { type BatchPolicy, FIXED_BATCHES } from '../../batching/pool.ts';
import { createReplica, restore, step } from '../../replica.ts';
import type { Replica } from '../../replica-state.ts';
import type { Anchor, Delivery, Effects, FetchRequest, Input, JournalEntry, Message } from '../../types.ts';

/** Of the four validators, and of who may join them. */
export const KEYS: readonly KeyPair[] = [1, 2, 3, 4, 5, 6].map((byte) =>
  keyPairFromSeed(new Uint8Array(32).fill(byte)),
);
export const WALL_MS = 1_800_000_000_000;
/** When a Solo is made, by its own clock: blocks of the harness are of that time. */
const START_MS = 10_000;

export const GENESIS = parseGenesis({
  v: 1,
  network: 'solo',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: KEYS.slice(0, 4).map(({ publicKey }, at) => ({
    name: `v${at}`,
    key: toHex(publicKey),
    peer: `p${at}`,
    addrs: [],
  })),
  models: [],
  spaces: [],
  admins: { keys: [toHex(keyOf(0).publicKey)], threshold: 1 },
  params: { shards: 2, viewTimerMs: 100, blockIntervalMs: 20 },
});

export const CHAIN = chainId(GENESIS);
export const ROSTER = genesisRoster(GENESIS);
export const ANCHOR: Anchor = genesisAnchor(CHAIN);

export function keyOf(index: number): KeyPair {
  const key = KEYS[index];
  if (key === undefined) throw new RangeError(`no validator ${index}`);
  return key;
}

/** With a validator's key. */
export function signAs(signer: number, message: Uint8Array): Uint8Array {
  return keyOf(signer).sign(message);
}

export function vote(kind: VoteKind, view: number, blockHash: Hash | undefined, signer: number): ConsensusVote {
  const subject = { kind, epoch: 0, view, blockHash };
  return { ...subject, signer, signature: keyOf(signer).sign(voteDigest(CHAIN, subject)) };
}

/** Signers who are not the node under test, mostly the leader of view 4: it knows what it signed (F-02). */
const SIGNERS = [0, 1, 2, 3].filter((index) => index !== leaderOf(ROSTER, 4));

export function certificate(kind: VoteKind, view: number, hash: Hash | undefined, signers = SIGNERS): Certificate {
  const signatures = signers.map((signer) => vote(kind, view, hash, signer).signature);
  return { kind, epoch: 0, view, blockHash: hash, signers, signatures };
}

/** The next segment of a chain with one (undecodable) item: execution gives it an outcome all the same. */
export function segment(author: number, height = 1, parent: Hash = ZERO_HASH, mark = 0, incarnation = 0): Segment {
  const place = { chain: CHAIN, epoch: 0, incarnation, shard: 1, author, height, parent, timeMs: WALL_MS };
  return sealSegment(place, [{ kind: 9, bytes: Uint8Array.of(mark) }], keyOf(author).sign);
}

/** `chain.restart` of an author, by its own key unless told otherwise. */
export function restart(author: number, incarnation: number, signer = author, notAfterMs = WALL_MS + 600_000): Restart {
  const { publicKey, sign } = keyOf(signer);
  const body = restartBody(0, author, incarnation, new Uint8Array(16).fill(incarnation));
  const facts = {
    chain: CHAIN,
    actor: publicKey,
    seq: 0,
    notAfterMs,
    timeMs: WALL_MS,
    kind: 'chain.restart',
    body,
  } as const;
  return restartOf(encodeSignedOperation(signOperation(facts, [{ publicKey, sign }])));
}

export function cutOf(...segments: readonly Segment[]): CutEntry[] {
  return segments
    .map(({ header, id }) => ({
      shard: header.shard,
      author: header.author,
      incarnation: header.incarnation,
      height: header.height,
      tip: id,
    }))
    .sort((a, b) => a.author - b.author);
}

/** A block of a view on genesis, by its leader; `changed` overrides any field. */
export function block(view: number, cut: readonly CutEntry[], changed: Partial<Block> = {}): HashedBlock {
  return hashBlock({
    chain: CHAIN,
    epoch: 0,
    view,
    height: 1,
    parentView: 0,
    parentHash: CHAIN,
    proposer: leaderOf(ROSTER, view),
    flags: 0,
    timeMs: WALL_MS + START_MS,
    cut,
    evidence: [],
    ...changed,
  });
}

/** A block on another one. */
export function child(
  parent: HashedBlock,
  view: number,
  cut: readonly CutEntry[],
  changed: Partial<Block> = {},
): HashedBlock {
  const { height, view: parentView, timeMs } = parent.block;
  return block(view, cut, { height: height + 1, parentView, parentHash: parent.hash, timeMs: timeMs + 1, ...changed });
}

export function proposal(hashed: HashedBlock, signer = hashed.block.proposer): Message {
  const { signature } = vote('notarize', hashed.block.view, hashed.hash, signer);
  return { kind: 'propose', block: hashed, signature };
}

type StartFacts = Omit<Extract<Input, { kind: 'start' }>, 'kind'>;

function neverSign(): never {
  throw new RangeError('an observer signed something');
}

/** One replica, its disk and a hand-driven clock: `receive` and `wait` step it and sync at once unless told otherwise. */
export class Solo {
  readonly self: number | undefined;
  readonly replica: Replica;
  readonly journal: JournalEntry[] = [];
  readonly sent: Message[] = [];
  readonly delivered: Delivery[] = [];
  /** Whether what is persisted becomes durable by itself. */
  syncs = true;
  nowMs: number;

  /** Without a seat: an observer, which must never sign. */
  constructor(
    self: number | undefined,
    journal: readonly JournalEntry[] = [],
    nowMs = START_MS,
    start: StartFacts = {},
    batches: BatchPolicy = FIXED_BATCHES,
    keyring: readonly KeyPair[] = self === undefined ? [] : [keyOf(self)],
  ) {
    this.self = self;
    this.nowMs = nowMs;
    const sign = self === undefined ? neverSign : keyOf(self).sign;
    const config = {
      chain: CHAIN,
      roster: ROSTER,
      self,
      shards: 2,
      viewTimerMs: 100,
      blockIntervalMs: 20,
      sign,
      verify,
      keyring: [...keyring],
    };
    this.replica = createReplica(config, createState(GENESIS), ANCHOR, batches);
    for (const entry of journal) restore(this.replica, entry);
    this.journal.push(...journal);
    this.step({ kind: 'start', ...start });
  }

  step(input: Input): Effects {
    const effects = step(this.replica, input, { monoMs: this.nowMs, wallMs: WALL_MS + this.nowMs });
    this.journal.push(...effects.persist);
    for (const { to, ...send } of effects.send) if (to !== 'shard' && 'message' in send) this.sent.push(send.message);
    this.delivered.push(...effects.deliver);
    if (effects.mustSync && this.syncs) this.step({ kind: 'synced' });
    return effects;
  }

  receive(from: number, ...messages: readonly Message[]): Effects[] {
    return messages.map((message) => this.step({ kind: 'message', from, message }));
  }

  vote(kind: VoteKind, view: number, hash: Hash | undefined, ...signers: readonly number[]): void {
    for (const signer of signers) this.receive(signer, { kind: 'vote', vote: vote(kind, view, hash, signer) });
  }

  /** Let time pass in steps of 10 ms. */
  wait(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += 10;
      this.step({ kind: 'tick' });
    }
  }

  answers(request: FetchRequest): Message[] {
    return answer(this.replica, request);
  }

  /** Own votes sent so far, each once, as `kind:view`. */
  votes(): string[] {
    const own: string[] = [];
    for (const message of this.sent) {
      if (message.kind === 'vote') own.push(`${message.vote.kind}:${message.vote.view}`);
      if (message.kind === 'propose') own.push(`propose:${message.block.block.view}`);
    }
    return [...new Set(own)];
  }

  /** Texts of evidence, refusals and violations. */
  told(kind: 'evidence' | 'refused' | 'violation'): string[] {
    return this.delivered.flatMap((one) => {
      if (one.kind !== kind) return [];
      return [one.kind === 'evidence' ? one.what : one.kind === 'refused' ? one.reason : one.invariant];
    });
  }

  sentOf<Kind extends Message['kind']>(kind: Kind): Extract<Message, { kind: Kind }>[] {
    return this.sent.filter((message): message is Extract<Message, { kind: Kind }> => message.kind === kind);
  }
}
