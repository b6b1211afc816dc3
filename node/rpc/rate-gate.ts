import { type Rate, RPC_LIMITS } from './limits.ts';
import { RpcError } from './rpc-error.ts';

interface Bucket {
  /** Below zero after a call that cost more than was left of a full bucket. */
  level: number;
  atMs: number;
  readonly rate: Rate;
}

/**
 * A token bucket per caller: what was not spent is kept up to the burst. Elements of a batch are spent for one by one, so
 * that those beyond the limit alone are refused (interface.md, JSON-RPC 2.0). A full bucket is as good as none: only who
 * spent lately takes room, and the oldest makes way when there is none.
 */
export class RateGate {
  readonly #nowMs: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /** `nowMs` never goes back. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @throws RpcError request.rate-limited with the time after which the same units are there */
  spend(caller: string, rate: Rate, units: number): void {
    const bucket = this.#filled(caller, rate);
    // What costs more than a burst would never pass: it takes a full bucket, and a debt.
    const short = Math.min(units, rate.burst) - bucket.level;
    if (short > 0) {
      const retryAfterMs = Math.max(1, Math.ceil((short * 1_000) / rate.perS));
      throw new RpcError('request.rate-limited', { retryAfterMs });
    }
    bucket.level -= units;
  }

  /** Callers that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  #filled(caller: string, rate: Rate): Bucket {
    const nowMs = this.#nowMs();
    const known = this.#buckets.get(caller);
    if (known !== undefined) {
      known.level = levelAt(known, nowMs);
      known.atMs = nowMs;
      return known;
    }
    if (this.#buckets.size >= RPC_LIMITS.callersMax) this.#makeRoom(nowMs);
    const fresh: Bucket = { level: rate.burst, atMs: nowMs, rate };
    this.#buckets.set(caller, fresh);
    return fresh;
  }

  #makeRoom(nowMs: number): void {
    for (const [caller, bucket] of this.#buckets) {
      if (levelAt(bucket, nowMs) >= bucket.rate.burst) this.#buckets.delete(caller);
    }
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined && this.#buckets.size >= RPC_LIMITS.callersMax) this.#buckets.delete(oldest);
  }
}

function levelAt({ level, atMs, rate }: Bucket, nowMs: number): number {
  return Math.min(rate.burst, level + ((nowMs - atMs) * rate.perS) / 1_000);
}
