import { connect, type WaggleClient } from '../../client/client.ts';
import { WaggleClientError } from '../../client/errors.ts';
import type { TestnetFile } from '../../node/cli/testnet-file.ts';
import { generateKeyPair, type KeyPair } from '../../protocol/crypto/keys.ts';
import { toHex } from '../../protocol/hex.ts';
import { type Id, parseId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Told } from '../failover/audit.ts';
import { type Member, operate } from '../voting/members.ts';
import { freeSessionId, openSession } from '../voting/sessions.ts';
import { longestGapMs } from './timing.ts';

export interface LoadPlan {
  /** Ballots a second, each of a voter of its own; default 5. */
  readonly perS?: number;
  /** The load ends by itself when all have voted; default 1,000. */
  readonly voters?: number;
}

/** Lasts for five minutes: restarts take their time on a busy machine. */
export const LONG_LOAD: LoadPlan = { perS: 6, voters: 1_800 };

/** What one voter signed. */
export interface Cast {
  readonly voter: string;
  /** Weight by proposal. */
  readonly choices: ReadonlyMap<string, number>;
  readonly sentMs: number;
}

/** A promise of the network to a voter, and when it was made. */
export type Promised = Told & { readonly sentMs: number; readonly toldMs: number };

export interface Load {
  readonly space: string;
  readonly session: string;
  /** All that was signed so far. */
  readonly cast: readonly Cast[];
  /** All that was promised so far. */
  readonly told: readonly Promised[];
  /** Ballots told final between two moments of performance.now(). */
  finals(fromMs: number, toMs: number): number;
  /** The longest time between two ballots told final, as long as ballots are sent. */
  gapMs(fromMs: number, toMs: number): number;
  /**
   * Until a ballot that was first sent after `sinceMs` is told final.
   * @returns the milliseconds from `sinceMs`; infinite when none was within `timeoutMs`
   */
  untilFinalAfter(sinceMs: number, timeoutMs: number): Promise<number>;
  /** Send no more, and wait until the fate of what was sent is known; half a minute at most, then it is undecided. */
  stop(): Promise<void>;
}

const SPACE = 'main';
export const PROPOSALS = ['p1', 'p2'] as const;
const CLIENTS = 4;
/** Light enough that a busy machine of two cores is not what is measured. */
const PER_S = 5;
const VOTERS = 1_000;
const VOTE_TIMEOUT_MS = 60_000;
const STOP_WAIT_MS = 30_000;
const POLL_MS = 20;

/** Register the voters, open a session for them, and let them vote one after the other until `signal` or `stop`. */
export async function startLoad(
  file: TestnetFile,
  members: readonly Member[],
  plan: LoadPlan,
  signal: AbortSignal,
): Promise<Load> {
  const session = await freeSessionId(members, SPACE, 'scenario');
  const voters = Array.from({ length: plan.voters ?? VOTERS }, (_, at) => makeVoter(session, at));
  await register(members, voters);
  await openSession(members, sessionParams(session, voters));
  const urls = file.nodes.map(({ rpc }) => rpc);
  const clients = Array.from({ length: CLIENTS }, () => connect({ urls, chain: file.chain }));
  return new SteadyLoad(clients, session, voters, 1_000 / (plan.perS ?? PER_S), signal);
}

interface Voter {
  readonly id: Id;
  readonly key: KeyPair;
}

/** Of this session alone, so that a stage may have one load after the other. */
function makeVoter(session: string, at: number): Voter {
  return { id: parseId(`${session}-voter-${at + 1}`), key: generateKeyPair() };
}

/** The keys stay here: a node that is killed must not be needed for its voters' ballots. */
async function register(members: readonly Member[], voters: readonly Voter[]): Promise<void> {
  const [operator] = members;
  if (operator === undefined) throw new TypeError('a network without nodes');
  for (let at = 0; at < voters.length; at += LIMITS.modelsPerOperationMax) {
    const some = voters.slice(at, at + LIMITS.modelsPerOperationMax);
    const models = some.map(({ id, key }) => ({
      id,
      operator: operator.name,
      auth: 'voter',
      key: toHex(key.publicKey),
    }));
    await operate(members, 'model_register', { models });
  }
}

function sessionParams(session: string, voters: readonly Voter[]): object {
  return {
    space: SPACE,
    session,
    title: 'Scenario',
    proposals: PROPOSALS.map((id) => ({ id, title: `Made-up proposal ${id}` })),
    rule: { method: 'score', threshold: null, revisable: false, complete: true, close: 'opener', auth: 'voter' },
    electorate: voters.map(({ id }) => ({ voter: id, role: 'general', weight: 1 })),
  };
}

class SteadyLoad implements Load {
  readonly space = SPACE;
  readonly session: string;
  readonly cast: Cast[] = [];
  readonly told: Promised[] = [];
  readonly #clients: readonly WaggleClient[];
  readonly #voters: readonly Voter[];
  readonly #everyMs: number;
  readonly #open = new Set<Promise<void>>();
  readonly #startedMs = performance.now();
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  /** When the last ballot was sent, if it was. */
  #endedMs = Number.POSITIVE_INFINITY;

  constructor(
    clients: readonly WaggleClient[],
    session: string,
    voters: readonly Voter[],
    everyMs: number,
    signal: AbortSignal,
  ) {
    this.#clients = clients;
    this.session = session;
    this.#voters = voters;
    this.#everyMs = everyMs;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#close(), { once: true });
    this.#sendDue();
  }

  finals(fromMs: number, toMs: number): number {
    return this.#finalsMs().filter((at) => at > fromMs && at <= toMs).length;
  }

  gapMs(fromMs: number, toMs: number): number {
    return longestGapMs(this.#finalsMs(), fromMs, Math.min(toMs, this.#endedMs));
  }

  async untilFinalAfter(sinceMs: number, timeoutMs: number): Promise<number> {
    const deadlineMs = performance.now() + timeoutMs;
    while (!this.#signal.aborted) {
      const first = this.told.find((one) => 'result' in one && one.sentMs >= sinceMs);
      if (first !== undefined) return first.toldMs - sinceMs;
      if (performance.now() >= deadlineMs) break;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return Number.POSITIVE_INFINITY;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const giveUp = setTimeout(() => this.#close(), STOP_WAIT_MS);
    await Promise.all(this.#open);
    clearTimeout(giveUp);
    this.#close();
  }

  #finalsMs(): number[] {
    return this.told.flatMap((one) => ('result' in one ? [one.toldMs] : []));
  }

  /** By the clock and not by the last one, so that a busy moment costs no ballots. */
  #sendDue(): void {
    if (this.#isStopped) return;
    const due = Math.floor((performance.now() - this.#startedMs) / this.#everyMs) + 1;
    while (this.cast.length < Math.min(due, this.#voters.length)) this.#send();
    if (this.cast.length >= this.#voters.length) this.#endedMs = performance.now();
    else this.#timer = setTimeout(() => this.#sendDue(), this.#everyMs);
  }

  #send(): void {
    const at = this.cast.length;
    const voter = this.#voters[at];
    if (voter === undefined) return;
    const choices = new Map<string, number>(PROPOSALS.map((id, place) => [id, 1 + ((at * (place + 3)) % 10)]));
    const cast = { voter: voter.id, choices, sentMs: performance.now() };
    this.cast.push(cast);
    const sent = this.#vote(voter, cast, at).finally(() => this.#open.delete(sent));
    this.#open.add(sent);
  }

  async #vote({ id, key }: Voter, { choices, sentMs }: Cast, at: number): Promise<void> {
    const client = this.#clients[at % this.#clients.length];
    if (client === undefined) throw new TypeError('no clients');
    const entries = [...choices].map(([proposal, choice]) => ({ proposal, choice }));
    const vote = { space: SPACE, session: this.session, voter: id, key, previous: null, entries };
    try {
      const result = await client.vote({ ...vote, timeoutMs: VOTE_TIMEOUT_MS });
      this.told.push({ voter: id, result, sentMs, toldMs: performance.now() });
    } catch (error) {
      if (!(error instanceof WaggleClientError)) throw error;
      this.told.push({ voter: id, error, sentMs, toldMs: performance.now() });
    }
  }

  #close(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const client of this.#clients) client.close();
  }
}
