import type { Delivery } from '../../../consensus/types.ts';
import { toHex } from '../../../protocol/hex.ts';

interface Cast {
  readonly submittedMs: number;
  sealedMs: number;
}

/** When everything happened to the ballots submitted, and the blocks proposed, while it is open. */
export class Diary {
  readonly submitToFinalMs: number[] = [];
  readonly sealToFinalMs: number[] = [];
  /** Of every block at every validator. */
  readonly proposeToFinalMs: number[] = [];
  readonly #cast = new Map<string, Cast>();
  readonly #proposedMs = new Map<number, number>();
  #fromMs = Number.POSITIVE_INFINITY;
  #toMs = Number.POSITIVE_INFINITY;

  open(fromMs: number, toMs: number): void {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  #isOpen(atMs: number): boolean {
    return atMs >= this.#fromMs && atMs < this.#toMs;
  }

  submitted(id: Uint8Array, atMs: number): void {
    if (this.#isOpen(atMs)) this.#cast.set(toHex(id), { submittedMs: atMs, sealedMs: Number.NaN });
  }

  proposed(view: number, atMs: number): void {
    if (this.#isOpen(atMs)) this.#proposedMs.set(view, atMs);
  }

  /** Something was told at a validator: a ballot is sealed and final where it was submitted. */
  delivered(seat: number, delivery: Delivery, atMs: number): void {
    if (delivery.kind === 'sealed') this.#sealed(delivery.ids, atMs);
    if (delivery.kind === 'finalized') {
      const proposedMs = this.#proposedMs.get(delivery.view);
      if (proposedMs !== undefined) this.proposeToFinalMs.push(atMs - proposedMs);
    }
    if (delivery.kind !== 'executed') return;
    for (const { segment, items } of delivery.executed.segments) {
      if (segment.header.author === seat) for (const { id } of items) this.#final(id, atMs);
    }
  }

  #sealed(ids: readonly Uint8Array[], atMs: number): void {
    for (const id of ids) {
      const cast = this.#cast.get(toHex(id));
      if (cast !== undefined) cast.sealedMs = atMs;
    }
  }

  #final(id: Uint8Array, atMs: number): void {
    const cast = this.#cast.get(toHex(id));
    if (cast === undefined) return;
    this.submitToFinalMs.push(atMs - cast.submittedMs);
    this.sealToFinalMs.push(atMs - cast.sealedMs);
  }
}
