import { toHex } from '../../protocol/hex.ts';
import type { FetchRequest } from '../types.ts';

interface Fetch {
  request: FetchRequest;
  /** Peers in the order of asking; one is asked at a time, the next after RETRY_MS. */
  readonly peers: readonly number[];
  asked: number;
  nextAtMs: number;
  wantedAtMs: number;
}

/** How long an asked peer has before the next one is asked. */
const RETRY_MS = 250;
/** After all were asked in vain the wait doubles with every round, up to this. */
const RETRY_MS_MAX = 8_000;
/** Not wanted for this long: forgotten. */
const FORGET_MS = 2_000;

/**
 * What is missing and whom it was asked of. Rules say again and again what they want; this paces the asking, so
 * that absence costs one request per peer and RETRY_MS, whatever the number of wishes. Bounded: a wish that still stands
 * displaces one that does not.
 */
export class Fetches {
  readonly #max: number;
  readonly #fetches = new Map<string, Fetch>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Ask for something, preferring the peers named first. `graceMs` waits first, for what is likely on its way.
   * A table full of standing wishes drops a new one: it is repeated while it is wanted.
   */
  want(request: FetchRequest, peers: readonly number[], nowMs: number, graceMs = 0): void {
    const key = keyOf(request);
    const found = this.#fetches.get(key);
    if (found !== undefined) {
      found.request = request;
      found.wantedAtMs = nowMs;
      return;
    }
    if (peers.length === 0 || !this.#hasRoom(nowMs)) return;
    this.#fetches.set(key, { request, peers, asked: 0, nextAtMs: nowMs + graceMs, wantedAtMs: nowMs });
  }

  #hasRoom(nowMs: number): boolean {
    if (this.#fetches.size < this.#max) return true;
    for (const [key, { wantedAtMs }] of this.#fetches) {
      if (wantedAtMs === nowMs) continue;
      this.#fetches.delete(key);
      return true;
    }
    return false;
  }

  /** Requests due now, each with the peer to ask. Wishes that were not repeated for a while are dropped. */
  due(nowMs: number): { readonly to: number; readonly request: FetchRequest }[] {
    const due: { to: number; request: FetchRequest }[] = [];
    for (const [key, fetch] of this.#fetches) {
      if (fetch.wantedAtMs + FORGET_MS < nowMs) this.#fetches.delete(key);
      else if (fetch.nextAtMs <= nowMs && fetch.wantedAtMs === nowMs) {
        const to = fetch.peers[fetch.asked % fetch.peers.length];
        if (to === undefined) continue;
        fetch.asked += 1;
        const rounds = Math.floor(fetch.asked / fetch.peers.length);
        fetch.nextAtMs = nowMs + Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** Math.min(rounds, 8));
        due.push({ to, request: fetch.request });
      }
    }
    return due;
  }

  /** Who was away is back: waits that grew while nobody could answer begin anew. */
  hurry(nowMs: number): void {
    for (const fetch of this.#fetches.values()) {
      fetch.asked %= fetch.peers.length;
      fetch.nextAtMs = Math.min(fetch.nextAtMs, nowMs);
    }
  }

  /** How often something that is wanted was asked for. */
  timesAsked(request: FetchRequest): number {
    return this.#fetches.get(keyOf(request))?.asked ?? 0;
  }

  /** When the next wish that still stands is due, or undefined: what is not wanted any more wakes nobody. */
  nextAtMs(nowMs: number): number | undefined {
    let next: number | undefined;
    for (const { nextAtMs, wantedAtMs } of this.#fetches.values()) {
      if (wantedAtMs === nowMs && (next === undefined || nextAtMs < next)) next = nextAtMs;
    }
    return next;
  }

  get size(): number {
    return this.#fetches.size;
  }
}

/** One wish, one key: what is wanted, not how far it has come. Two forks of one range are two wishes. */
function keyOf(request: FetchRequest): string {
  switch (request.kind) {
    case 'fetch-certificates':
      return `c${request.from}-${request.to}`;
    case 'fetch-block':
      return `b${toHex(request.hash)}`;
    case 'fetch-segments':
      return `s${request.shard}/${request.author}/${request.to}/${request.tip === undefined ? '' : toHex(request.tip)}`;
    case 'fetch-final':
      return `f${request.from}`;
    case 'fetch-past':
      return 'p';
  }
}
