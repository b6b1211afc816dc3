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
  connectionsMax: 4_096,

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

  /** A thousand voters or screens of one node with room for the others; each idle one takes about 15 KiB. */
  socketsMax: 2_048,
  socketCallsMax: 256,
  socketBufferedBytesMax: 4 * MIB,
  /** Answers that clients have not taken yet, all connections together. */
  unsentBytesMax: 256 * MIB,
  subscriptionsMax: 16,
  /** A connection that answers no ping within another such time is gone. */
  pingMs: 30_000,
  /** How soon a connection is closed whose token was taken back (its calls are refused at once). */
  tokenCheckMs: 2_000,
  /** Heads a reader may be behind before it is told `lagged`. */
  lagMax: 1_000,

  /** Wrong tokens of one address per window; proven tokens pass all the same. */
  guessesMax: 20,
  guessWindowMs: 60_000,
  guessAddressesMax: 1_024,

  /** Callers whose spending is remembered. */
  callersMax: 4_096,
} as const;

/** Units of cost a caller may spend, see costs.ts. */
export interface Rate {
  readonly perS: number;
  /** What a caller that was silent may spend at once. */
  readonly burst: number;
}

export interface Rates {
  /** All without a token at one address: a screen, or the voters behind one proxy with ballots they signed. */
  readonly anonymous: Rate;
  /** One token. It bounds a client that runs away, not one that works. */
  readonly authenticated: Rate;
}

/** 4,000 and 40,000 ballots a second; the reads of 1,000 voters who open a session at once fit a burst of either. */
export const RPC_RATES: Rates = {
  anonymous: { perS: 20_000, burst: 40_000 },
  authenticated: { perS: 200_000, burst: 400_000 },
};

/** Waits and caps of the transport, for a test to shorten. */
export type DoorLimits = { readonly [Name in (typeof DOOR_LIMITS)[number]]: number };

const DOOR_LIMITS = [
  'headersTimeoutMs',
  'bodyTimeoutMs',
  'sendTimeoutMs',
  'keepAliveMs',
  'connectionsMax',
  'socketsMax',
  'pingMs',
  'tokenCheckMs',
  'unsentBytesMax',
] as const satisfies readonly (keyof typeof RPC_LIMITS)[];

export function doorLimits(changed: Partial<DoorLimits> = {}): DoorLimits {
  return { ...RPC_LIMITS, ...changed };
}

/** Waits of this door; tests shorten them. */
export interface RpcTiming {
  /** How long a `final` answer is waited for. */
  readonly finalMs: number;
  /** How long a ballot waits for what another node may have executed before this one. */
  readonly settleMs: number;
}

export const RPC_TIMING: RpcTiming = { finalMs: 30_000, settleMs: 500 };
