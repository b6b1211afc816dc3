import type { PeerId } from '@libp2p/interface';
import type { Counters } from './counters.ts';

const INTERVAL_MS = 10_000;
/** The first ping waits until the handshakes around it are done, which it would measure. */
const FIRST_AFTER_MS = 1_000;
const TIMEOUT_MS = 10_000;

export interface LatencyOptions {
  /** Round trip to a connected peer, in ms; rejects when it fails or the signal ends it. */
  readonly ping: (peer: PeerId, signal: AbortSignal) => Promise<number>;
  readonly onLatency: (peer: PeerId, latencyMs: number) => void;
  /** No answer in time: the connection is dead, whatever TCP believes. */
  readonly onDead: (peer: PeerId) => void;
}

/** Pings each connected peer, a second after it connected and then every 10 s. */
export class LatencyWatch {
  readonly #options: LatencyOptions;
  readonly #counters: Counters;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #stopped = new AbortController();

  constructor(options: LatencyOptions, counters: Counters) {
    this.#options = options;
    this.#counters = counters;
  }

  connected(peer: PeerId): void {
    if (this.#timers.has(peer.toString()) || this.#stopped.signal.aborted) return;
    this.#schedule(peer, FIRST_AFTER_MS);
  }

  disconnected(peer: PeerId): void {
    clearTimeout(this.#timers.get(peer.toString()));
    this.#timers.delete(peer.toString());
  }

  stop(): void {
    this.#stopped.abort();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  #schedule(peer: PeerId, waitMs: number): void {
    clearTimeout(this.#timers.get(peer.toString()));
    this.#timers.set(
      peer.toString(),
      setTimeout(() => void this.#measure(peer), waitMs),
    );
  }

  async #measure(peer: PeerId): Promise<void> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const latencyMs = await this.#options.ping(peer, AbortSignal.any([timeout, this.#stopped.signal]));
      this.#options.onLatency(peer, latencyMs);
    } catch {
      if (this.#stopped.signal.aborted || !this.#timers.has(peer.toString())) return;
      this.#counters.bump('ping.failed');
      if (timeout.aborted) this.#options.onDead(peer);
    }
    if (this.#timers.has(peer.toString())) this.#schedule(peer, INTERVAL_MS);
  }
}
