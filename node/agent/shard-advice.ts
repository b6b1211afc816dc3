import type { Sample, ShardSample } from '../../consensus/batching/types.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Finding } from './findings.ts';

/** Over this long the share of windows with a queue that stands is averaged. */
const MEAN_MS = 10_000;
/** A shard is full above this share, and until it falls below the other. */
const FULL_SHARE = 0.8;
const FREE_SHARE = 0.5;
/** For so long before more shards are proposed. */
const FULL_MS = 30_000;
/** Nobody submitted more than this to any shard for so long: fewer would do. */
const QUIET_PER_S = 5;
const QUIET_MS = 600_000;
/** More shards cost more of the processor: with less than this left they would help nobody. */
const CPU_SHARE_MAX = 0.75;
/** Windows farther apart are not of one load. */
const GAP_MS = 1_000;
/** Where blocks are rarer than windows, those between two say nothing; what delivers nothing for this long stands for another reason. */
const BETWEEN_MS = 3_000;

/**
 * The first half of auto-scaling: whether the network should have more or fewer ballot shards, as far as this node sees it.
 * It proposes to people and changes nothing; what one node finds the admins hold against what others find. A new epoch
 * begins a new one, so advice that was followed is looked at anew, from nothing.
 */
export class ShardAdvice {
  readonly #shards: number;
  readonly #nowMs: () => number;
  #fullShare = 0;
  #fullSinceMs: number | undefined;
  #fullest = 0;
  #busyAtMs: number;
  #lastAtMs: number;
  #deliveredAtMs: number;

  constructor({ shards, nowMs }: { readonly shards: number; readonly nowMs: () => number }) {
    this.#shards = shards;
    this.#nowMs = nowMs;
    this.#busyAtMs = nowMs();
    this.#lastAtMs = this.#busyAtMs;
    this.#deliveredAtMs = this.#busyAtMs;
  }

  observe({ windowMs, shards, machine }: Pick<Sample, 'windowMs' | 'shards' | 'machine'>): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lastAtMs > GAP_MS + windowMs) this.#forget();
    this.#lastAtMs = nowMs;
    const ballots = shards.filter(({ shard }) => shard > 0);
    // What waits and is not delivered is no sign of leisure.
    const isBusy = ballots.some((row) => row.waitingItems > 0 || row.deliveredItems * 1_000 > QUIET_PER_S * windowMs);
    if (isBusy) this.#busyAtMs = nowMs;
    if (ballots.some(({ deliveredItems }) => deliveredItems > 0)) this.#deliveredAtMs = nowMs;
    else if (nowMs - this.#deliveredAtMs <= BETWEEN_MS && ballots.some(({ waitingItems }) => waitingItems > 0)) return;
    const full = ballots.filter(isFull).sort((a, b) => b.waitingItems - a.waitingItems)[0];
    const hasRoom = machine !== undefined && machine.cpuShare < CPU_SHARE_MAX;
    const isFullHere = full !== undefined && hasRoom;
    const weight = Math.min(1, windowMs / MEAN_MS);
    this.#fullShare += weight * ((isFullHere ? 1 : 0) - this.#fullShare);
    if (isFullHere) this.#fullest = full.shard;
    if (this.#fullShare < FREE_SHARE) this.#fullSinceMs = undefined;
    else if (this.#fullShare > FULL_SHARE) this.#fullSinceMs ??= nowMs;
  }

  /** What to propose now, if anything; never both, and never a number that no epoch may have. */
  finding(): Finding | undefined {
    const nowMs = this.#nowMs();
    const shards = this.#shards;
    const isLoaded = nowMs - this.#lastAtMs <= GAP_MS && this.#fullSinceMs !== undefined;
    if (isLoaded && this.#lastAtMs - (this.#fullSinceMs ?? nowMs) >= FULL_MS) {
      const next = Math.min(LIMITS.shardsMax, 2 * shards);
      if (next === shards) return undefined;
      const text = `shard ${this.#fullest} does not take all that comes, and the machine has room: waggle admin propose --shards ${next}`;
      return finding('shard-full', this.#fullShare, text, { shard: this.#fullest, shards, next });
    }
    const quietMs = nowMs - this.#busyAtMs;
    if (quietMs < QUIET_MS || shards === 1) return undefined;
    const next = Math.floor(shards / 2);
    const text = `no shard has had much to do here for long: waggle admin propose --shards ${next} would do`;
    return finding('shards-idle', 0, text, { shards, next, quietS: Math.floor(quietMs / 1_000) });
  }

  #forget(): void {
    this.#fullShare = 0;
    this.#fullSinceMs = undefined;
  }
}

/** More waits than a window takes away. What delivers nothing at all waits for something else than its own shard. */
function isFull({ waitingItems, deliveredItems }: ShardSample): boolean {
  return deliveredItems > 0 && waitingItems >= deliveredItems;
}

function finding(code: Finding['code'], share: number, text: string, evidence: Finding['evidence']): Finding {
  return { code, share, gainMs: undefined, text, evidence };
}
