import type { Fraction } from '../../protocol/governance/types.ts';

/* Results of JSON-RPC as clients read them: the fields the command line and the testnet use (interface.md). */

export interface NodeStatusResult {
  readonly chain: string;
  readonly name: string;
  readonly version: string;
  readonly role: string;
  readonly epoch: number;
  readonly view: number;
  readonly height: number;
  readonly finalizedAt?: string | null;
  readonly syncing: boolean;
  readonly ready: boolean;
  readonly notReadyReason?: string;
  readonly peers: number;
  readonly shards: number;
  readonly uptimeMs: number;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string | null;
  readonly at: { readonly height: number };
}

export interface SessionSummary {
  readonly space: string;
  readonly session: string;
  readonly title?: string;
  readonly status: string;
  readonly closesAt?: string | null;
  readonly closedAt?: string;
  readonly progress?: { readonly voters: number; readonly electors: number };
}

/** What of the rule of a session a screen says in words; the whole is in -o json. */
export interface RuleFacts {
  readonly method: string;
  readonly threshold?: { readonly op: string; readonly percent: Fraction } | null;
  readonly quorum?: object;
  readonly veto?: object;
  readonly revisable?: boolean;
  readonly complete?: boolean;
  readonly close: string;
}

export interface SessionResult {
  readonly space: string;
  readonly session: string;
  readonly title?: string;
  readonly status: string;
  readonly rule?: RuleFacts;
  readonly closedAt?: string;
  readonly reason?: string;
  readonly proposals?: readonly ProposalFacts[];
  readonly electorate?: readonly { readonly voter: string; readonly role: string; readonly weight: number }[];
  readonly closesAt?: string | null;
  readonly progress?: {
    readonly ballots: number;
    readonly voters: number;
    readonly missing?: readonly string[];
    readonly missingCount?: number;
  };
}

export interface ProposalFacts {
  readonly id?: string;
  readonly session?: string;
  readonly title?: string;
  readonly label?: string;
  readonly category?: string;
  readonly author?: string;
  readonly body?: string;
  readonly status?: string;
  readonly sessionStatus?: string;
}

export interface SubmitResult {
  readonly ballot: string;
  readonly shard: number;
  readonly status: string;
  readonly outcome?: string;
  readonly height?: number;
  readonly finalMs?: number;
}

export interface OperationResult {
  readonly operation: string;
  readonly outcome?: string;
  readonly status?: string;
  readonly session?: string;
  readonly height?: number;
}

export interface TallyResult {
  readonly space: string;
  readonly session: string;
  readonly final: boolean;
  readonly height: number;
  readonly quorumReached?: boolean;
  readonly proposals: readonly TallyProposal[];
}

export interface TallyProposal {
  readonly proposal: string;
  readonly n: number;
  readonly total: number;
  readonly percent?: Fraction | null;
  readonly threshold?: { readonly op: string; readonly percent: Fraction } | null;
  readonly approved?: boolean | null;
  readonly band?: string | null;
  readonly veto?: {
    readonly electors: number;
    readonly low: number;
    readonly lowWithText: number;
    readonly lowAll: number;
    readonly texts: number;
    readonly share: Fraction;
    readonly resolution: string;
  } | null;
  readonly status: string;
  readonly rank: number;
}

export interface BallotFacts {
  readonly ballot: string;
  readonly space: string;
  readonly session: string;
  readonly voter: string;
  readonly time: string;
  readonly entries: readonly {
    readonly proposal: string;
    readonly choice: number | string;
    readonly comment?: string;
    readonly veto?: string;
  }[];
  readonly auth: string;
  readonly outcome: string;
  readonly height: number;
  readonly shard: number;
  readonly author: string;
  readonly supersededBy?: string;
}

export interface ModelResult {
  readonly id?: string;
  readonly key?: string;
  readonly operator: string;
  readonly auth: string;
  readonly role?: string;
  readonly status?: string;
}

export interface SpaceResult {
  readonly id: string;
  readonly title: string;
  readonly openers: readonly string[];
}

export interface GenesisResult {
  readonly network: string;
  readonly createdAt: string;
  readonly validators: readonly { readonly name: string; readonly peer: string; readonly addrs?: readonly string[] }[];
  readonly params?: { readonly shards: number; readonly viewTimerMs: number; readonly blockIntervalMs: number };
}

export interface HeadResult {
  readonly height: number;
  readonly hash: string;
  readonly time: string;
  readonly view: number;
  readonly certificate: { readonly kind: string; readonly view: number; readonly signers: readonly number[] } | null;
}

export interface BlockResult extends HeadResult {
  readonly parentHash: string;
  readonly proposer: string;
  readonly cut: readonly {
    readonly shard: number;
    readonly author: number;
    readonly height: number;
    readonly tip: string;
  }[];
}

export interface SegmentResult {
  readonly shard: number;
  readonly name: string;
  readonly height: number;
  readonly sizeBytes: number;
  readonly time: string;
  readonly orderedAt: number;
  readonly items: readonly {
    readonly kind: string;
    readonly id: string;
    readonly outcome: string | null;
    readonly space?: string;
    readonly session?: string;
    readonly voter?: string;
    readonly operation?: string;
  }[];
}

export interface ChainResult {
  readonly shard: number;
  readonly name: string;
  readonly tip: { readonly height: number; readonly id: string };
  readonly finalHeight: number;
  readonly backlog: number;
  /** Absent in answers of builds that had neither. */
  readonly incarnation?: number;
  readonly muted?: boolean;
}

export interface TargetsResult {
  readonly itemsTarget: number;
  readonly bytesTarget: number;
  readonly lingerMs: number;
  readonly inFlightSegmentsMax: number;
}

export interface AgentShardResult {
  readonly shard: number;
  readonly phase: string | null;
  readonly targets: TargetsResult;
  readonly inFlightSegments: number;
  readonly deliveredPerS: number;
  readonly finalMs: { readonly p50: number; readonly p99: number } | null;
  readonly parts: { readonly sealMs: number; readonly orderMs: number; readonly executeMs: number } | null;
}

export interface AgentStatusResult {
  readonly mode: string;
  readonly sampling: boolean;
  readonly windows: number;
  readonly sampledAt: string | null;
  readonly machine: {
    readonly loopDelayMsP99: number;
    readonly cpuShare: number;
    readonly syncMs?: number;
    readonly residentBytes: number;
    readonly links: readonly { readonly roundTripMs?: number }[];
  } | null;
  readonly shards: readonly AgentShardResult[];
  readonly decisions: { readonly count: number };
}

export interface FindingsResult {
  readonly findings: readonly {
    readonly code: string;
    readonly share: number;
    readonly gainMs?: number;
    readonly text: string;
    readonly evidence: Readonly<Record<string, number | string>>;
  }[];
}

export interface DecisionResult {
  readonly seq: number;
  readonly time: string;
  readonly shard: number;
  readonly phase: string;
  readonly reason: string;
  readonly targets: TargetsResult;
}

export interface CheckpointResult {
  readonly epoch: number;
  readonly height: number;
  readonly history: string;
  readonly root: string;
  readonly signatures: readonly { readonly name: string; readonly signature: string }[];
  readonly differing: number;
}
