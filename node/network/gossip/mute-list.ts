import type { Counters } from '../counters.ts';

/** Honest peers never relay what is rejected (protocol.md, Gossip), so a few within a window are already a choice. */
const REJECTIONS_MAX = 32;
const WINDOW_MS = 10_000;
const MUTE_MS = 10_000;

/**
 * Peers whose gossip is not read for a while because they kept sending what must be rejected. Muting happens before
 * messages are remembered as seen, so a muted peer cannot shadow a segment that others send as well.
 */
export class MuteList {
  readonly #counters: Counters;
  readonly #rejections = new Map<string, { count: number; sinceMs: number }>();
  readonly #mutedUntilMs = new Map<string, number>();

  constructor(counters: Counters) {
    this.#counters = counters;
  }

  /** A message of this peer was rejected. `nowMs` is monotonic. */
  blame(peer: string, nowMs: number): void {
    const current = this.#rejections.get(peer);
    const entry = current === undefined || nowMs - current.sinceMs > WINDOW_MS ? { count: 0, sinceMs: nowMs } : current;
    entry.count += 1;
    this.#rejections.set(peer, entry);
    if (entry.count < REJECTIONS_MAX) return;
    this.#rejections.delete(peer);
    this.#mutedUntilMs.set(peer, nowMs + MUTE_MS);
    this.#counters.bump('gossip.muted');
  }

  has(peer: string, nowMs: number): boolean {
    return nowMs < (this.#mutedUntilMs.get(peer) ?? 0);
  }
}
