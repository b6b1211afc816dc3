import type { LinkSample, MachineSample, Sample, ShardSample } from '../../consensus/batching/types.ts';

/** Means over the last seconds of work; what findings rest on. Milliseconds but where the name says otherwise. */
export interface HealthFacts {
  /** Submitted → executed. */
  readonly finalMs: number;
  readonly sealMs: number;
  readonly orderMs: number;
  readonly executeMs: number;
  /** CPU seconds per second. */
  readonly cpuShare: number;
  readonly loopDelayMs: number;
  readonly syncMs: number;
  readonly links: readonly LinkSample[];
  /** Of all items that came, those the pool had no room for: 0…1. */
  readonly refusedShare: number;
}

/** Weight of a new window: what was 20 windows ago counts for a tenth. */
const WEIGHT = 0.1;

/** Moving means over windows, weighed by the items in them where it is about items. */
export class Health {
  #parts = { items: 0, sealMs: 0, orderMs: 0, executeMs: 0 };
  #refused = 0;
  #taken = 0;
  #machine: MachineSample | undefined;
  #means = { cpuShare: 0, loopDelayMs: 0, syncMs: 0 };

  /** `refused`: items of this window that the pool had no room for. */
  observe({ shards, machine }: Sample, refused: number): void {
    const kept = 1 - WEIGHT;
    const parts = this.#parts;
    for (const key of ['items', 'sealMs', 'orderMs', 'executeMs'] as const) parts[key] *= kept;
    for (const row of shards) this.#addParts(row);
    this.#refused = this.#refused * kept + refused;
    this.#taken = this.#taken * kept + shards.reduce((sum, row) => sum + row.sealedItems, 0);
    if (machine !== undefined) this.#addMachine(machine);
  }

  /** Undefined until something was executed in a window of which all is known. */
  get facts(): HealthFacts | undefined {
    const { items, sealMs, orderMs, executeMs } = this.#parts;
    if (items === 0 || this.#machine === undefined) return undefined;
    const came = this.#refused + this.#taken;
    return {
      finalMs: (sealMs + orderMs + executeMs) / items,
      sealMs: sealMs / items,
      orderMs: orderMs / items,
      executeMs: executeMs / items,
      ...this.#means,
      links: this.#machine.links,
      refusedShare: came === 0 ? 0 : this.#refused / came,
    };
  }

  #addParts({ parts, deliveredItems }: ShardSample): void {
    if (parts === undefined) return;
    this.#parts.items += deliveredItems;
    for (const key of ['sealMs', 'orderMs', 'executeMs'] as const) this.#parts[key] += parts[key] * deliveredItems;
  }

  #addMachine(machine: MachineSample): void {
    const isFirst = this.#machine === undefined;
    const mix = (mean: number, value: number) => (isFirst ? value : mean + WEIGHT * (value - mean));
    const { cpuShare, loopDelayMs, syncMs } = this.#means;
    this.#means = {
      cpuShare: mix(cpuShare, machine.cpuShare),
      loopDelayMs: mix(loopDelayMs, machine.loopDelayMsP99),
      syncMs: mix(syncMs, machine.syncMs ?? syncMs),
    };
    this.#machine = machine;
  }
}
