import type { SignedBallot } from '../protocol/governance/ballot.ts';
import { LIMITS } from '../protocol/limits.ts';
import { Caller } from './caller.ts';
import { type Environment, environmentWith, linkedAbort } from './environment.ts';
import { closedError, inputError } from './errors.ts';
import type { MethodName, MethodParams, MethodResult } from './generated/methods.ts';
import type { VoterKey } from './keys.ts';
import { Nodes } from './nodes.ts';
import type { Target } from './post.ts';
import { type OnEvent, openSubscription, type Subscription, type SubscriptionFilter } from './subscription.ts';
import type { VoteResult } from './vote/answers.ts';
import { hashOf, readSignedBallot, signVote, type VoteEntry } from './vote/ballot.ts';
import { type Delivery, VoteDelivery } from './vote/deliver.ts';
import { deliverOperated } from './vote/operated.ts';

export interface ConnectOptions {
  /** Nodes of one network, `http://host:port`. The client begins with one of them by chance and fails over to the others. */
  readonly urls: readonly (string | { readonly url: string; readonly token?: string })[];
  /** For all nodes that have none of their own. Not sent over WebSocket, which browsers cannot do. */
  readonly token?: string;
  /** The network, 64 digits of hex: pins it and lets ballots be signed offline. Else the first node that answers is believed. */
  readonly chain?: string;
  /** How long one node is waited for before another is asked as well. */
  readonly timeoutMs?: number;
  readonly environment?: Partial<Environment>;
}

export interface Vote {
  readonly space: string;
  readonly session: string;
  readonly voter: string;
  readonly entries: readonly VoteEntry[];
  /** The voter's key. Without one a node signs that operates the model, which takes a token and is not safe to repeat. */
  readonly key?: VoterKey;
  /** The voter's ballot that counts now, null for none; looked up when it is left out. */
  readonly previous?: string | Uint8Array | null;
  /** Unix milliseconds, at most ten minutes ahead; a minute by default. Later the ballot can no longer count. */
  readonly notAfterMs?: number;
  readonly timeMs?: number;
  /** How long to wait for the truth; until half a minute after `notAfterMs` by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const TIMEOUT_MS = 5_000;
/** After its lifetime, for the block that proves that a ballot is over. */
const PROOF_MS = 30_000;

/**
 * A client of a network. Nothing is sent before the first call.
 * @throws WaggleClientError WAGGLE_CLIENT_INPUT
 */
export function connect(options: ConnectOptions): WaggleClient {
  const env = environmentWith(options.environment ?? {});
  const targets = options.urls.map((given) => targetOf(given, options.token));
  if (targets.length === 0) throw inputError('no urls', 'give the address of at least one node');
  const nodes = new Nodes(targets, Math.floor(env.random() * targets.length), env.nowMs);
  const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  const chain = options.chain === undefined ? undefined : hashOf('chain', options.chain);
  return new WaggleClient(env, nodes, timeoutMs, chain);
}

function targetOf(given: ConnectOptions['urls'][number], shared: string | undefined): Target {
  const { url, token = shared } = typeof given === 'string' ? { url: given } : given;
  if (URL.canParse(url) && /^https?:/.test(url)) return { url, token };
  throw inputError('not the address of a node', 'http://host:port');
}

/** Votes, calls and subscriptions over several nodes as if they were one. Made by `connect`. */
export class WaggleClient {
  readonly #env: Environment;
  readonly #nodes: Nodes;
  readonly #timeoutMs: number;
  readonly #caller: Caller;
  readonly #closing = new AbortController();
  #chain: Uint8Array | undefined;

  constructor(env: Environment, nodes: Nodes, timeoutMs: number, chain: Uint8Array | undefined) {
    this.#env = env;
    this.#nodes = nodes;
    this.#timeoutMs = timeoutMs;
    this.#chain = chain;
    this.#caller = new Caller(env, nodes, timeoutMs);
  }

  /**
   * One method of the interface. Reads go to another node when one fails; writes are sent again only where a node said
   * that it took nothing.
   * @throws WaggleClientError
   */
  async call<Name extends MethodName>(
    method: Name,
    ...[params, options]: Record<string, never> extends MethodParams<Name>
      ? [params?: MethodParams<Name>, options?: WaitOptions]
      : [params: MethodParams<Name>, options?: WaitOptions]
  ): Promise<MethodResult<Name>> {
    const until = this.#until(options?.signal);
    try {
      return (await this.#caller.call(method, params ?? {}, {
        ...options,
        signal: until.signal,
      })) as MethodResult<Name>;
    } finally {
      until.release();
    }
  }

  /**
   * Vote, and learn what became of it. With a key the whole ballot is built and signed here and the same bytes are sent
   * until their fate is known: it counts, or it provably never will.
   * @throws WaggleClientError WAGGLE_CLIENT_REFUSED it does not count, `type` says why; WAGGLE_CLIENT_UNDECIDED nobody could
   * tell in time, go on with `resume(error.signed)`; WAGGLE_CLIENT_INPUT
   */
  async vote(vote: Vote): Promise<VoteResult> {
    const timeMs = vote.timeMs ?? this.#env.nowMs();
    const notAfterMs = vote.notAfterMs ?? this.#env.nowMs() + LIMITS.ballotLifetimeMs;
    const wait = { timeoutMs: vote.timeoutMs ?? notAfterMs + PROOF_MS - this.#env.nowMs(), signal: vote.signal };
    if (vote.key !== undefined) {
      return await this.#deliver(await this.sign({ ...vote, key: vote.key, timeMs, notAfterMs }), wait, false);
    }
    const { space, session, voter, entries, previous } = vote;
    const times = { time: new Date(timeMs).toISOString(), notAfter: new Date(notAfterMs).toISOString() };
    const head = typeof previous === 'string' ? { previous } : {};
    return await this.#during(wait, (at) => deliverOperated({ space, session, voter, entries, ...head, ...times }, at));
  }

  /** The signed ballot of a vote, unsent; `encodeSignedBallot` makes bytes of it that `resume` takes. */
  async sign(vote: Vote & { readonly key: VoterKey }): Promise<SignedBallot> {
    const { space, session, voter, entries, key } = vote;
    const chain = this.#chain ?? (await this.#learnChain(vote.signal));
    const previous = vote.previous === undefined ? await this.#headOf(vote) : (vote.previous ?? undefined);
    const nowMs = this.#env.nowMs();
    const { timeMs = nowMs, notAfterMs = nowMs + LIMITS.ballotLifetimeMs } = vote;
    const head = previous === undefined ? undefined : hashOf('previous', previous);
    return await signVote({ chain, space, session, voter, previous: head, notAfterMs, timeMs, entries }, key);
  }

  /** Go on with a ballot that was signed before, by its bytes. @throws WaggleClientError as `vote` */
  async resume(signed: Uint8Array, options: WaitOptions = {}): Promise<VoteResult> {
    const ballot = readSignedBallot(signed);
    const lifeMs = Math.max(0, ballot.ballot.notAfterMs - this.#env.nowMs());
    return await this.#deliver(
      ballot,
      { timeoutMs: options.timeoutMs ?? lifeMs + PROOF_MS, signal: options.signal },
      true,
    );
  }

  /**
   * Events of a topic, in order and none silently lost: over a new connection, to another node if need be, it goes on where
   * it was; what a node cannot send any more comes as `lagged {from, to}`.
   */
  subscribe(topic: string, filter: SubscriptionFilter | undefined, onEvent: OnEvent): Subscription {
    if (this.#closing.signal.aborted) throw closedError();
    return openSubscription(this.#env, this.#nodes, { topic, filter, onEvent, signal: this.#closing.signal });
  }

  /** Ends subscriptions and waits; votes on their way end as undecided. */
  close(): void {
    this.#closing.abort();
  }

  async #deliver(
    signed: SignedBallot,
    wait: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
    wasSent: boolean,
  ): Promise<VoteResult> {
    return await this.#during(wait, (at) => new VoteDelivery(signed, at, wasSent).settle());
  }

  async #during<Result>(
    { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal | undefined },
    work: (at: Delivery) => Promise<Result>,
  ): Promise<Result> {
    const until = this.#until(signal);
    const { nowMs } = this.#env;
    try {
      const at = { env: this.#env, nodes: this.#nodes, attemptMs: this.#timeoutMs };
      return await work({ ...at, deadlineMs: nowMs() + timeoutMs, signal: until.signal });
    } finally {
      until.release();
    }
  }

  #until(signal: AbortSignal | undefined) {
    if (this.#closing.signal.aborted) throw closedError();
    const closing = linkedAbort(this.#closing.signal);
    const own = linkedAbort(signal);
    const end = () => closing.abort();
    if (own.signal.aborted) end();
    own.signal.addEventListener('abort', end);
    const release = () => {
      closing.release();
      own.release();
    };
    return { signal: closing.signal, release };
  }

  async #learnChain(signal: AbortSignal | undefined): Promise<Uint8Array> {
    const { chain } = await this.call('node_status', {}, signal === undefined ? {} : { signal });
    this.#chain = hashOf('chain', chain);
    return this.#chain;
  }

  /** The ballot of the voter that counts, as the node that answers has it: a wrong one makes a `ballot.conflict`. */
  async #headOf({ space, session, voter, signal }: Vote): Promise<string | undefined> {
    const options = signal === undefined ? {} : { signal };
    for (let cursor: string | undefined; ; ) {
      const page = cursor === undefined ? {} : { cursor };
      const { items, next } = await this.call('ballot_list', { space, session, voter, ...page }, options);
      const head = items.find(({ outcome, supersededBy }) => outcome === 'counted' && supersededBy === undefined);
      if (head !== undefined || next === null) return head?.ballot;
      cursor = next;
    }
  }
}
