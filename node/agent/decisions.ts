import type { Decision } from '../../consensus/batching/types.ts';

/** A decision with its place since the start of the node, and the time on the wall. */
export interface RecordedDecision extends Decision {
  readonly seq: number;
  readonly timeMs: number;
}

const KEPT = 1_024;

/** The latest decisions, and how many of each reason there were. `epoch` names this start of the node. */
export class Decisions {
  readonly epoch: string;
  readonly #kept: RecordedDecision[] = [];
  readonly #reasons = new Map<string, number>();
  readonly #latest = new Map<number, RecordedDecision>();
  readonly #listeners = new Set<() => void>();
  #seq = 0;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  /** Of the newest; 0 before the first. */
  get seq(): number {
    return this.#seq;
  }

  record(decisions: readonly Decision[], timeMs: number): void {
    if (decisions.length === 0) return;
    for (const decision of decisions) {
      this.#seq += 1;
      const recorded = { ...decision, seq: this.#seq, timeMs };
      this.#kept.push(recorded);
      this.#latest.set(decision.shard, recorded);
      this.#reasons.set(decision.reason, (this.#reasons.get(decision.reason) ?? 0) + 1);
    }
    if (this.#kept.length > KEPT) this.#kept.splice(0, this.#kept.length - KEPT);
    for (const listener of this.#listeners) listener();
  }

  latest(shard: number): RecordedDecision | undefined {
    return this.#latest.get(shard);
  }

  /** Since the start, by reason. */
  reasons(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#reasons);
  }

  /** Newest first, those below `before` alone. */
  newest(limit: number, before = Number.POSITIVE_INFINITY): RecordedDecision[] {
    return this.#kept
      .filter(({ seq }) => seq < before)
      .slice(-limit)
      .reverse();
  }

  /** Oldest first, and how many after `seq` are not kept any more. */
  after(seq: number): { readonly lost: number; readonly events: readonly RecordedDecision[] } {
    const events = this.#kept.filter((one) => one.seq > seq);
    return { lost: Math.max(0, this.#seq - seq - events.length), events };
  }

  /** Called after decisions were recorded. Returns how to stop. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}
