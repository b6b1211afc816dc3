import type { BatchTargets, Decision, Estimates, Sample, ShardSample } from '../../consensus/batching/types.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Segment } from '../../protocol/chain/segment.ts';
import type { KeyPair } from '../../protocol/crypto/keys.ts';
import type { Genesis } from '../../protocol/genesis.ts';
import type { SignedBallot } from '../../protocol/governance/ballot.ts';
import type { SignedOperation } from '../../protocol/governance/operation.ts';
import type { GovernanceState, HeadRow } from '../../protocol/governance/state.ts';
import type { Hash } from '../../protocol/hash.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { SignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import type { EpochProof } from '../../protocol/receipt/epoch-proof.ts';
import type { Roster } from '../../protocol/roster.ts';

/*
 * Everything RPC knows of its node. The driver implements it; RPC tests use a stand-in. Reads are of final, executed
 * data only. All times are Unix milliseconds; RPC turns them into RFC 3339, hashes into hex.
 */

export interface NodeStatus {
  readonly epoch: number;
  readonly view: number;
  /** Final and executed height here. */
  readonly height: number;
  readonly finalHeight: number;
  readonly finalizedAtMs: number | undefined;
  readonly syncing: boolean;
  readonly ready: boolean;
  /** A sentence for people when not ready: "no quorum: 2 of 4 validators are reachable, 3 are needed". */
  readonly notReadyReason: string | undefined;
  /** False when the node must not take writes (disk or journal failed). */
  readonly writable: boolean;
  readonly uptimeMs: number;
}

export interface PeerFacts {
  readonly name: string;
  readonly peer: string;
  readonly validator: boolean;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly connected: boolean;
  readonly latencyMs?: number;
  readonly lastError?: string;
}

export interface HeadFacts {
  readonly height: number;
  readonly hash: Hash;
  readonly timeMs: number;
  readonly view: number;
  /** The finalization of this block or of the first descendant that was finalized directly; none at height 0. */
  readonly certificate: Certificate | undefined;
}

export interface BlockFacts extends HeadFacts {
  readonly block: HashedBlock;
}

export interface ChainFacts {
  readonly shard: number;
  readonly author: number;
  readonly tip: { readonly height: number; readonly id: Hash };
  readonly finalHeight: number;
  /** Segments beyond the final cut. */
  readonly backlog: number;
  /** Grows by one each time its author starts it anew after losing its disk. */
  readonly incarnation: number;
  /** A final block holds proof against its author: nothing more of it is ordered. */
  readonly muted: boolean;
}

export interface SegmentFacts {
  readonly segment: Segment;
  /** Height of the block that ordered it. */
  readonly height: number;
  /** Outcome of every item, in order. */
  readonly outcomes: readonly Outcome[];
}

export interface BallotFacts {
  readonly ballot: SignedBallot;
  /** As it stands in the ledger; the first `counted` one when it was sealed more than once. */
  readonly outcome: Outcome;
  readonly height: number;
  readonly shard: number;
  /** Name of the validator in whose segment it stands. */
  readonly author: string;
}

export interface FinalFacts {
  readonly outcome: Outcome;
  readonly height: number;
  /** For `duplicate`: the ballot or operation that counts already. */
  readonly counted?: Hash;
}

/**
 * What became of something submitted here. `accepted` resolves when its segment is synced on this node, `final` when the
 * block that orders it is final and executed here. Both reject with WaggleError WAGGLE_SUBMIT_BUSY (pool or chain full:
 * nothing was taken, retry) or WAGGLE_SUBMIT_STOPPED. A caller may stop waiting at any time, or never begin to; the item
 * stays submitted.
 */
export interface Submission {
  readonly id: Hash;
  readonly shard: number;
  readonly accepted: Promise<void>;
  readonly final: Promise<FinalFacts>;
}

/** What may be asked for by its height, hash or id. */
export type HistoryRecord =
  | { readonly height: number }
  | { readonly hash: Hash }
  | { readonly segment: Hash }
  | { readonly ballot: Hash };

/** A decision of the metrics agent with its place since the start of the node. */
export interface DecisionFacts extends Decision {
  readonly seq: number;
  readonly timeMs: number;
}

/** What the metrics agent decided since the start of the node, as far as it is kept. */
export interface DecisionLog {
  /** Names this start of the node: `seq` counts in it. */
  readonly epoch: string;
  /** Of the newest; 0 before the first. */
  readonly seq: number;
  /** Newest first, those below `before` alone. */
  newest(limit: number, before?: number): readonly DecisionFacts[];
  /** Oldest first, and how many after `seq` are not kept any more. */
  after(seq: number): { readonly lost: number; readonly events: readonly DecisionFacts[] };
  /** Called after decisions were recorded. Returns how to stop. */
  listen(listener: () => void): () => void;
}

export interface FindingFacts {
  readonly code: string;
  /** How much of it there is, 0…1: of the time to finality, of a core, or of the items that came. */
  readonly share: number;
  readonly gainMs: number | undefined;
  readonly text: string;
  readonly evidence: Readonly<Record<string, number | string>>;
}

export interface AgentShardFacts {
  readonly shard: number;
  readonly targets: BatchTargets;
  /** None where batches are fixed. */
  readonly estimates: Estimates | undefined;
  readonly decision: DecisionFacts | undefined;
  /** The last window in which own items were executed. */
  readonly delivered: { readonly sample: ShardSample; readonly windowMs: number } | undefined;
}

export interface AgentFacts {
  /** `none`: an observer, which seals no batches. */
  readonly mode: 'adaptive' | 'fixed' | 'none';
  /** Own items are under way. */
  readonly isSampling: boolean;
  readonly windows: number;
  readonly last: { readonly sample: Sample; readonly timeMs: number } | undefined;
  /** The control shard first. */
  readonly shards: readonly AgentShardFacts[];
  /** Decisions since the start, by reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly decisions: DecisionLog;
  /** What holds votes up, the worst first, over the last seconds of work. */
  findings(): readonly FindingFacts[];
}

export interface NodeApi {
  readonly chain: Hash;
  readonly genesis: Genesis;
  /** This node's name in the roster, or as an observer. */
  readonly name: string;
  readonly version: string;
  /** Own ValidatorIndex; undefined for an observer. */
  readonly self: number | undefined;

  status(): NodeStatus;
  peers(): readonly PeerFacts[];
  chains(): readonly ChainFacts[];
  /** The metrics agent. `decisions` is the same object at every call. */
  agent(): AgentFacts;
  /** Governance state after the last executed block. It moves on between turns: read it without awaiting in between. */
  state(): GovernanceState;
  head(): HeadFacts;

  block(at: { readonly height: number } | { readonly hash: Hash }): Promise<BlockFacts | undefined>;
  segment(id: Hash): Promise<SegmentFacts | undefined>;
  /** What the block of a height ordered, in execution order; empty when there is no such block. */
  segmentsOf(height: number): Promise<readonly SegmentFacts[]>;
  ballot(id: Hash): Promise<BallotFacts | undefined>;
  /**
   * Ballots of a session in (voter, height, place) order, all outcomes; `after` is the opaque cursor of the last one seen.
   */
  ballots(
    space: string,
    session: string,
    options: { readonly voter?: string; readonly after?: string; readonly limit: number },
  ): Promise<readonly (BallotFacts & { readonly cursor: string })[]>;
  /** A voter's counted ballot in a session, ended ones included. */
  headOf(space: string, session: string, voter: string): Promise<HeadRow | undefined>;
  /** Electors without a counted ballot, in the order of the electorate, also of an ended session. */
  missingVoters(space: string, session: string): Promise<readonly string[]>;
  /** Whether what was not found is, or may be, in the part of the history that this node does not keep. */
  isPruned(what: HistoryRecord): Promise<boolean>;
  /** The first height whose block is kept here. */
  firstHeight(): number;
  /** The validators of an epoch, by index; undefined for one this node knows nothing of. */
  rosterOf(epoch: number): Roster | undefined;
  /** What proves the ends of epochs from this one on, ascending; some of them where there are many, none where it has not ended. */
  epochProofs(from: number): Promise<readonly EpochProof[]>;
  /** Own and collected signatures over the checkpoint of a height. */
  checkpoint(height: number): Promise<readonly SignedCheckpoint[]>;

  /** The key that the registry knows for a model, if this node's keystore has it. */
  modelKey(model: string): Promise<KeyPair | undefined>;
  /** The code of why the key file of a model could not be used when it was last needed. */
  modelKeyFault(model: string): string | undefined;
  /** The key this node signs operations with for its operator: its validator key. */
  readonly operatorKey: KeyPair;

  /** `shard` saves a hash where the caller knows it already. */
  submitBallot(signed: SignedBallot, shard?: number): Submission;
  submitOperation(signed: SignedOperation): Submission;

  /** Called after every executed block. Returns how to stop. */
  onHead(listener: (head: HeadFacts) => void): () => void;
  /** All counters and gauges in Prometheus text form. */
  metricsText(): Promise<string>;
}
