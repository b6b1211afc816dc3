import { encodeSignedBallot, type SignedBallot } from '../../protocol/governance/ballot.ts';
import { toHex } from '../../protocol/hex.ts';
import { backoffMs } from '../backoff.ts';
import type { Environment } from '../environment.ts';
import { WaggleClientError } from '../errors.ts';
import type { Nodes } from '../nodes.ts';
import { post, type Target } from '../post.ts';
import { judgeAnswer, judgeError, type Verdict, type VoteResult } from './answers.ts';
import { submitParams } from './ballot.ts';
import { consult, countedAt, type Finding, hasMovedOn } from './consult.ts';

export interface Delivery {
  readonly env: Environment;
  readonly nodes: Nodes;
  /** How long one node is waited for at first; a slow network is given more and more. */
  readonly attemptMs: number;
  /** When the caller stops waiting; `env.nowMs()`. */
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

const ATTEMPT_MS_MAX = 20_000;
/** Two nodes must say of a ballot what one alone may say because it is behind. */
const OPINIONS = 2;
/** A node whose answer settled nothing is asked again after the others. */
const REST_MS = 500;

/**
 * Sends the same bytes until their fate is known. At most one ballot can count however often they are sent: the id is
 * the hash of the bytes, and `previous` is a compare-and-set (protocol.md, Ballots).
 */
export class VoteDelivery {
  readonly #signed: SignedBallot;
  readonly #params: object;
  readonly #id: string;
  readonly #at: Delivery;
  /** Whether some node may have taken it. From then on a refusal must hold for ever, or the ledger's time must be over. */
  #isOpen: boolean;
  readonly #opinions = new Map<Target, WaggleClientError>();
  #timeouts = 0;

  /** `isOpen`: it was sent before, by whoever kept its bytes. */
  constructor(signed: SignedBallot, at: Delivery, isOpen: boolean) {
    this.#signed = signed;
    this.#params = submitParams(signed);
    this.#id = toHex(signed.id);
    this.#at = at;
    this.#isOpen = isOpen;
  }

  /** @throws WaggleClientError WAGGLE_CLIENT_REFUSED it does not count and never will; WAGGLE_CLIENT_UNDECIDED */
  async settle(): Promise<VoteResult> {
    const { env, nodes } = this.#at;
    for (let attempt = 1; ; attempt++) {
      const isLate = env.nowMs() > this.#signed.ballot.notAfterMs;
      if (isLate && !this.#isOpen) throw this.#expired(undefined);
      const target = this.#next();
      const result = await (isLate ? this.#look(target) : this.#submit(target));
      if (result !== undefined) return result;
      await env.wait(
        Math.min(this.#leftMs(), Math.max(nodes.restMs(), backoffMs(attempt, env.random()))),
        this.#at.signal,
      );
    }
  }

  #next(): Target {
    if (this.#leftMs() <= 0 || this.#at.signal?.aborted) throw this.#undecided();
    const ranked = this.#at.nodes.ranked();
    const target = ranked.find((one) => !this.#opinions.has(one)) ?? ranked[0];
    if (target === undefined) throw this.#undecided();
    return target;
  }

  async #submit(target: Target): Promise<VoteResult | undefined> {
    const verdict = await this.#send(target);
    if (verdict.kind === 'counts') {
      this.#at.nodes.worked(target);
      return await this.#complete(target, verdict.result);
    }
    if (verdict.kind === 'never' || verdict.kind === 'no') return await this.#refused(target, verdict);
    if (verdict.kind === 'later') this.#at.nodes.busy(target, verdict.retryAfterMs);
    else this.#at.nodes.failed(target);
    if (verdict.kind === 'open') {
      this.#isOpen = true;
      this.#opinions.clear();
    }
    return undefined;
  }

  async #send(target: Target): Promise<Verdict> {
    const { env, signal, attemptMs } = this.#at;
    const timeoutMs = Math.min(this.#leftMs(), ATTEMPT_MS_MAX, attemptMs * 2 ** this.#timeouts);
    try {
      const call = { method: 'ballot_submit', params: this.#params };
      return judgeAnswer(this.#signed, await post(env, target, call, { timeoutMs, signal }));
    } catch (error) {
      if (error instanceof WaggleClientError && error.code === 'WAGGLE_CLIENT_TIMEOUT') this.#timeouts += 1;
      return judgeError(this.#signed, error);
    }
  }

  async #refused(target: Target, verdict: Extract<Verdict, { kind: 'never' | 'no' }>): Promise<VoteResult | undefined> {
    const { error } = verdict;
    if (this.#isOpen) {
      // It may have counted before what this node says now, and this node may know.
      const found = await consult(this.#at.env, target, this.#signed, this.#options());
      if (found.kind === 'counted') return found.result;
      const isOver = found.kind === 'over' || (found.kind === 'open' && verdict.kind === 'never');
      if (isOver || (await this.#isOvertaken(target, error))) throw error;
      this.#rest(target, found);
      return undefined;
    }
    if (verdict.kind === 'never' || !verdict.mayDiffer) throw error;
    this.#opinions.set(target, error);
    if (this.#opinions.size >= Math.min(OPINIONS, this.#at.nodes.size)) throw this.#agreed(error);
    return undefined;
  }

  /** What it says when nodes refuse for different reasons: that a token is missing is the least of them. */
  #agreed(last: WaggleClientError): WaggleClientError {
    return [last, ...this.#opinions.values()].find(({ type }) => !type.startsWith('auth.')) ?? last;
  }

  /** Ask a node what the ledger has. @throws WaggleClientError when the ballot can count no more there */
  async #look(target: Target): Promise<VoteResult | undefined> {
    const found = await consult(this.#at.env, target, this.#signed, this.#options());
    if (found.kind === 'counted') return found.result;
    if (found.kind === 'over') throw this.#expired(found.height);
    this.#rest(target, found);
    return undefined;
  }

  /** The others come before a node that could not help. */
  #rest(target: Target, { kind }: Finding): void {
    if (kind === 'failed') this.#at.nodes.failed(target);
    else this.#at.nodes.busy(target, REST_MS);
  }

  async #isOvertaken(target: Target, { type }: WaggleClientError): Promise<boolean> {
    const { previous } = this.#signed.ballot;
    if (type !== 'ballot.conflict' || previous === undefined) return false;
    return await hasMovedOn(this.#at.env, target, toHex(previous), this.#id, this.#options());
  }

  /** Where the ballot that counts was counted, when the answer did not say. */
  async #complete(target: Target, result: VoteResult): Promise<VoteResult> {
    if (result.height !== undefined) return result;
    const height = await countedAt(this.#at.env, target, result.ballot, this.#options());
    return height === undefined ? result : { ...result, height };
  }

  #options() {
    return { timeoutMs: Math.min(this.#at.attemptMs, Math.max(1, this.#leftMs())), signal: this.#at.signal };
  }

  #leftMs(): number {
    return this.#at.deadlineMs - this.#at.env.nowMs();
  }

  #expired(height: number | undefined): WaggleClientError {
    const proof = height === undefined ? 'no node took it in time' : `block ${height} is later than its notAfter`;
    return new WaggleClientError('WAGGLE_CLIENT_REFUSED', {
      type: 'ballot.expired',
      number: 4010,
      message: `the ballot does not count: ${proof}`,
      hint: 'vote again: the new ballot can be the only one',
      data: { ballot: this.#id, ...(height === undefined ? {} : { height }) },
    });
  }

  #undecided(): WaggleClientError {
    return new WaggleClientError('WAGGLE_CLIENT_UNDECIDED', {
      type: 'client.undecided',
      message: `nobody could tell in time what became of ballot ${this.#id}`,
      hint: 'keep `signed` and go on later with resume(signed)',
      retryable: true,
      data: { ballot: this.#id },
      signed: encodeSignedBallot(this.#signed),
    });
  }
}
