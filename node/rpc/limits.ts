const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Caps of this door; they are the node's own, nodes need not agree on them. They are checked before anything is parsed
 * or queued (reliability.md 6, rule 7). One body cap for single calls and batches: a session with 10,000 electors is
 * about 600 KiB of JSON.
 */
export const RPC_LIMITS = {
  bodyBytesMax: MIB,
  batchMax: 100,
  /** Nesting of lists and objects. */
  depthMax: 64,
  /** Commas and opening brackets of a body: elements and keys it can have. 10,000 electors are 40,000. */
  elementsMax: 50_000,
  idBytesMax: 128,
  /** All answers of one request. */
  answerBytesMax: 16 * MIB,
  pageMax: 1_000,
  pageDefault: 100,
  missingMax: 1_000,

  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  /** For a client that does not read its answer. */
  sendTimeoutMs: 30_000,
  keepAliveMs: 30_000,
  connectionsMax: 1_024,

  /** Elements being worked on, all connections together. */
  inFlightMax: 8_192,
  /** Reads of large objects at once, each in a turn of the event loop of its own. */
  heavyReadsMax: 4,
  /** Ballots of one voter, and of all voters, that wait to be signed here. */
  voterQueueMax: 16,
  ballotQueueMax: 4_096,
  operationQueueMax: 256,
  /** Calls that wait for a session this node may not have executed yet. */
  settlingMax: 256,

  socketsMax: 256,
  socketCallsMax: 256,
  socketBufferedBytesMax: 4 * MIB,
  subscriptionsMax: 16,
  /** Heads a reader may be behind before it is told `lagged`. */
  lagMax: 1_000,

  /** Wrong tokens of one address per window; proven tokens pass all the same. */
  guessesMax: 20,
  guessWindowMs: 60_000,
  guessAddressesMax: 1_024,
} as const;

/** Waits of this door; tests shorten them. */
export interface RpcTiming {
  /** How long a `final` answer is waited for. */
  readonly finalMs: number;
  /** How long a ballot waits for what another node may have executed before this one. */
  readonly settleMs: number;
}

export const RPC_TIMING: RpcTiming = { finalMs: 30_000, settleMs: 500 };
