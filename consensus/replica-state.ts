import type { Certificate, ConsensusVote } from '../protocol/certificate.ts';
import type { HashedBlock } from '../protocol/chain/block.ts';
import type { Evidence } from '../protocol/evidence.ts';
import type { GovernanceState } from '../protocol/governance/state.ts';
import type { Hash } from '../protocol/hash.ts';
import type { Pool } from './batching/pool.ts';
import type { Authors } from './chains/author.ts';
import type { Leftovers } from './chains/leftovers.ts';
import type { VoteChains } from './chains/vote-chains.ts';
import type { Checkpoints } from './execution/checkpoints.ts';
import type { Agenda } from './execution/due.ts';
import type { Snapshots } from './execution/snapshots.ts';
import type { Outbox } from './outbox.ts';
import type { Fence } from './simplex/fence-state.ts';
import type { Fetches } from './simplex/fetches.ts';
import type { BlockNode, BlockTree } from './simplex/tree.ts';
import type { Views } from './simplex/views.ts';
import type { Anchor, Now, ReplicaConfig, SealProof, Status } from './types.ts';

/** What is known of another validator from its own stream. */
export interface PeerState {
  /** When anything authenticated last came from it: a dead leader is told by silence (T-03). */
  heardAtMs: number;
  status: Status | undefined;
  /** The highest view it is known to be in. */
  view: number;
  /** When it was last asked for certificates because it is ahead, and pushed some because it is behind. */
  askedAtMs: number;
  pushedAtMs: number;
  /** Nothing of it is looked at before. */
  mutedUntilMs: number;
  /** It said that it holds no block up to this height any more. */
  prunedHeight: number;
  /** What it claims to have and this node lacks, asked of it alone. */
  readonly claims: Fetches;
}

/** A final block waiting for its segments to be executed. */
export interface FinalBlock {
  readonly node: BlockNode;
  readonly block: HashedBlock;
  /** When the block itself, not a descendant, was finalized. */
  readonly certificate: Certificate | undefined;
}

/** Timers of the current view; all monotonic. */
export interface ViewClock {
  enteredAtMs: number;
  /** Since when there is work; undefined = dormant: no timers, no proposal (W-02). */
  armedAtMs: number | undefined;
  /** Work came after entering: one more D, so that the leader learns of it too. */
  late: boolean;
  retryAtMs: number;
}

/**
 * One validator's whole state: what the rules read and change. In place for speed; nobody outside a step touches it.
 * What must survive a crash is in the journal or follows from it.
 */
export interface Replica {
  readonly config: ReplicaConfig;
  /** The governance state after the last executed block. */
  state: GovernanceState;
  readonly chains: VoteChains;
  readonly authors: Authors;
  readonly pool: Pool;
  readonly leftovers: Leftovers;
  readonly views: Views;
  readonly tree: BlockTree;
  readonly fetches: Fetches;
  readonly checkpoints: Checkpoints;
  readonly snapshots: Snapshots;
  readonly peers: readonly PeerState[];
  readonly clock: ViewClock;
  /** Current view: the one after the highest certified one. */
  view: number;
  finalView: number;
  finalHeight: number;
  /** The finalization of the highest final block, for peers that are behind. */
  finalization: Certificate | undefined;
  /** The last executed block. */
  executed: Anchor;
  started: boolean;
  /** Two certificates that cannot both be: voting has stopped (S-09). */
  violated: boolean;
  /** Own votes that are signed but not synced yet. */
  unsynced: ConsensusVote[];
  /** Views whose votes or certificates changed since the rules last looked. */
  readonly dirty: Set<number>;
  /** Finalizations whose block or ancestors are not all held yet, by view. */
  readonly unresolved: Map<number, Certificate>;
  /** What proves the end of the epoch final, once it is: from then on nothing of this epoch is signed (N-02). */
  seal: SealProof | undefined;
  /** Final blocks to execute, ascending. */
  readonly executions: FinalBlock[];
  /** When the last proposal was made or seen, and the last own notarize cast (W-04, pacing). */
  proposedAtMs: number;
  notarizedAtMs: number;
  /** When the next Status is due, and when the last one left. */
  statusAtMs: number;
  statusSentAtMs: number;
  /** Certificates to relay, and when. */
  relays: { readonly certificate: Certificate; readonly atMs: number }[];
  /** Deadlines told, by session: when, so that each is told again only after a while. */
  readonly deadlinesTold: Map<string, number>;
  readonly agenda: Agenda;
  /** G-02: of which change this node said that it is ready, and when. */
  readyTold: { readonly change: Hash; readonly atMs: number } | undefined;
  /** What was told of equivocation, once each. */
  readonly accused: Set<string>;
  /** What waits for a block: a proof and a restart an author at most (E-02). */
  readonly evidence: Map<string, Evidence>;
  /** Own restarts of this journal by operation id, the newest last (F-03). */
  readonly ownRestarts: Map<string, Evidence>;
  /** Present for good once this node lost what it signed (F-01). */
  fence: Fence | undefined;
  /** Bodies asked for by hash: only these are taken from an answer. */
  readonly wantedBlocks: Map<string, Hash>;
  /** Since when the highest notarized block waits for finality, for flushing (W-03). */
  unfinalSinceMs: number | undefined;
}

/** What a rule works with: the replica, the time, and where its wishes go. */
export interface Turn {
  readonly replica: Replica;
  readonly now: Now;
  readonly out: Outbox;
}
