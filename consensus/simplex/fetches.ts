import { toHex } from '../../protocol/hex.ts';
import type { FetchRequest } from '../types.ts';

interface Fetch {
  request: FetchRequest;
  /** Peers in the order of asking; one is asked at a time, the next after RETRY_MS. */
  peers: readonly number[];
  asked: number;
  nextAtMs: number;
  wantedAtMs: number;
}

/** How long an asked peer has before the next one is asked. */
const RETRY_MS = 250;
/** Not wanted for this long: forgotten. */
const FORGET_MS = 2_000;
const FETCHES_MAX = 256;

/**
 * What is missing and whom it was asked of. Rules say again and again what they want; this paces the asking, so
 * that absence costs one request per peer and RETRY_MS, whatever the number of wishes.
 */
export class Fetches {
  readonly #fetches = new Map<string, Fetch>();

  /**
   * Ask for something, preferring the peers named first. `graceMs` waits first, for what is likely on its way.
   * A full table drops the wish: it is repeated while it is wanted.
   */
  want(request: FetchRequest, peers: readonly number[], nowMs: number, graceMs = 0): void {
    const key = keyOf(request);
    const found = this.#fetches.get(key);
    if (found !== undefined) {
      found.request = request;
      found.wantedAtMs = nowMs;
      return;
    }
    if (this.#fetches.size >= FETCHES_MAX || peers.length === 0) return;
    this.#fetches.set(key, { request, peers, asked: 0, nextAtMs: nowMs + graceMs, wantedAtMs: nowMs });
  }

  /** Requests due now, each with the peer to ask. Wishes that were not repeated are dropped. */
  due(nowMs: number): { readonly to: number; readonly request: FetchRequest }[] {
    const due: { to: number; request: FetchRequest }[] = [];
    for (const [key, fetch] of this.#fetches) {
      if (fetch.wantedAtMs + FORGET_MS < nowMs) this.#fetches.delete(key);
      else if (fetch.nextAtMs <= nowMs && fetch.wantedAtMs === nowMs) {
        const to = fetch.peers[fetch.asked % fetch.peers.length];
        if (to === undefined) continue;
        fetch.asked += 1;
        fetch.nextAtMs = nowMs + RETRY_MS;
        due.push({ to, request: fetch.request });
      }
    }
    return due;
  }

  /** When the next wish is due, or undefined. */
  nextAtMs(): number | undefined {
    let next: number | undefined;
    for (const { nextAtMs } of this.#fetches.values()) if (next === undefined || nextAtMs < next) next = nextAtMs;
    return next;
  }

  get size(): number {
    return this.#fetches.size;
  }
}

/** One wish, one key: what is wanted, not how far it has come. */
function keyOf(request: FetchRequest): string {
  switch (request.kind) {
    case 'fetch-certificates':
      return `c${request.from}-${request.to}`;
    case 'fetch-block':
      return `b${toHex(request.hash)}`;
    case 'fetch-segments':
      return `s${request.shard}/${request.author}/${request.to}`;
    case 'fetch-final':
      return `f${request.from}`;
  }
}
