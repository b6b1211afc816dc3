import type { Verify } from '../crypto/verify.ts';
import type { Epoch } from '../epoch.ts';
import type { Hash } from '../hash.ts';
import type { Id } from '../ids.ts';
import type { Roster } from '../roster.ts';
import type { Table } from './table.ts';
import type { Elector, ModelRecord, ProposalRecord, SessionRule, SessionStatus, SpaceRecord } from './types.ts';

/** What is settled when a session is opened, and how far it has come. Times are block times in Unix milliseconds. */
export interface SessionRow {
  readonly space: Id;
  readonly session: Id;
  readonly title: string;
  readonly label?: string;
  readonly rule: SessionRule;
  readonly electorate: readonly Elector[];
  readonly proposals: readonly ProposalRecord[];
  /** Key that opened it. */
  readonly opener: Uint8Array;
  readonly operation: Hash;
  readonly status: SessionStatus;
  readonly openedHeight: number;
  readonly opensAtMs: number;
  readonly closesAtMs?: number;
  readonly closedHeight?: number;
  readonly closedAtMs?: number;
  /** Why it ended: 'deadline', 'all-voted' or the reason of the closing operation. */
  readonly reason?: string;
}

/** Counters that move with every ballot, apart from the record so that a ballot rewrites a small row. */
export interface ProgressRow {
  /** Counted ballots, superseding ones included. */
  readonly ballots: number;
  /** Electors with a head. */
  readonly voters: number;
  /** Electors whose head answers every proposal. */
  readonly complete: number;
}

/** A voter's counted ballot in a session. */
export interface HeadRow {
  readonly ballot: Hash;
  /** The unsigned body, where ballots may be revised: what a superseding one takes back. */
  readonly body?: Uint8Array;
  /** `entriesHash`, where they may not: what a resend is compared with. */
  readonly entries?: Hash;
  readonly height: number;
}

/** Partial sums of one proposal in one shard: an abelian group, so shards add up (protocol.md, Execution). */
export interface TallyRow {
  readonly n: number;
  readonly total: number;
  readonly approve: number;
  readonly reject: number;
  readonly abstain: number;
  /** Weights 1…10 by count; empty for stances. */
  readonly histogram: readonly number[];
  /** Electors of the veto role with a low weight; with a low weight and a text. */
  readonly low: number;
  readonly lowWithText: number;
  /** All voters with a low weight. */
  readonly lowAll: number;
  /** Veto texts, whoever wrote them. */
  readonly texts: number;
}

/** An operator's node without a seat that may connect (protocol.md, Roles). */
export interface ObserverRow {
  readonly name: Id;
  /** libp2p peer id, ed25519. */
  readonly peer: string;
  /** Key that admitted it. */
  readonly sponsor: Uint8Array;
  readonly admittedHeight: number;
  readonly removedHeight?: number;
}

/** The epoch after the last executed block. */
export interface EpochRow extends Epoch {
  /** The block that ended the one before; 0 for the first. */
  readonly sealedHeight: number;
  /** The most ballot shards of any epoch so far: tallies of a shard that is no more stay rows. */
  readonly shardsMost: number;
}

/** A proposal to which the admins handed a decision. */
export interface DecidedBy {
  readonly space: Id;
  readonly session: Id;
  readonly proposal: Id;
}

/** What is to follow an epoch, and how far it has come. */
export interface ChangeRow {
  readonly epoch: number;
  /** The operation that proposed it, and its actor. */
  readonly operation: Hash;
  readonly proposer: Uint8Array;
  readonly proposedHeight: number;
  readonly next: Epoch;
  /** Keys that are new in it and have not said yet that they are there. */
  readonly waitsFor: readonly Uint8Array[];
  /** The proposal that must be approved by the end of its session (G-03); absent where the admins decided. */
  readonly decidedBy?: DecidedBy;
  /** The block that ended the session with the proposal approved. */
  readonly decidedHeight?: number;
  /** From this block on nothing is missing: any later one may end the epoch with it. */
  readonly approvedHeight?: number;
  readonly withdrawnHeight?: number;
  /** The block that ended the epoch with it. */
  readonly sealedHeight?: number;
}

export interface GovernanceState {
  readonly chain: Hash;
  /** Keyed by space. */
  readonly spaces: Table<SpaceRecord>;
  /** Keyed by model. */
  readonly models: Table<
    ModelRecord & { readonly registeredHeight: number; readonly pastKeys?: readonly Uint8Array[] }
  >;
  /** Keyed by `space/session`, as are progress and results. */
  readonly sessions: Table<SessionRow>;
  readonly progress: Table<ProgressRow>;
  /** Keyed by `space/session/voter`. */
  readonly heads: Table<HeadRow>;
  /** Keyed by `space/session/proposal/shard`. */
  readonly tallies: Table<TallyRow>;
  readonly results: Table<ResultRow>;
  /** Last applied seq by actor key (hex). */
  readonly seqs: Table<number>;
  /** Keyed by name; removed ones stay. */
  readonly observers: Table<ObserverRow>;
  /** One row, `current` (governance/epochs.ts). */
  readonly epochs: Table<EpochRow>;
  /** The change that ends an epoch, by the epoch's number. */
  readonly changes: Table<ChangeRow>;
}

/** What closing recorded. Exact integers and fractions. */
export interface ResultRow {
  readonly space: Id;
  readonly session: Id;
  readonly height: number;
  readonly timeMs: number;
  readonly quorumReached: boolean;
  /** Commits which ballot of which voter counted (heads.ts). */
  readonly headsRoot: Hash;
  readonly proposals: readonly ProposalResult[];
}

export interface ProposalResult {
  readonly proposal: Id;
  readonly n: number;
  readonly total: number;
  readonly approve: number;
  readonly reject: number;
  readonly abstain: number;
  /** Not reduced: score 10·total/n, stance 100·approve/(approve+reject); absent without a vote. */
  readonly percent?: { readonly num: number; readonly den: number };
  readonly threshold?: { readonly op: '>=' | '>'; readonly percent: { readonly num: number; readonly den: number } };
  /** Whether the threshold alone is met; absent where none was announced. */
  readonly approved?: boolean;
  readonly band?: 'approved' | 'hold' | 'rejected';
  readonly veto?: {
    readonly electors: number;
    readonly low: number;
    readonly lowWithText: number;
    readonly lowAll: number;
    readonly texts: number;
    /** Share that decides, in percent: (textRequired ? lowWithText : low)·100 / electors. */
    readonly share: { readonly num: number; readonly den: number };
    readonly resolution: 'none' | 'revision' | 'rejected';
  };
  /** The stricter of band and veto; `none` where nothing was announced. */
  readonly status: 'approved' | 'hold' | 'rejected' | 'revision' | 'none';
  /** 1 for the highest percent; equal percents share a rank. */
  readonly rank: number;
}

/** What the block being executed tells every rule: verified bytes only, never a local clock. */
export interface BlockContext {
  readonly height: number;
  readonly timeMs: number;
  readonly roster: Roster;
  readonly verify: Verify;
}
