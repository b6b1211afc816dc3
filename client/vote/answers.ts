import type { SignedBallot } from '../../protocol/governance/ballot.ts';
import { toHex } from '../../protocol/hex.ts';
import { isRecord, WaggleClientError } from '../errors.ts';

/** What became of a vote. */
export interface VoteResult {
  /** `counted`: this very ballot counts. `duplicate`: another ballot of the voter with the same answers counts already. */
  readonly outcome: 'counted' | 'duplicate';
  /** The ballot that counts. */
  readonly ballot: string;
  /** Where it was counted; absent when the node that knows it cannot say (any more). */
  readonly height?: number;
  /** As the node said that answered: the shard of the ballot, and its time from submit to final. */
  readonly shard?: number;
  readonly finalMs?: number;
}

/**
 * What an answer to `ballot_submit` says of the ballot:
 * `counts`: it is final. `never`: no block to come can count it. `no`: this node would refuse it now, and took nothing.
 * `later`: nothing was taken, the node says when to come back. `unsent`: nothing left. `open`: it may have been taken.
 */
export type Verdict =
  | { readonly kind: 'counts'; readonly result: VoteResult }
  | { readonly kind: 'never'; readonly error: WaggleClientError }
  /** `mayDiffer`: another node may say otherwise, being further, of another clock or in need of no token. */
  | { readonly kind: 'no'; readonly error: WaggleClientError; readonly mayDiffer: boolean }
  | { readonly kind: 'later'; readonly retryAfterMs: number }
  | { readonly kind: 'unsent' | 'open' };

/**
 * Refusals that hold for ever: they come from what a session fixed when it opened, or from an end or a ballot that nothing
 * undoes (protocol.md, Execution). The ledger's clock only moves on, and these do not depend on it.
 */
const NEVER: ReadonlySet<string> = new Set([
  'ballot.closed',
  'ballot.already-voted',
  'ballot.not-eligible',
  'ballot.unknown-proposal',
  'ballot.incomplete',
  'ballot.invalid-choice',
]);

/** What depends on how far this node is, on its clock, or on a key that may be rotated. */
const NOW: ReadonlySet<string> = new Set([
  'ballot.expired',
  'ballot.not-open',
  'ballot.conflict',
  'ballot.bad-signature',
  'ballot.wrong-chain',
  'session.unknown',
  'space.unknown',
]);

/** What a node says before it looks at the ledger: it took nothing, and nobody else would. */
const UNREAD: ReadonlySet<string> = new Set([
  'params.invalid',
  'method.unknown',
  'request.invalid',
  'request.too-large',
  'ballot.malformed',
  'ballot.duplicate-proposal',
  'ballot.too-large',
  'ballot.not-after',
  'receipt.unavailable',
]);

/** A full pool or a counted limit; the types by which a node says that it took nothing and a retry helps. */
const BUSY: ReadonlySet<string> = new Set(['request.rate-limited', 'network.busy']);
const RETRY_AFTER_MS = 200;
const RETRY_AFTER_MS_MAX = 10_000;

export function judgeAnswer(signed: SignedBallot, answer: unknown): Verdict {
  const result = resultOf(signed, answer);
  return result === undefined ? { kind: 'open' } : { kind: 'counts', result };
}

function resultOf(signed: SignedBallot, answer: unknown): VoteResult | undefined {
  const result = readResult(answer);
  if (result === undefined) return undefined;
  const isOwn = result.ballot === toHex(signed.id);
  if (result.outcome === 'counted') return isOwn ? result : undefined;
  // A repeat of these very bytes is no second ballot: they count. The height may be that of the repeat, so it is asked for.
  const { height: _, ...rest } = result;
  return isOwn ? { ...rest, outcome: 'counted' } : rest;
}

/** A final answer to `ballot_submit`; undefined for any other. */
export function readResult(answer: unknown): VoteResult | undefined {
  if (!isRecord(answer) || answer.status !== 'final' || !isHash(answer.ballot)) return undefined;
  const { outcome, ballot, height, shard, finalMs } = answer;
  if (outcome !== 'counted' && outcome !== 'duplicate') return undefined;
  return {
    outcome,
    ballot,
    ...(isHeight(height) ? { height } : {}),
    ...(isHeight(shard) ? { shard } : {}),
    ...(isHeight(finalMs) ? { finalMs } : {}),
  };
}

export function judgeError(signed: SignedBallot, error: unknown): Verdict {
  if (!(error instanceof WaggleClientError)) throw error;
  if (error.code !== 'WAGGLE_CLIENT_REFUSED') return { kind: error.isUnsent ? 'unsent' : 'open' };
  const { type, retryAfterMs } = error;
  if (BUSY.has(type))
    return { kind: 'later', retryAfterMs: Math.min(retryAfterMs ?? RETRY_AFTER_MS, RETRY_AFTER_MS_MAX) };
  if (NEVER.has(type) || isOvertaken(signed, error)) return { kind: 'never', error };
  if (UNREAD.has(type)) return { kind: 'no', error, mayDiffer: false };
  if (NOW.has(type) || type.startsWith('auth.')) return { kind: 'no', error, mayDiffer: true };
  // Not ready may mean that it stops with the ballot in its journal; internal may mean anything.
  return { kind: 'open' };
}

/** Somebody voted first, on nothing as this ballot does: a voter's first head never comes back. */
function isOvertaken({ ballot, id }: SignedBallot, { type, data }: WaggleClientError): boolean {
  if (type !== 'ballot.conflict' || ballot.previous !== undefined) return false;
  return isHash(data.counted) && data.counted !== toHex(id);
}

export function isHash(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

export function isHeight(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
