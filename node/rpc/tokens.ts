import { hash, timingSafeEqual } from 'node:crypto';
import { type Rates, RPC_LIMITS, RPC_RATES } from './limits.ts';
import { RateGate } from './rate-gate.ts';

/** What a bearer token may do here; `admin` includes `operator`. Scopes are local and no authority on the ledger. */
export type Scope = 'operator' | 'admin';

/** The scope of a token now, or undefined for one that is none (any more). */
export type TokenVerifier = (token: string) => Scope | undefined;

export interface TokenHash {
  readonly sha256Hex: string;
  readonly scope: Scope;
}

/**
 * Tokens by their SHA-256, as `current` has them at the moment: the same list as before is not looked at anew. Every hash
 * is compared, in constant time, so the time taken tells nothing about the token (reliability.md 2.6).
 */
export function createTokenVerifier(current: () => readonly TokenHash[]): TokenVerifier {
  let list: readonly TokenHash[] | undefined;
  let usable: readonly Known[] = [];
  return (token) => {
    const hashes = current();
    if (hashes !== list) usable = usableOf(hashes);
    list = hashes;
    const digest = hash('sha256', token, 'buffer');
    let found: Scope | undefined;
    for (const one of usable) {
      if (timingSafeEqual(one.digest, digest) && found !== 'admin') found = one.scope;
    }
    return found;
  };
}

interface Known {
  readonly digest: Buffer;
  readonly scope: Scope;
}

function usableOf(hashes: readonly TokenHash[]): readonly Known[] {
  const known = hashes.map(({ sha256Hex, scope }) => ({ digest: Buffer.from(sha256Hex, 'hex'), scope }));
  return known.filter(({ digest }) => digest.length === 32);
}

export function includesScope(held: Scope | undefined, needed: Scope): boolean {
  return held === 'admin' || held === needed;
}

/** `name` tells tokens apart without being one. */
export type Guess = { readonly scope: Scope; readonly name: string } | { readonly refused: 'wrong' | 'limited' };

/**
 * Slows guessing: an address with too many wrong tokens in a window hears `limited` for any token that was not proven
 * before, right or wrong, and learns nothing. A token once proven passes always, so that a guesser on the same machine
 * locks nobody out.
 */
export class TokenGate {
  /** What callers spend, and may. */
  readonly spending: RateGate;
  readonly rates: Rates;
  readonly #verify: TokenVerifier;
  readonly #nowMs: () => number;
  readonly #proven = new Set<string>();
  readonly #wrong = new Map<string, { count: number; sinceMs: number }>();

  constructor(verify: TokenVerifier, nowMs: () => number, rates = RPC_RATES, monotonicMs = () => performance.now()) {
    this.#verify = verify;
    this.#nowMs = nowMs;
    this.rates = rates;
    this.spending = new RateGate(monotonicMs);
  }

  /** Whether a token is one, asked by this node itself: no guess. */
  knows(token: string): boolean {
    return this.#verify(token) !== undefined;
  }

  check(token: string, address: string): Guess {
    const scope = this.#verify(token);
    const digest = hash('sha256', token, 'base64');
    if (scope !== undefined && this.#proven.has(digest)) return { scope, name: digest };
    const seen = this.#seen(address);
    if (seen.count >= RPC_LIMITS.guessesMax) return { refused: 'limited' };
    if (scope !== undefined) {
      this.#proven.add(digest);
      return { scope, name: digest };
    }
    seen.count += 1;
    return { refused: 'wrong' };
  }

  #seen(address: string): { count: number; sinceMs: number } {
    const nowMs = this.#nowMs();
    const seen = this.#wrong.get(address);
    if (seen !== undefined && nowMs - seen.sinceMs < RPC_LIMITS.guessWindowMs) return seen;
    const fresh = { count: 0, sinceMs: nowMs };
    this.#wrong.delete(address);
    if (this.#wrong.size >= RPC_LIMITS.guessAddressesMax) this.#forgetOldest();
    this.#wrong.set(address, fresh);
    return fresh;
  }

  #forgetOldest(): void {
    const [oldest] = this.#wrong.keys();
    if (oldest !== undefined) this.#wrong.delete(oldest);
  }
}
