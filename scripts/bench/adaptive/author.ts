import { type BatchPolicy, Pool } from '../../../consensus/batching/pool.ts';
import type { Item } from '../../../protocol/chain/segment.ts';
import { ZERO_HASH } from '../../../protocol/hash.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { Chains, Sealed } from './chains.ts';
import { COSTS, type Processor, type World } from './world.ts';

/** A ballot with one entry and a short comment. */
const ITEM: Item = { kind: 1, bytes: new Uint8Array(200) };
const HEADER_BYTES = 400;
const SYNC_MS = 0.5;
const IN_FLIGHT_MAX = LIMITS.chainWindowSegments / 2;

/** The sealing half of a node: the pool of the product under a policy, and what the sampler counts of it. */
export class Author {
  readonly #world: World;
  readonly #processor: Processor;
  readonly #policy: BatchPolicy;
  readonly #chains: Chains;
  readonly #seat: number;
  readonly #pool: Pool;
  /** When what waits in each shard was submitted. */
  readonly #waiting: number[][];
  readonly #isSealing: boolean[];
  readonly #wakesAtMs: number[];
  /** Height of each own chain that is final. */
  readonly final: number[];
  /** Items that the pool had no room for. */
  refused = 0;
  readonly sealedSince: Sealed[] = [];
  readonly #publish: (sealed: Sealed) => void;

  constructor(
    world: World,
    processor: Processor,
    policy: BatchPolicy,
    chains: Chains,
    seat: number,
    publish: (sealed: Sealed) => void,
  ) {
    const { shards } = world.profile;
    this.#world = world;
    this.#processor = processor;
    this.#policy = policy;
    this.#chains = chains;
    this.#seat = seat;
    this.#publish = publish;
    this.#pool = new Pool(shards, policy);
    this.#waiting = Array.from({ length: shards + 1 }, () => []);
    this.#isSealing = Array.from({ length: shards + 1 }, () => false);
    this.#wakesAtMs = Array.from({ length: shards + 1 }, () => Number.POSITIVE_INFINITY);
    this.final = Array.from({ length: shards + 1 }, () => 0);
  }

  /** Shards count from 1: shard 0 is for control items, which nobody sends here. */
  chainOf(shard: number): number {
    return this.#seat * this.#world.profile.shards + shard - 1;
  }

  /** Items that came in one moment, spread over the shards. */
  submit(count: number, firstShard: number): void {
    const { shards } = this.#world.profile;
    const submittedMs = this.#world.nowMs;
    this.#processor.run(
      () => count * COSTS.admitItemUs,
      () => {
        for (let at = 0; at < count; at++) {
          const shard = 1 + ((firstShard + at) % shards);
          if (this.#pool.add(shard, ITEM, ZERO_HASH, this.#world.nowMs)) this.#waiting[shard]?.push(submittedMs);
          else this.refused += 1;
        }
        for (let shard = 1; shard <= shards; shard++) this.trySeal(shard);
      },
    );
  }

  waitingItems(shard: number): number {
    return this.#pool.waiting(shard);
  }

  inFlight(shard: number): number {
    return this.#chains.tip(this.chainOf(shard)) - (this.final[shard] ?? 0);
  }

  inFlightItems(shard: number): number {
    const chain = this.chainOf(shard);
    let items = 0;
    for (let height = (this.final[shard] ?? 0) + 1; height <= this.#chains.tip(chain); height++)
      items += this.#chains.at(chain, height)?.submittedMs.length ?? 0;
    return items;
  }

  #isHeld(shard: number): boolean {
    return this.inFlight(shard) >= Math.min(IN_FLIGHT_MAX, this.#pool.inFlightSegmentsMax(shard));
  }

  /** A step of the replica, as rule C-01: what is due and may go is sealed when the processor comes to it. */
  trySeal(shard: number): void {
    if (this.#isSealing[shard] === true || this.#pool.waiting(shard) === 0 || this.#isHeld(shard)) return;
    const { nowMs } = this.#world;
    const dueMs = this.#pool.dueAtMs(shard) ?? nowMs;
    const isFull = this.#pool.waiting(shard) >= this.#policy.itemsTarget(shard);
    if (dueMs > nowMs && !isFull && !this.#isFullOfBytes(shard)) {
      this.#wake(shard, dueMs);
      return;
    }
    this.#isSealing[shard] = true;
    let sealed: Sealed | undefined;
    this.#processor.run(
      () => {
        sealed = this.#seal(shard);
        return sealed === undefined ? 0 : COSTS.segmentUs;
      },
      () => {
        this.#isSealing[shard] = false;
        const done = sealed;
        if (done !== undefined) this.#world.at(this.#world.nowMs + SYNC_MS, () => this.#publish(done));
        this.trySeal(shard);
      },
    );
  }

  #isFullOfBytes(shard: number): boolean {
    return this.#pool.waiting(shard) * ITEM.bytes.length >= this.#policy.bytesTarget(shard);
  }

  #wake(shard: number, atMs: number): void {
    const wakesAtMs = this.#wakesAtMs[shard] ?? 0;
    if (wakesAtMs > this.#world.nowMs && wakesAtMs <= atMs) return;
    this.#wakesAtMs[shard] = atMs;
    this.#world.at(atMs, () => {
      if (this.#wakesAtMs[shard] === atMs) this.#wakesAtMs[shard] = Number.POSITIVE_INFINITY;
      this.trySeal(shard);
    });
  }

  #seal(shard: number): Sealed | undefined {
    const batch = this.#isHeld(shard) ? undefined : this.#pool.take(shard, this.#world.nowMs);
    if (batch === undefined) return undefined;
    const chain = this.chainOf(shard);
    const sealed: Sealed = {
      chain,
      author: this.#seat,
      shard,
      height: this.#chains.tip(chain) + 1,
      bytes: HEADER_BYTES + batch.items.length * ITEM.bytes.length,
      sealedMs: this.#world.nowMs,
      submittedMs: this.#waiting[shard]?.splice(0, batch.items.length) ?? [],
      executedBy: 0,
    };
    this.#chains.append(sealed);
    this.sealedSince.push(sealed);
    return sealed;
  }
}
