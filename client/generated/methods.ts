/*
 * Generated from the OpenRPC document of the node by `npm run client`: do not edit.
 * Params and results of every method, the map of methods, and what token each wants.
 */

export type RpcDiscoverParams = Record<string, never>;

export type RpcDiscoverResult = {
  openrpc: string;
} & Record<string, unknown>;

export type NodeStatusParams = Record<string, never>;

export type NodeStatusResult = {
  chain: string;
  name: string;
  version: string;
  role: 'validator' | 'observer' | 'candidate';
  epoch: number;
  view: number;
  height: number;
  finalHeight: number;
  finalizedAt: string | null;
  syncing: boolean;
  ready: boolean;
  notReadyReason?: string;
  writable: boolean;
  peers: number;
  shards: number;
  custody: 'full';
  uptimeMs: number;
};

export type NodePeersParams = Record<string, never>;

export type NodePeersResult = readonly {
  name: string;
  peer: string;
  validator?: string;
  address: string;
  direction: 'inbound' | 'outbound';
  connected: boolean;
  latencyMs?: number;
  lastError?: string;
}[];

export type NetworkGetParams = {
  actor?: string;
};

export type NetworkGetResult = {
  epoch: number;
  validators: readonly {
    name: string;
    key: string;
    peer: string;
    addrs: readonly string[];
  }[];
  admins: {
    keys: readonly string[];
    threshold: number;
  };
  params: {
    shards: number;
    viewTimerMs: number;
    blockIntervalMs: number;
    snapshotIntervalBlocks?: number;
    version: number;
    slots: 'dealt' | 'listed';
  };
  sealedHeight: number;
  change?: {
    operation: string;
    proposedHeight: number;
    waitsFor: readonly {
      name: string;
      key: string;
    }[];
    decidedBy?: {
      space: string;
      session: string;
      proposal: string;
    };
    approvedHeight?: number;
    next: {
      epoch: number;
      validators: readonly {
        name: string;
        key: string;
        peer: string;
        addrs: readonly string[];
      }[];
      admins: {
        keys: readonly string[];
        threshold: number;
      };
      params: {
        shards: number;
        viewTimerMs: number;
        blockIntervalMs: number;
        snapshotIntervalBlocks?: number;
        version: number;
        slots: 'dealt' | 'listed';
      };
    };
  };
  seq?: number;
};

export type OperationSubmitParams = {
  operation: string;
  await?: 'accepted' | 'final';
};

export type OperationSubmitResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type ChainGenesisParams = Record<string, never>;

export type ChainGenesisResult = {
  v: 1;
  network: string;
  validators: readonly Record<string, unknown>[];
} & Record<string, unknown>;

export type ChainHeadParams = Record<string, never>;

export type ChainHeadResult = {
  height: number;
  hash: string;
  time: string;
  view: number;
  certificate: {
    kind: 'notarize' | 'nullify' | 'finalize';
    epoch: number;
    view: number;
    blockHash: string | null;
    signers: readonly number[];
    signatures: readonly string[];
  } | null;
};

export type ChainGetBlockParams = {
  height?: number;
  hash?: string;
};

export type ChainGetBlockResult = {
  height: number;
  hash: string;
  time: string;
  view: number;
  certificate: {
    kind: 'notarize' | 'nullify' | 'finalize';
    epoch: number;
    view: number;
    blockHash: string | null;
    signers: readonly number[];
    signatures: readonly string[];
  } | null;
  epoch: number;
  parentView: number;
  parentHash: string;
  proposer: string;
  flags: number;
  cut: readonly {
    shard: number;
    author: number;
    incarnation: number;
    height: number;
    tip: string;
  }[];
  evidence: readonly string[];
  bytes: string;
};

export type ChainGetSegmentParams = {
  id: string;
};

export type ChainGetSegmentResult = {
  id: string;
  chain: string;
  epoch: number;
  incarnation: number;
  shard: number;
  author: number;
  name: string;
  height: number;
  parent: string;
  count: number;
  sizeBytes: number;
  bodyHash: string;
  root: string;
  time: string;
  signature: string;
  orderedAt: number;
  items: readonly {
    kind: 'ballot' | 'operation' | 'unknown';
    id: string;
    outcome:
      | 'malformed'
      | 'wrong-chain'
      | 'wrong-shard'
      | 'expired'
      | 'stale'
      | 'unknown-session'
      | 'duplicate'
      | 'bad-signature'
      | 'not-eligible'
      | 'forbidden'
      | 'not-open'
      | 'closed'
      | 'already-voted'
      | 'conflict'
      | 'unknown-proposal'
      | 'incomplete'
      | 'invalid-choice'
      | 'counted'
      | 'applied'
      | null;
    space?: string;
    session?: string;
    voter?: string;
    operation?: string;
    actor?: string;
    bytes: string;
  }[];
};

export type ChainGetChainsParams = {
  shard?: number;
  author?: number;
};

export type ChainGetChainsResult = readonly {
  shard: number;
  author: number;
  name: string;
  tip: {
    height: number;
    id: string;
  };
  finalHeight: number;
  backlog: number;
  incarnation: number;
  muted: boolean;
}[];

export type ChainGetCheckpointParams = {
  height: number;
};

export type ChainGetCheckpointResult = {
  chain: string;
  epoch: number;
  height: number;
  blockHash: string;
  time: string;
  history: string;
  root: string;
  signatures: readonly {
    signer: number;
    name: string;
    signature: string;
  }[];
  differing: number;
};

export type ChainGetEpochsParams = {
  from?: number;
};

export type ChainGetEpochsResult = {
  epochs: readonly {
    epoch: number;
    sealedHeight: number;
    proof: string;
  }[];
  next?: number;
};

export type SessionOpenParams = {
  space: string;
  session: string;
  title?: string;
  proposals?: readonly {
    id: string;
    title: string;
    label?: string;
    category?: string;
    author?: string;
    body?: string;
  }[];
  rule: {
    method: 'score' | 'stance';
    threshold?: {
      op: '>=' | '>';
      percent: {
        num: number;
        den: number;
      };
      byCategory?: Record<
        string,
        {
          num: number;
          den: number;
        }
      >;
      byProposal?: Record<
        string,
        {
          num: number;
          den: number;
        }
      >;
    } | null;
    hold?: {
      num: number;
      den: number;
    };
    quorum?:
      | {
          kind: 'votes';
          votes: number;
        }
      | {
          kind: 'share';
          share: {
            num: number;
            den: number;
          };
        };
    veto?: {
      maxWeight?: number;
      role?: string;
      textRequired?: boolean;
      revisionAt?: number;
      rejectAt?: number;
    };
    revisable?: boolean;
    complete?: boolean;
    commentRequired?: boolean;
    auth?: 'voter';
    close: 'deadline' | 'all-voted' | 'opener';
  };
  electorate: readonly {
    voter: string;
    role?: string;
    weight?: number;
  }[];
  opensAt?: string;
  closesAt?: string;
  draft?: boolean;
  label?: string;
  await?: 'accepted' | 'final';
};

export type SessionOpenResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
  session: string;
  status: 'accepted' | 'draft' | 'active' | 'completed' | 'cancelled';
};

export type SessionGetParams = {
  space: string;
  session: string;
};

export type SessionGetResult = {
  space: string;
  session: string;
  title: string;
  label?: string;
  status: 'draft' | 'active' | 'completed' | 'cancelled';
  openedHeight: number;
  opensAt: string;
  closesAt?: string;
  closedHeight?: number;
  closedAt?: string;
  reason?: string;
  rule: {
    method: 'score' | 'stance';
  } & Record<string, unknown>;
  electorate: readonly {
    voter: string;
    role: string;
    weight: number;
  }[];
  proposals: readonly {
    id: string;
    title: string;
    label?: string;
    category?: string;
    author?: string;
    body?: string;
  }[];
  opener: string;
  operation: string;
  progress: {
    ballots: number;
    voters: number;
    electors: number;
    complete: number;
    missing: readonly string[];
    missingCount: number;
  };
  at: {
    height: number;
  };
};

export type SessionListParams = {
  space?: string;
  status?: 'draft' | 'active' | 'completed' | 'cancelled';
  limit?: number;
  cursor?: string;
};

export type SessionListResult = {
  items: readonly {
    space: string;
    session: string;
    title: string;
    label?: string;
    status: 'draft' | 'active' | 'completed' | 'cancelled';
    method: 'score' | 'stance';
    openedHeight: number;
    opensAt: string;
    closesAt?: string;
    closedHeight?: number;
    closedAt?: string;
    reason?: string;
    proposalsCount: number;
    progress: {
      ballots: number;
      voters: number;
      electors: number;
      complete: number;
    };
  }[];
  next: string | null;
  at: {
    height: number;
  };
};

export type SessionActivateParams = {
  space: string;
  session: string;
  await?: 'accepted' | 'final';
};

export type SessionActivateResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type SessionCloseParams = {
  space: string;
  session: string;
  reason?: string;
  await?: 'accepted' | 'final';
};

export type SessionCloseResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type SessionCancelParams = {
  space: string;
  session: string;
  reason: string;
  await?: 'accepted' | 'final';
};

export type SessionCancelResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type SessionExtendParams = {
  space: string;
  session: string;
  reason: string;
  closesAt: string;
  await?: 'accepted' | 'final';
};

export type SessionExtendResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type ProposalAddParams = {
  space: string;
  session: string;
  proposal?: {
    id: string;
    title: string;
    label?: string;
    category?: string;
    author?: string;
    body?: string;
  };
  proposals?: readonly {
    id: string;
    title: string;
    label?: string;
    category?: string;
    author?: string;
    body?: string;
  }[];
  await?: 'accepted' | 'final';
};

export type ProposalAddResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type ProposalGetParams = {
  space: string;
  session: string;
  proposal: string;
};

export type ProposalGetResult = {
  space: string;
  session: string;
  id: string;
  title: string;
  label?: string;
  category?: string;
  author?: string;
  body?: string;
  sessionStatus: 'draft' | 'active' | 'completed' | 'cancelled';
  status: 'draft' | 'active' | 'cancelled' | 'approved' | 'hold' | 'rejected' | 'revision' | 'none';
  result: {
    proposal: string;
    n: number;
    total: number;
    approve?: number;
    reject?: number;
    abstain?: number;
    percent: {
      num: number;
      den: number;
    } | null;
    threshold: {
      op: '>=' | '>';
      percent: {
        num: number;
        den: number;
      };
    } | null;
    approved?: boolean;
    band: 'approved' | 'hold' | 'rejected' | null;
    veto: {
      electors: number;
      low: number;
      lowWithText: number;
      lowAll: number;
      texts: number;
      share: {
        num: number;
        den: number;
      };
      resolution: 'none' | 'revision' | 'rejected';
    } | null;
    status: 'approved' | 'hold' | 'rejected' | 'revision' | 'none';
    rank: number;
  };
  at: {
    height: number;
  };
};

export type ProposalListParams = {
  space: string;
  session?: string;
  status?: 'draft' | 'active' | 'cancelled' | 'approved' | 'hold' | 'rejected' | 'revision' | 'none';
  limit?: number;
  cursor?: string;
};

export type ProposalListResult = {
  items: readonly {
    space: string;
    session: string;
    id: string;
    title: string;
    label?: string;
    category?: string;
    author?: string;
    body?: string;
    sessionStatus: 'draft' | 'active' | 'completed' | 'cancelled';
    status: 'draft' | 'active' | 'cancelled' | 'approved' | 'hold' | 'rejected' | 'revision' | 'none';
  }[];
  next: string | null;
  at: {
    height: number;
  };
};

export type BallotSubmitParams = {
  space: string;
  session: string;
  voter: string;
  entries: readonly {
    proposal: string;
    choice:
      | number
      | 'approve'
      | 'reject'
      | 'abstain'
      | {
          method: 'score';
          weight: number;
        }
      | {
          method: 'stance';
          stance: 'approve' | 'reject' | 'abstain';
        };
    comment?: string;
    veto?: string;
  }[];
  previous?: string;
  notAfter?: string;
  time?: string;
  signature?: string;
  await?: 'accepted' | 'final' | 'receipt';
};

export type BallotSubmitResult = {
  ballot: string;
  shard: number;
  status: 'accepted' | 'final';
  outcome?: 'counted' | 'duplicate';
  height?: number;
  finalMs?: number;
};

export type BallotGetParams = {
  ballot: string;
};

export type BallotGetResult = {
  ballot: string;
  space: string;
  session: string;
  voter: string;
  previous: string | null;
  notAfter: string;
  time: string;
  entries: readonly {
    proposal: string;
    choice: number | 'approve' | 'reject' | 'abstain';
    comment?: string;
    veto?: string;
  }[];
  auth: 'voter' | 'operator';
  signature?: string;
  outcome:
    | 'malformed'
    | 'wrong-chain'
    | 'wrong-shard'
    | 'expired'
    | 'stale'
    | 'unknown-session'
    | 'duplicate'
    | 'bad-signature'
    | 'not-eligible'
    | 'forbidden'
    | 'not-open'
    | 'closed'
    | 'already-voted'
    | 'conflict'
    | 'unknown-proposal'
    | 'incomplete'
    | 'invalid-choice'
    | 'counted'
    | 'applied';
  height: number;
  shard: number;
  author: string;
  supersededBy?: string;
};

export type BallotListParams = {
  space: string;
  session: string;
  voter?: string;
  limit?: number;
  cursor?: string;
};

export type BallotListResult = {
  items: readonly {
    ballot: string;
    space: string;
    session: string;
    voter: string;
    previous: string | null;
    notAfter: string;
    time: string;
    entries: readonly {
      proposal: string;
      choice: number | 'approve' | 'reject' | 'abstain';
      comment?: string;
      veto?: string;
    }[];
    auth: 'voter' | 'operator';
    signature?: string;
    outcome:
      | 'malformed'
      | 'wrong-chain'
      | 'wrong-shard'
      | 'expired'
      | 'stale'
      | 'unknown-session'
      | 'duplicate'
      | 'bad-signature'
      | 'not-eligible'
      | 'forbidden'
      | 'not-open'
      | 'closed'
      | 'already-voted'
      | 'conflict'
      | 'unknown-proposal'
      | 'incomplete'
      | 'invalid-choice'
      | 'counted'
      | 'applied';
    height: number;
    shard: number;
    author: string;
    supersededBy?: string;
  }[];
  next: string | null;
  at: {
    height: number;
  };
};

export type TallyGetParams = {
  space: string;
  session: string;
};

export type TallyGetResult = {
  space: string;
  session: string;
  final: boolean;
  height: number;
  time?: string;
  quorumReached?: boolean;
  proposals: readonly {
    proposal: string;
    n: number;
    total: number;
    approve?: number;
    reject?: number;
    abstain?: number;
    percent: {
      num: number;
      den: number;
    } | null;
    threshold: {
      op: '>=' | '>';
      percent: {
        num: number;
        den: number;
      };
    } | null;
    approved?: boolean;
    band: 'approved' | 'hold' | 'rejected' | null;
    veto: {
      electors: number;
      low: number;
      lowWithText: number;
      lowAll: number;
      texts: number;
      share: {
        num: number;
        den: number;
      };
      resolution: 'none' | 'revision' | 'rejected';
    } | null;
    status: 'approved' | 'hold' | 'rejected' | 'revision' | 'none';
    rank: number;
  }[];
};

export type ModelListParams = {
  limit?: number;
  cursor?: string;
  operator?: string;
};

export type ModelListResult = {
  items: readonly {
    id: string;
    key?: string;
    operator: string;
    auth: 'voter' | 'operator';
    label?: string;
    provider?: string;
    role?: string;
    sizeClass?: string;
    aliases?: readonly string[];
    status: 'active' | 'revoked';
    registeredHeight: number;
  }[];
  next: string | null;
  at: {
    height: number;
  };
};

export type ModelGetParams = {
  model: string;
};

export type ModelGetResult = {
  id: string;
  key?: string;
  operator: string;
  auth: 'voter' | 'operator';
  label?: string;
  provider?: string;
  role?: string;
  sizeClass?: string;
  aliases?: readonly string[];
  status: 'active' | 'revoked';
  registeredHeight: number;
};

export type ModelRegisterParams = {
  id?: string;
  key?: string;
  operator?: string;
  auth?: 'voter' | 'operator';
  label?: string;
  provider?: string;
  role?: string;
  sizeClass?: string;
  aliases?: readonly string[];
  models?: readonly {
    id: string;
    key?: string;
    operator?: string;
    auth?: 'voter' | 'operator';
    label?: string;
    provider?: string;
    role?: string;
    sizeClass?: string;
    aliases?: readonly string[];
  }[];
  await?: 'accepted' | 'final';
};

export type ModelRegisterResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type ModelUpdateParams = {
  id: string;
  key?: string | null;
  operator?: string;
  auth?: 'voter' | 'operator';
  label?: string;
  provider?: string;
  role?: string;
  sizeClass?: string;
  aliases?: readonly string[];
  await?: 'accepted' | 'final';
};

export type ModelUpdateResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type ObserverListParams = {
  limit?: number;
  cursor?: string;
};

export type ObserverListResult = {
  items: readonly {
    name: string;
    peer: string;
    sponsor?: string;
    status: 'admitted' | 'removed';
    admittedHeight: number;
    removedHeight?: number;
  }[];
  next: string | null;
  at: {
    height: number;
  };
};

export type ObserverAdmitParams = {
  name: string;
  peer: string;
  await?: 'accepted' | 'final';
};

export type ObserverAdmitResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
  invite: {
    format: 'waggle-invite/1';
    network: string;
    chain: string;
    name: string;
    peer: string;
    sponsor: string;
    genesis: Record<string, unknown>;
    signature: string;
  };
};

export type ObserverRemoveParams = {
  name: string;
  await?: 'accepted' | 'final';
};

export type ObserverRemoveResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
};

export type SpaceListParams = {
  limit?: number;
  cursor?: string;
};

export type SpaceListResult = {
  items: readonly {
    id: string;
    title: string;
    label?: string;
    openers: readonly string[];
  }[];
  next: string | null;
  at: {
    height: number;
  };
};

export type SpaceGetParams = {
  space: string;
};

export type SpaceGetResult = {
  id: string;
  title: string;
  label?: string;
  openers: readonly string[];
};

export type SpaceCreateParams = {
  id: string;
  title: string;
  openers?: readonly string[];
  label?: string;
  await?: 'accepted' | 'final';
};

export type SpaceCreateResult = {
  operation: string;
  outcome?: 'applied' | 'duplicate';
  height?: number;
  space: string;
};

export type AgentStatusParams = Record<string, never>;

export type AgentStatusResult = {
  mode: 'adaptive' | 'fixed' | 'none';
  sampling: boolean;
  windows: number;
  sampledAt: string | null;
  machine: {
    loopDelayMsP99: number;
    cpuShare: number;
    syncMs?: number;
    residentBytes: number;
    links: readonly {
      peer: string;
      bytesPerS: number;
      roundTripMs?: number;
    }[];
  } | null;
  shards: readonly {
    shard: number;
    targets: {
      itemsTarget: number;
      bytesTarget: number;
      lingerMs: number;
      inFlightSegmentsMax: number;
    };
    estimates: {
      deliveryPerS: number;
      finalMsMin: number;
      finalMsP99: number;
      itemBytes: number;
      pipeItems: number;
    } | null;
    phase: string | null;
    reason: string | null;
    decidedAt: string | null;
    waitingItems: number;
    inFlightSegments: number;
    inFlightItems: number;
    deliveredPerS: number;
    finalMs: {
      min: number;
      p50: number;
      p99: number;
    } | null;
    parts: {
      sealMs: number;
      orderMs: number;
      executeMs: number;
    } | null;
  }[];
  decisions: {
    count: number;
    reasons: Record<string, number>;
  };
};

export type AgentHistoryParams = {
  limit?: number;
  cursor?: string;
};

export type AgentHistoryResult = {
  items: readonly {
    seq: number;
    time: string;
    shard: number;
    phase: 'startup' | 'drain' | 'steady' | 'probe' | 'fallback';
    reason: string;
    targets: {
      itemsTarget: number;
      bytesTarget: number;
      lingerMs: number;
      inFlightSegmentsMax: number;
    };
    estimates: {
      deliveryPerS: number;
      finalMsMin: number;
      finalMsP99: number;
      itemBytes: number;
      pipeItems: number;
    };
  }[];
  next: string | null;
  at: {
    height: number;
  };
};

export type AgentFindingsParams = Record<string, never>;

export type AgentFindingsResult = {
  sampledAt: string | null;
  findings: readonly {
    code: string;
    share: number;
    gainMs?: number;
    text: string;
    evidence: Record<string, number | string>;
  }[];
};

export type SubSubscribeParams = {
  topic: 'head' | 'ballots' | 'tally' | 'session' | 'agent' | 'alert';
  filter?: {
    space?: string;
    session?: string;
    voter?: string;
  };
  fromSeq?: number;
  epoch?: string;
};

export type SubSubscribeResult = {
  subscription: string;
  seq: number;
  epoch?: string;
};

export type SubUnsubscribeParams = {
  subscription: string;
};

export type SubUnsubscribeResult = boolean;

export interface Methods {
  /** This interface as an OpenRPC document: the methods that this caller may call, with their scopes, costs and limits. GET /openrpc.json has all methods. */
  'rpc.discover': { params: RpcDiscoverParams; result: RpcDiscoverResult };
  /** How far this node is, and the sentence why it is not ready. */
  node_status: { params: NodeStatusParams; result: NodeStatusResult };
  /** The peers of this node, connected or not. */
  node_peers: { params: NodePeersParams; result: NodePeersResult };
  /** Who votes and what holds in the current epoch, and the change that is to follow it, if one is open. */
  network_get: { params: NetworkGetParams; result: NetworkGetResult };
  /** Submit an operation that is signed already, by one key or by several: this node adds nothing to it. */
  operation_submit: { params: OperationSubmitParams; result: OperationSubmitResult };
  /** genesis.json: what all nodes share. Its hash is the chain id of node_status. */
  chain_genesis: { params: ChainGenesisParams; result: ChainGenesisResult };
  /** The last block that is final and executed here. */
  chain_head: { params: ChainHeadParams; result: ChainHeadResult };
  /** A final block by height or by hash, with its cut and its finalization. */
  chain_getBlock: { params: ChainGetBlockParams; result: ChainGetBlockResult };
  /** A segment with its items, and what became of each. */
  chain_getSegment: { params: ChainGetSegmentParams; result: ChainGetSegmentResult };
  /** Tip, final height and backlog of every vote chain, or of one shard or author. */
  chain_getChains: { params: ChainGetChainsParams; result: ChainGetChainsResult };
  /** What validators signed after executing a block. f + 1 equal ones prove it. */
  chain_getCheckpoint: { params: ChainGetCheckpointParams; result: ChainGetCheckpointResult };
  /** What proves the ends of epochs, from one on. With genesis they lead to the validators of any epoch. */
  chain_getEpochs: { params: ChainGetEpochsParams; result: ChainGetEpochsResult };
  /** Open a session, or with draft keep it back until session_activate. The record is signed and never changes. */
  session_open: { params: SessionOpenParams; result: SessionOpenResult };
  /** Record, state and progress of a session, with the voters that are missing (the first 1,000). */
  session_get: { params: SessionGetParams; result: SessionGetResult };
  /** Sessions by space and id. */
  session_list: { params: SessionListParams; result: SessionListResult };
  /** Open a draft for votes. */
  session_activate: { params: SessionActivateParams; result: SessionActivateResult };
  /** Close a session and record its result. Without a reason only where the rule says close: opener. */
  session_close: { params: SessionCloseParams; result: SessionCloseResult };
  /** Cancel a session: no result is recorded. */
  session_cancel: { params: SessionCancelParams; result: SessionCancelResult };
  /** Move an announced deadline to a later time. */
  session_extend: { params: SessionExtendParams; result: SessionExtendResult };
  /** Add a proposal, or several, to a draft. */
  proposal_add: { params: ProposalAddParams; result: ProposalAddResult };
  /** A proposal, its status and its count so far or its result. */
  proposal_get: { params: ProposalGetParams; result: ProposalGetResult };
  /** Proposals of a space, of one session or with one status, by session and id. */
  proposal_list: { params: ProposalListParams; result: ProposalListResult };
  /** Submit a ballot. With a signature no token is needed and notAfter and time are the signer's, previous absent for none. Without one the node signs for a model it operates (operator). A resend of the ballot that counts answers "duplicate". */
  ballot_submit: { params: BallotSubmitParams; result: BallotSubmitResult };
  /** A final ballot, its outcome, and the ballot that replaced it. */
  ballot_get: { params: BallotGetParams; result: BallotGetResult };
  /** Final ballots of a session with all outcomes, by voter, height and place. */
  ballot_list: { params: BallotListParams; result: BallotListResult };
  /** The count of a session: exact, ranked, and final once the session has ended. */
  tally_get: { params: TallyGetParams; result: TallyGetResult };
  /** Models of the registry by id, of one operator where asked. */
  model_list: { params: ModelListParams; result: ModelListResult };
  /** A model of the registry. */
  model_get: { params: ModelGetParams; result: ModelGetResult };
  /** Register a model, or up to 512 as models. The operator is this node unless another is named; auth is voter with a key and operator without. */
  model_register: { params: ModelRegisterParams; result: ModelRegisterResult };
  /** Change what is given of a model (admin). key: null gives its key up. A new key alone (operator) is signed by the current one, where this node holds it. */
  model_update: { params: ModelUpdateParams; result: ModelUpdateResult };
  /** Operators without a validator seat whose nodes may connect, by name. */
  observer_list: { params: ObserverListParams; result: ObserverListResult };
  /** Let the node of another operator connect to every validator. The answer holds the invite this validator signed: the file for `waggle join`. */
  observer_admit: { params: ObserverAdmitParams; result: ObserverAdmitResult };
  /** Let an observer in no more: every validator ends its connections. By who admitted it, or by the admins. */
  observer_remove: { params: ObserverRemoveParams; result: ObserverRemoveResult };
  /** Spaces by id. */
  space_list: { params: SpaceListParams; result: SpaceListResult };
  /** A space and the keys that may open sessions in it. */
  space_get: { params: SpaceGetParams; result: SpaceGetResult };
  /** Create a space. Without openers this node's own operator key may open sessions in it. */
  space_create: { params: SpaceCreateParams; result: SpaceCreateResult };
  /** The metrics agent of this node: per shard the batch targets, what they rest on and where the time of a ballot goes, and what the machine does. Samples are taken while own items are under way. mode none: an observer, which seals no batches. */
  agent_status: { params: AgentStatusParams; result: AgentStatusResult };
  /** What the metrics agent of this node decided since its start and why, the newest first, as far as it is kept: the last 1,024. */
  agent_history: { params: AgentHistoryParams; result: AgentHistoryResult };
  /** What holds votes up at this node, the worst first, each with the figures that show it and what finality would gain without it; from the last seconds of work. Empty: nothing stands out. */
  agent_findings: { params: AgentFindingsParams; result: AgentFindingsResult };
  /** WebSocket only. Events of a topic as sub_event {subscription, seq, result}. head: every executed block; ballots: what became of the ballots of a block; session: sessions a block opened, changed or ended; tally: the tally after a block that touched it, the newest alone for a slow reader; agent: what the metrics agent of this node decided; alert: what this node has to say of itself. seq is the height of the block (of agent and alert: a count since epoch), and fromSeq resumes, at any node. A slow reader gets {subscription, seq, lagged: {from, to}} in place of what it missed. */
  sub_subscribe: { params: SubSubscribeParams; result: SubSubscribeResult };
  /** WebSocket only. Answers whether there was such a subscription. */
  sub_unsubscribe: { params: SubUnsubscribeParams; result: SubUnsubscribeResult };
}

/** `none`: a read. `caller`: depends on the params. */
export const METHOD_SCOPES = {
  'rpc.discover': 'none',
  node_status: 'none',
  node_peers: 'none',
  network_get: 'none',
  operation_submit: 'operator',
  chain_genesis: 'none',
  chain_head: 'none',
  chain_getBlock: 'none',
  chain_getSegment: 'none',
  chain_getChains: 'none',
  chain_getCheckpoint: 'none',
  chain_getEpochs: 'none',
  session_open: 'operator',
  session_get: 'none',
  session_list: 'none',
  session_activate: 'operator',
  session_close: 'operator',
  session_cancel: 'operator',
  session_extend: 'operator',
  proposal_add: 'operator',
  proposal_get: 'none',
  proposal_list: 'none',
  ballot_submit: 'caller',
  ballot_get: 'none',
  ballot_list: 'none',
  tally_get: 'none',
  model_list: 'none',
  model_get: 'none',
  model_register: 'admin',
  model_update: 'operator',
  observer_list: 'none',
  observer_admit: 'operator',
  observer_remove: 'operator',
  space_list: 'none',
  space_get: 'none',
  space_create: 'admin',
  agent_status: 'none',
  agent_history: 'none',
  agent_findings: 'none',
  sub_subscribe: 'none',
  sub_unsubscribe: 'none',
} as const;

export type MethodName = keyof Methods;
export type MethodParams<Name extends MethodName> = Methods[Name]['params'];
export type MethodResult<Name extends MethodName> = Methods[Name]['result'];
