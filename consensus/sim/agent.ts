import { Controller } from '../batching/controller.ts';
import type { BatchPolicy } from '../batching/pool.ts';
import type { ShardSample } from '../batching/types.ts';
import type { Replica } from '../replica-state.ts';
import type { Delivery } from '../types.ts';

export const AGENT_WINDOW_MS = 100;

interface InFlight {
  readonly height: number;
  readonly items: number;
  readonly bytes: number;
  readonly sealedMs: number;
}

interface Flown extends InFlight {
  readonly tookMs: number;
}

/** The metrics agent of one boot in miniature: samples in virtual time, without a machine; its controller is the policy. */
export class SimAgent {
  /** The controller's, but with so few segments in flight that batches are held back all the time. */
  readonly policy: BatchPolicy;
  readonly #controller: Controller;
  readonly #self: number;
  readonly #inFlight: InFlight[][];
  #flown: Flown[][];
  #sealed: InFlight[][];

  constructor(self: number, shards: number, blockIntervalMs: number) {
    const controller = new Controller({ shards, blockIntervalMs });
    const segmentsMax = 1 + (self % 3);
    this.#controller = controller;
    this.policy = {
      itemsTarget: (shard) => controller.itemsTarget(shard),
      bytesTarget: (shard) => controller.bytesTarget(shard),
      lingerMs: (shard) => controller.lingerMs(shard),
      inFlightSegmentsMax: (shard) => Math.min(segmentsMax, controller.inFlightSegmentsMax(shard)),
    };
    this.#self = self;
    const perShard = <Row>(): Row[][] => Array.from({ length: shards + 1 }, () => []);
    this.#inFlight = perShard();
    this.#flown = perShard();
    this.#sealed = perShard();
  }

  observe(delivery: Delivery, nowMs: number): void {
    if (delivery.kind === 'sealed') {
      const { header, bytes } = delivery.segment;
      const sealed = { height: header.height, items: header.count, bytes: bytes.length, sealedMs: nowMs };
      this.#inFlight[header.shard]?.push(sealed);
      this.#sealed[header.shard]?.push(sealed);
    }
    if (delivery.kind !== 'executed') return;
    for (const { shard, author, height } of delivery.executed.block.block.cut) {
      const flying = this.#inFlight[shard];
      if (author !== this.#self || flying === undefined) continue;
      const done = flying.filter((one) => one.height <= height);
      flying.splice(0, flying.length, ...flying.filter((one) => one.height > height));
      this.#flown[shard]?.push(...done.map((one) => ({ ...one, tookMs: nowMs - one.sealedMs })));
    }
  }

  /** Whether there is anything to sample. */
  hasWork({ pool }: Replica): boolean {
    return this.#inFlight.some((flying, shard) => flying.length > 0 || pool.waiting(shard) > 0);
  }

  /** The window that ends now. */
  sample(replica: Replica, nowMs: number): void {
    const shards = this.#inFlight.map((_, shard) => this.#row(shard, replica));
    const count = shards.length;
    this.#flown = Array.from({ length: count }, () => []);
    this.#sealed = Array.from({ length: count }, () => []);
    this.#controller.observe({ atMs: nowMs, windowMs: AGENT_WINDOW_MS, shards, machine: undefined });
  }

  #row(shard: number, { pool }: Replica): ShardSample {
    const [flown, sealed, flying] = [this.#flown, this.#sealed, this.#inFlight].map((rows) => rows[shard] ?? []);
    const took = (this.#flown[shard] ?? []).map(({ tookMs }) => tookMs).sort((a, b) => a - b);
    const at = (part: number): number => took[Math.floor(part * (took.length - 1))] ?? 0;
    const hasFlown = took.length > 0;
    return {
      shard,
      deliveredItems: sum(flown, 'items'),
      deliveredBytes: sum(flown, 'bytes'),
      sealedSegments: sealed?.length ?? 0,
      sealedItems: sum(sealed, 'items'),
      inFlightSegments: flying?.length ?? 0,
      inFlightItems: sum(flying, 'items'),
      waitingItems: pool.waiting(shard),
      finalMs: hasFlown ? { min: at(0), p50: at(0.5), p99: at(0.99) } : undefined,
      parts: hasFlown ? { sealMs: 0, orderMs: at(0.5), executeMs: 0 } : undefined,
    };
  }
}

function sum(rows: readonly InFlight[] | undefined, what: 'items' | 'bytes'): number {
  return (rows ?? []).reduce((total, row) => total + row[what], 0);
}
