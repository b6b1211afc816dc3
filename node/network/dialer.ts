import { backoffMs } from './backoff.ts';
import type { Counters } from './counters.ts';

export interface DialTarget {
  readonly peer: string;
  /** The side with the smaller peer id dials first; the other waits, so that a pair seldom connects twice. */
  readonly dialsFirst: boolean;
}

const BACKOFF = { firstMs: 100, longestMs: 2_000 };
export const SECOND_WAITS_MS = 1_000;
/** At most five dials a second and peer, whatever the link does (reliability.md 2.3, flap). */
const DIAL_GAP_MS = 200;
/** A connection that held this long ends the back-off. */
const STABLE_MS = 5_000;

interface Attempts {
  target: DialTarget;
  count: number;
  dialedAtMs: number;
  connectedAtMs: number | undefined;
  isDialing: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** Keeps every target connected: decides when to dial whom. The dialling itself is the caller's. */
export class Dialer {
  readonly #dial: (peer: string) => Promise<void>;
  readonly #counters: Counters;
  readonly #attempts = new Map<string, Attempts>();
  readonly #nowMs: () => number;
  readonly #secondWaitsMs: number;
  #isRunning = false;

  /** `dial` rejects when the peer cannot be reached; it must tell `connected` by itself when it can. */
  constructor(
    targets: readonly DialTarget[],
    dial: (peer: string) => Promise<void>,
    counters: Counters,
    options: { readonly nowMs?: () => number; readonly secondWaitsMs?: number } = {},
  ) {
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#secondWaitsMs = options.secondWaitsMs ?? SECOND_WAITS_MS;
    this.#dial = dial;
    this.#counters = counters;
    for (const target of targets) this.#add(target, undefined);
  }

  /** Keep exactly these connected from now on. `isConnected`: which of the new ones are already. */
  setTargets(targets: readonly DialTarget[], isConnected: (peer: string) => boolean): void {
    const wanted = new Map(targets.map((target) => [target.peer, target]));
    for (const [peer, attempts] of this.#attempts) {
      if (wanted.has(peer)) continue;
      clearTimeout(attempts.timer);
      this.#attempts.delete(peer);
    }
    for (const target of targets) {
      const known = this.#attempts.get(target.peer);
      if (known !== undefined) {
        known.target = target;
        continue;
      }
      const attempts = this.#add(target, isConnected(target.peer) ? this.#nowMs() : undefined);
      if (this.#isRunning && attempts.connectedAtMs === undefined)
        this.#schedule(attempts, target.dialsFirst ? 0 : this.#secondWaitsMs);
    }
  }

  #add(target: DialTarget, connectedAtMs: number | undefined): Attempts {
    const fresh = { count: 0, dialedAtMs: Number.NEGATIVE_INFINITY, isDialing: false, timer: undefined };
    const attempts: Attempts = { target, connectedAtMs, ...fresh };
    this.#attempts.set(target.peer, attempts);
    return attempts;
  }

  start(): void {
    this.#isRunning = true;
    for (const attempts of this.#attempts.values()) {
      if (attempts.connectedAtMs === undefined)
        this.#schedule(attempts, attempts.target.dialsFirst ? 0 : this.#secondWaitsMs);
    }
  }

  stop(): void {
    this.#isRunning = false;
    for (const attempts of this.#attempts.values()) clearTimeout(attempts.timer);
  }

  connected(peer: string): void {
    const attempts = this.#attempts.get(peer);
    if (attempts === undefined) return;
    clearTimeout(attempts.timer);
    attempts.connectedAtMs ??= this.#nowMs();
  }

  /** The last connection to the peer closed. */
  disconnected(peer: string): void {
    const attempts = this.#attempts.get(peer);
    if (attempts?.connectedAtMs === undefined) return;
    if (this.#nowMs() - attempts.connectedAtMs >= STABLE_MS) attempts.count = 0;
    attempts.connectedAtMs = undefined;
    if (attempts.isDialing) return;
    this.#schedule(attempts, attempts.target.dialsFirst ? this.#nextWaitMs(attempts) : this.#secondWaitsMs);
  }

  #schedule(attempts: Attempts, waitMs: number): void {
    clearTimeout(attempts.timer);
    if (!this.#isRunning || this.#attempts.get(attempts.target.peer) !== attempts) return;
    const gapMs = attempts.dialedAtMs + DIAL_GAP_MS - this.#nowMs();
    attempts.timer = setTimeout(() => void this.#attempt(attempts), Math.max(waitMs, gapMs));
  }

  async #attempt(attempts: Attempts): Promise<void> {
    if (!this.#isRunning || attempts.connectedAtMs !== undefined || attempts.isDialing) return;
    attempts.isDialing = true;
    attempts.dialedAtMs = this.#nowMs();
    this.#counters.bump('dial.attempts');
    try {
      await this.#dial(attempts.target.peer);
    } catch {
      this.#counters.bump('dial.failed');
    }
    attempts.isDialing = false;
    if (attempts.connectedAtMs === undefined) this.#schedule(attempts, this.#nextWaitMs(attempts));
  }

  #nextWaitMs(attempts: Attempts): number {
    const waitMs = backoffMs(attempts.count, BACKOFF);
    attempts.count += 1;
    return waitMs;
  }
}
