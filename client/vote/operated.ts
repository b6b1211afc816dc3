import { backoffMs } from '../backoff.ts';
import { isRecord, WaggleClientError } from '../errors.ts';
import { post, type Target } from '../post.ts';
import { readResult, type VoteResult } from './answers.ts';
import type { VoteEntry } from './ballot.ts';
import type { Delivery } from './deliver.ts';

export interface OperatedVote {
  readonly space: string;
  readonly session: string;
  readonly voter: string;
  readonly entries: readonly VoteEntry[];
  readonly previous?: string;
  readonly notAfter: string;
  readonly time: string;
}

/** Refusals before anything was taken, after which the same call may go to a node again. */
const BUSY: ReadonlySet<string> = new Set(['request.rate-limited', 'network.busy']);
/** What only the operator of the model, or a node that has the session already, can do. */
const ELSEWHERE: ReadonlySet<string> = new Set([
  'ballot.not-operated',
  'auth.missing',
  'auth.forbidden',
  'session.unknown',
]);
const RETRY_AFTER_MS = 200;

/**
 * A ballot that the node signs for a model it operates. Nothing is signed here, so a repeat is only as safe as the node
 * makes it: where ballots are not revisable it recognises equal answers; elsewhere an answer that is lost leaves the
 * vote undecided, and nothing is sent twice.
 * @throws WaggleClientError WAGGLE_CLIENT_REFUSED, WAGGLE_CLIENT_UNDECIDED
 */
export async function deliverOperated(vote: OperatedVote, at: Delivery): Promise<VoteResult> {
  const { env, nodes, signal } = at;
  const params = { ...vote, await: 'final' };
  const refusals = new Map<Target, WaggleClientError>();
  for (let attempt = 1; ; attempt++) {
    const leftMs = at.deadlineMs - env.nowMs();
    const target = nodes.ranked().find((one) => !refusals.has(one));
    if (target === undefined || leftMs <= 0 || signal?.aborted) throw worst(refusals) ?? undecided();
    try {
      const timeoutMs = Math.min(leftMs, 4 * at.attemptMs);
      const result = readResult(await post(env, target, { method: 'ballot_submit', params }, { timeoutMs, signal }));
      if (result === undefined) throw undecided();
      nodes.worked(target);
      return result;
    } catch (error) {
      if (!(error instanceof WaggleClientError)) throw error;
      if (BUSY.has(error.type)) nodes.busy(target, error.retryAfterMs ?? RETRY_AFTER_MS);
      else if (error.isUnsent || ELSEWHERE.has(error.type)) refusals.set(target, error);
      else if (isFinal(error)) throw error;
      else {
        nodes.failed(target);
        if (!(await recognisesRepeats(vote, at))) throw undecided();
      }
    }
    await env.wait(Math.max(nodes.restMs(), backoffMs(attempt, env.random())), signal);
  }
}

function isFinal({ code, type, retryable }: WaggleClientError): boolean {
  return code === 'WAGGLE_CLIENT_UNDECIDED' || (code === 'WAGGLE_CLIENT_REFUSED' && !retryable && type !== 'internal');
}

/** That it is another's model says more than that a token is missing. */
function worst(refusals: ReadonlyMap<Target, WaggleClientError>): WaggleClientError | undefined {
  const all = [...refusals.values()];
  return all.find(({ type }) => !type.startsWith('auth.')) ?? all[0];
}

async function recognisesRepeats({ space, session }: OperatedVote, at: Delivery): Promise<boolean> {
  for (const target of at.nodes.ranked()) {
    try {
      const call = { method: 'session_get', params: { space, session } };
      const row = await post(at.env, target, call, { timeoutMs: at.attemptMs, signal: at.signal });
      return isRecord(row) && isRecord(row.rule) && row.rule.revisable === false;
    } catch (error) {
      if (!(error instanceof WaggleClientError)) throw error;
    }
  }
  return false;
}

function undecided(): WaggleClientError {
  return new WaggleClientError('WAGGLE_CLIENT_UNDECIDED', {
    type: 'client.undecided',
    message: 'the node may have signed and counted this vote: its answer was lost',
    hint: 'ballot_list shows the ballots of the voter; look before you vote again',
  });
}
