import type { Certificate, ConsensusVote } from '../protocol/certificate.ts';
import type { CutEntry, HashedBlock } from '../protocol/chain/block.ts';
import type { Item, Segment } from '../protocol/chain/segment.ts';
import type { Standing } from '../protocol/chain/standing.ts';
import type { Verify } from '../protocol/crypto/verify.ts';
import type { Evidence } from '../protocol/evidence.ts';
import type { AppliedItem } from '../protocol/governance/applied.ts';
import type { TableName } from '../protocol/governance/rows.ts';
import type { Hash } from '../protocol/hash.ts';
import type { ShardRoots, SignedCheckpoint } from '../protocol/receipt/checkpoint.ts';
import type { EpochProof } from '../protocol/receipt/epoch-proof.ts';
import type { Roster } from '../protocol/roster.ts';
import type { SnapshotHead } from '../protocol/snapshot/head.ts';
import type { SignedSnapshot, Snapshot } from '../protocol/snapshot/snapshot.ts';
import type { FrozenState } from '../protocol/snapshot/stream.ts';

/** What a replica is told once; equal on all validators but for `self` and the signer. */
export interface ReplicaConfig {
  readonly chain: Hash;
  readonly roster: Roster;
  /** Own ValidatorIndex; undefined for an observer, which follows finality and signs nothing. */
  readonly self: number | undefined;
  /** Ballot shards 1…S; shard 0 is the control shard. */
  readonly shards: number;
  /** D of consensus.md 2.5. */
  readonly viewTimerMs: number;
  /** T of consensus.md 2.7. */
  readonly blockIntervalMs: number;
  /** Blocks between two snapshots (K-03); LIMITS says where it is absent. */
  readonly snapshotIntervalBlocks?: number;
  /** The ballot shard of each slot, where the epoch has a table of its own. */
  readonly slots?: Uint8Array;
  readonly sign: (message: Uint8Array) => Uint8Array;
  readonly verify: Verify;
  /** The newest protocol version of this build (N-05); PROTOCOL_VERSION where it is absent. */
  readonly spoken?: number;
  /** Keys this node may have a seat by in a later epoch, `sign`'s among them. */
  readonly keyring?: Signer[];
  /** Of the epoch before, as far as this replica lived in it: for signatures that were under way at its end. */
  readonly rosterBefore?: Roster;
}

export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/**
 * Where execution stands: what a replica starts from. Before the first block: height 0, view 0, hash = chain id. After a
 * block that ended its epoch: the start of the next, view 0 and no cut (anchor.ts).
 */
export interface Anchor {
  /** Of the next block. */
  readonly epoch: number;
  readonly height: number;
  readonly view: number;
  readonly hash: Hash;
  readonly timeMs: number;
  /** Commits every executed block and its roots; zero before the first. */
  readonly history: Hash;
  /** The whole cut after this block: every chain that ever advanced. */
  readonly cut: readonly CutEntry[];
  /** What blocks settled about authors; who never did anything of note is absent (E-01). */
  readonly standings: readonly Standing[];
}

/** Time comes in with the input: `monoMs` for timers, `wallMs` only for block.time and for telling `session.due`. */
export interface Now {
  readonly monoMs: number;
  readonly wallMs: number;
}

/** A leader's offer; its signature is the leader's notarize vote. */
export interface Propose {
  readonly kind: 'propose';
  readonly block: HashedBlock;
  readonly signature: Uint8Array;
}

/** Where a vote chain stands here, so that work known to one becomes known to all. */
export interface TipStatus {
  readonly shard: number;
  readonly author: number;
  readonly height: number;
}

export const TIPS_MAX = 64;

export interface Status {
  readonly kind: 'status';
  readonly epoch: number;
  readonly view: number;
  readonly finalView: number;
  readonly finalHeight: number;
  /** Chains that are linked here beyond the final cut, the sender's own first; at most TIPS_MAX. */
  readonly tips: readonly TipStatus[];
  readonly checkpoint: SignedCheckpoint | undefined;
}

/**
 * Requests travel on the sync protocol; what answers them are certificates, blocks, segments and finals. All are of one
 * epoch, the asker's: views and chains begin anew with each, and a final block of another could not be judged.
 */
export type FetchRequest = { readonly epoch?: number } & (
  | { readonly kind: 'fetch-certificates'; readonly from: number; readonly to: number }
  | { readonly kind: 'fetch-block'; readonly hash: Hash }
  | {
      readonly kind: 'fetch-segments';
      readonly shard: number;
      readonly author: number;
      /** Lowest height wanted. */
      readonly from: number;
      /** Highest height wanted, and the id it must have where a block names it. */
      readonly to: number;
      readonly tip: Hash | undefined;
    }
  | { readonly kind: 'fetch-final'; readonly from: number }
  /** F-01: in which view are you? 16 bytes that tie the answer to the question. */
  | { readonly kind: 'fetch-past'; readonly nonce: Uint8Array }
);

/** For a state in whole. They do not pass through a step: the driver asks, and checks each answer against a signed root. */
export type SnapshotRequest =
  | { readonly kind: 'fetch-manifest'; readonly height: number }
  | { readonly kind: 'fetch-chunk'; readonly height: number; readonly index: number }
  /** What leads from the history of one height to that of another. */
  | { readonly kind: 'fetch-history'; readonly from: number; readonly to: number }
  /** What proves the ends of this epoch and of those after it. */
  | { readonly kind: 'fetch-epochs'; readonly from: number };

/** What a block adds to the history: history(h) = H(history(h − 1), blockHash, root). */
export interface HistoryLink {
  readonly blockHash: Hash;
  readonly root: Hash;
}

export type SnapshotAnswer =
  /** The leaves of all chunks, which make the root. */
  | { readonly kind: 'manifest'; readonly height: number; readonly leaves: readonly Hash[] }
  | { readonly kind: 'chunk'; readonly height: number; readonly index: number; readonly bytes: Uint8Array }
  /** Of consecutive blocks, ascending. */
  | { readonly kind: 'history'; readonly from: number; readonly links: readonly HistoryLink[] }
  /** Of consecutive epochs, ascending; none where the asked one has not ended here. */
  | { readonly kind: 'epochs'; readonly from: number; readonly proofs: readonly EpochProof[] };

export type Message =
  | Propose
  | { readonly kind: 'vote'; readonly vote: ConsensusVote }
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  | Status
  | { readonly kind: 'checkpoint'; readonly checkpoint: SignedCheckpoint }
  /** What a block shall carry about an author: a proof of equivocation, or its restart. */
  | { readonly kind: 'evidence'; readonly evidence: Evidence }
  | FetchRequest
  | { readonly kind: 'block'; readonly block: HashedBlock }
  | { readonly kind: 'segment'; readonly segment: Segment }
  /**
   * Consecutive blocks above the asker's final height, the last one finalized by the certificate. What ends an epoch may
   * be finalized by a descendant, which is no block of the ledger.
   */
  | { readonly kind: 'final'; readonly blocks: readonly HashedBlock[]; readonly certificate: Certificate }
  /** The answer to `fetch-past`: the highest view its sender is in or may ever have voted in. */
  | { readonly kind: 'past'; readonly epoch?: number; readonly nonce: Uint8Array; readonly view: number }
  | { readonly kind: 'snapshot'; readonly signed: SignedSnapshot }
  /** Instead of an answer: the sender holds nothing of the blocks up to this height any more. */
  | { readonly kind: 'pruned'; readonly height: number }
  | SnapshotRequest
  | SnapshotAnswer;

export type Input =
  /** Boot is over: the journal is replayed and the network may be used. */
  | {
      readonly kind: 'start';
      /** 16 random bytes; needed where a fence may be pending. */
      readonly nonce?: Uint8Array;
      /** This node cannot know what it signed before: it starts behind the fence (F-01). */
      readonly amnesia?: boolean;
    }
  /** The time asked for by `wakeAtMs` has come, or any other reason to look at the clock. */
  | { readonly kind: 'tick' }
  /** Canonical, from an authenticated peer; window and signatures are checked by `admit`, inside the step. */
  | { readonly kind: 'message'; readonly from: number; readonly message: Message }
  /** An item this node takes responsibility for. */
  | { readonly kind: 'submit'; readonly shard: number; readonly item: Item; readonly id: Hash }
  /** Everything persisted by earlier steps is durable. */
  | { readonly kind: 'synced' }
  /** The driver made the snapshot that was due, or has it from before a restart (K-03). */
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot };

/** A journal record. The order of records is causal: what a vote rests on stands before it (consensus.md 2.8). */
export type JournalEntry =
  | { readonly kind: 'segment'; readonly segment: Segment }
  | { readonly kind: 'block'; readonly block: HashedBlock }
  | { readonly kind: 'certificate'; readonly certificate: Certificate }
  /** Own notarize, with the block it is for: the own proposal when self leads the view. */
  | { readonly kind: 'notarize'; readonly vote: ConsensusVote; readonly block: HashedBlock }
  | { readonly kind: 'nullify'; readonly vote: ConsensusVote }
  /** Own finalize with the notarization it rests on, in one record: who finalized must keep serving it. */
  | { readonly kind: 'finalize'; readonly vote: ConsensusVote; readonly notarization: Certificate }
  /** F-01: what this node signed in views up to this one is lost; without a view, in any. F-04: from the epoch before. */
  | { readonly kind: 'fence'; readonly view: number | undefined; readonly isInherited?: boolean }
  /** C-07: accepted in an epoch that ended without it. */
  | { readonly kind: 'leftover'; readonly shard: number; readonly item: Item }
  /** E-02: not in a final block yet; an own restart, for good. */
  | { readonly kind: 'evidence'; readonly evidence: Evidence };

export type Send =
  | {
      readonly to: number | 'all';
      readonly message: Message;
      /** A request for what a peer merely claims to have: it makes room for those that rules wait for. */
      readonly isClaim?: true;
    }
  /** A segment of one's own, to the shard's topic. */
  | { readonly to: 'shard'; readonly segment: Segment };

export interface ExecutedSegment {
  readonly segment: Segment;
  readonly items: readonly AppliedItem[];
}

/** A final block with all that executing it did. */
export interface ExecutedBlock {
  readonly block: HashedBlock;
  /** The finalization of this block, when it was finalized directly. */
  readonly certificate: Certificate | undefined;
  /** In execution order. */
  readonly segments: readonly ExecutedSegment[];
  readonly shards: readonly ShardRoots[];
  /** Own signature over it; none without a seat. */
  readonly checkpoint: SignedCheckpoint | undefined;
  /** Rows of the governance state the block touched, by table, and which of them were not there before. */
  readonly touched: readonly {
    readonly table: TableName;
    readonly keys: readonly string[];
    readonly added: ReadonlySet<string>;
  }[];
  /** Where execution stands after it. */
  readonly anchor: Anchor;
  /** Of the block that ended its epoch: what proves it final. */
  readonly seal?: SealProof;
}

export type SealProof = Omit<EpochProof, 'seal'>;

export type Delivery =
  /** Own items are sealed and durable here: *accepted*. */
  | { readonly kind: 'sealed'; readonly segment: Segment; readonly ids: readonly Hash[] }
  /** An item of this node's own that others have to seal: it has no seat, or may not. */
  | { readonly kind: 'carry'; readonly shard: number; readonly item: Item; readonly id: Hash }
  /** The pool or the vote chain is full; nothing was taken. */
  | { readonly kind: 'busy'; readonly id: Hash; readonly shard: number }
  | { readonly kind: 'finalized'; readonly height: number; readonly view: number; readonly certificate: Certificate }
  | { readonly kind: 'executed'; readonly executed: ExecutedBlock }
  /** f + 1 validators signed one and the same checkpoint of an executed block. */
  | { readonly kind: 'checkpoint'; readonly signed: readonly SignedCheckpoint[] }
  /** K-03: the state after the block just executed, to be made into a snapshot. A later one makes it stale. */
  | { readonly kind: 'snapshot-due'; readonly place: Omit<SnapshotHead, 'rowCounts'>; readonly state: FrozenState }
  /** f + 1 validators signed one and the same snapshot, executed here or not. */
  | { readonly kind: 'snapshot'; readonly signed: readonly SignedSnapshot[] }
  /** Something a peer sent was not taken, and why: a counter, never silence (reliability.md 6, rule 11). */
  | { readonly kind: 'refused'; readonly from: number; readonly reason: string }
  | { readonly kind: 'evidence'; readonly what: string; readonly offender: number; readonly view: number }
  /** A final block changed what an author may do (E-01). */
  | { readonly kind: 'standing'; readonly standing: Standing }
  /** More than f faults or divergent software: the driver stores the facts and stops the process. */
  | { readonly kind: 'violation'; readonly invariant: string; readonly facts: string };

/**
 * What one step asks for. Records are of two kinds: a *promise* is what others or clients may build on once they see it
 * (own votes, own segments, a finalization); a *note* is what only a later promise rests on (certificates, others'
 * segments, blocks). The driver appends all of them in order. With `mustSync` it starts `send` and `deliver` only after
 * every record so far is synced, then feeds back `synced`: only then does an own vote count at home (consensus.md 2.8,
 * rule 2). Without it nothing waits: the notes reach the disk before the next promise, in the same sync (D-05).
 */
export interface Effects {
  readonly persist: JournalEntry[];
  /** Whether `persist` holds a promise. */
  readonly mustSync: boolean;
  readonly send: Send[];
  readonly deliver: Delivery[];
  /** Step again with `tick` at this monotonic time at the latest. */
  wakeAtMs: number | undefined;
}

/** The driver tells the operator what to do about it. */
export const OWN_PAST = 'a signature of this node that its journal does not have';
