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

export interface SessionResult {
  readonly space: string;
  readonly session: string;
  readonly title?: string;
  readonly status: string;
  readonly proposals?: readonly ProposalFacts[];
  readonly electorate?: readonly { readonly voter: string; readonly role: string; readonly weight: number }[];
  readonly closesAt?: string | null;
  readonly progress?: { readonly ballots: number; readonly voters: number; readonly missing?: readonly string[] };
}

export interface ProposalFacts {
  readonly id?: string;
  readonly proposal?: string;
  readonly session?: string;
  readonly title?: string;
  readonly label?: string;
  readonly category?: string;
  readonly author?: string;
  readonly body?: string;
  readonly status?: string;
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

export interface ModelResult {
  readonly id?: string;
  readonly model?: string;
  readonly key?: string;
  readonly operator: string;
  readonly auth: string;
}
