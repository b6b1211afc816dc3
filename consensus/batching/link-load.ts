import type { Pressure } from './pace.ts';
import type { LinkSample } from './types.ts';
import { WindowedExtreme } from './windowed.ts';

/** How long the quickest answer of a peer is remembered. */
const FILTER_MS = 30_000;
/** An answer that takes so much longer than the quickest waited in somebody's queue. */
const LATE_RATIO = 2;
const LATE_MS = 50;
const WEIGHT = 0.4;

interface Peer {
  readonly quickest: WindowedExtreme;
  roundTripMs: number;
}

/** Round trips to the peers: who answers late has more to do than it can, and part of that is our segments. */
export class LinkLoad {
  #peers = new Map<string, Peer>();

  /** Peers without a row are forgotten. */
  observe(atMs: number, links: readonly LinkSample[]): void {
    const peers = new Map<string, Peer>();
    for (const { peer, roundTripMs } of links) {
      if (roundTripMs === undefined) continue;
      const known = this.#peers.get(peer) ?? { quickest: WindowedExtreme.min(FILTER_MS), roundTripMs };
      known.quickest.push(atMs, roundTripMs);
      known.roundTripMs += WEIGHT * (roundTripMs - known.roundTripMs);
      peers.set(peer, known);
    }
    this.#peers = peers;
  }

  get pressure(): Pressure | undefined {
    return this.#late > Math.floor(this.#peers.size / 3) ? 'peer-late' : undefined;
  }

  /** One alone may pretend, so it presses nothing; it is enough not to ask it for more. */
  get isSomeLate(): boolean {
    return this.#late > 0;
  }

  get #late(): number {
    return [...this.#peers.values()].filter(({ quickest, roundTripMs }) => {
      return roundTripMs > LATE_RATIO * (quickest.value ?? roundTripMs) + LATE_MS;
    }).length;
  }
}
