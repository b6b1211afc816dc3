import type { SignedBallot } from '../../protocol/governance/ballot.ts';
import type { Entry } from '../../protocol/governance/types.ts';

interface Kept {
  readonly signed: SignedBallot;
  readonly entries: string;
}

const KEPT_MAX = 4_096;

/**
 * Ballots this node signed for its models whose fate it could not tell in time, by voter and session. Who asks again with
 * the same answers gets the same bytes sent again: signed anew on top of another head, a revisable session could count
 * both. Lost at a restart, so a client that must be sure signs for itself (client/README.md).
 */
export class UndecidedBallots {
  readonly #kept = new Map<string, Kept>();

  keep(key: string, signed: SignedBallot, entries: readonly Entry[]): void {
    this.#kept.delete(key);
    this.#kept.set(key, { signed, entries: JSON.stringify(entries) });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** The one to send again; none once its time is over, or when the answers are others. */
  find(key: string, entries: readonly Entry[], nowMs: number): SignedBallot | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined || kept.signed.ballot.notAfterMs < nowMs) return undefined;
    return kept.entries === JSON.stringify(entries) ? kept.signed : undefined;
  }

  settle(key: string): void {
    this.#kept.delete(key);
  }
}
