import type { PeerId } from '@libp2p/interface';
import type { Counters } from './counters.ts';

const INTERVAL_MS = 10_000;
const TIMEOUT_MS = 10_000;

export interface LatencyOptions {
  /** Round trip to a connected peer, in ms; rejects when it fails or the signal ends it. */
  readonly ping: (peer: PeerId, signal: AbortSignal) => Promise<number>;
  readonly onLatency: (peer: PeerId, latencyMs: number) => void;
  /** No answer in time: the connection is dead, whatever TCP believes. */
  readonly onDead: (peer: PeerId) => void;
}

/** Pings each connected peer, once when it connects and then every 10 s. */
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
    const key = peer.toString();
    if (this.#timers.has(key) || this.#stopped.signal.aborted) return;
    this.#timers.set(
      key,
      setInterval(() => void this.#measure(peer), INTERVAL_MS),
    );
    void this.#measure(peer);
  }

  disconnected(peer: PeerId): void {
    clearInterval(this.#timers.get(peer.toString()));
    this.#timers.delete(peer.toString());
  }

  stop(): void {
    this.#stopped.abort();
    for (const timer of this.#timers.values()) clearInterval(timer);
    this.#timers.clear();
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
  }
}
