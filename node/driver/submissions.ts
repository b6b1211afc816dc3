import type { Delivery, Input } from '../../consensus/types.ts';
import { decodeItems, type Item } from '../../protocol/chain/segment.ts';
import { WaggleError } from '../../protocol/errors.ts';
import type { Hash } from '../../protocol/hash.ts';
import type { FinalFacts, Submission } from '../rpc/node-api.ts';
import { PENDING_MAX, PendingItems } from './pending-items.ts';
import { Sealing } from './sealing.ts';

/** Takes items on the way to the ledger, and tells what became of each. A validator seals them, an observer hands them on. */
export interface SubmitService {
  submit(shard: number, item: Item, id: Hash): Submission;
  take(delivery: Extract<Delivery, { kind: 'sealed' | 'busy' | 'executed' }>): void;
  stop(): void;
  /** Not final yet. */
  readonly size: number;
}

/** False: there is no room. */
type PushItem = (input: Extract<Input, { kind: 'submit' }>) => boolean;

/** What was submitted here and is not final yet. Two submissions of the same bytes share what becomes of them. */
export class Submissions implements SubmitService {
  readonly #push: PushItem;
  readonly #self: () => number | undefined;
  readonly #pending = new PendingItems<Sealing>();
  #isStopped = false;

  /** `self`: own ValidatorIndex in the current epoch. */
  constructor(push: PushItem, self: () => number | undefined) {
    this.#push = push;
    this.#self = self;
  }

  get size(): number {
    return this.#pending.size;
  }

  submit(shard: number, item: Item, id: Hash): Submission {
    const known = this.#pending.find(item);
    if (known !== undefined) return known.submission;
    const pending = new Sealing(id, shard, item);
    if (this.#isStopped) pending.refuse(new WaggleError('WAGGLE_SUBMIT_STOPPED'));
    else if (this.#pending.size >= PENDING_MAX || !this.#push({ kind: 'submit', shard, item, id }))
      pending.refuse(new WaggleError('WAGGLE_SUBMIT_BUSY'));
    else this.#pending.add(pending);
    return pending.submission;
  }

  take(delivery: Extract<Delivery, { kind: 'sealed' | 'busy' | 'executed' }>): void {
    if (delivery.kind === 'sealed') this.#seal(delivery);
    else if (delivery.kind === 'busy') this.#refuse(delivery.id);
    else this.#pending.settle(delivery.executed, (_, { author }) => author === this.#self());
  }

  /** What became of an item that others sealed for this node. */
  settle(item: Item, facts: FinalFacts): void {
    const pending = this.#pending.find(item);
    if (pending === undefined) return;
    pending.finish(facts);
    this.#pending.remove(pending);
  }

  /** No seat is left to seal it, and nobody else does. */
  giveUp(item: Item): void {
    const pending = this.#pending.find(item);
    if (pending === undefined) return;
    pending.refuse(new WaggleError('WAGGLE_SUBMIT_BUSY'));
    this.#pending.remove(pending);
  }

  /** Nobody waits for ever: what is sealed stays submitted, but this node will not tell what becomes of it. */
  stop(): void {
    this.#isStopped = true;
    for (const sealing of this.#pending.values()) sealing.refuse(new WaggleError('WAGGLE_SUBMIT_STOPPED'));
    this.#pending.clear();
  }

  #seal({ segment, ids }: Extract<Delivery, { kind: 'sealed' }>): void {
    let items: readonly Item[] | undefined;
    for (const [at, id] of ids.entries()) {
      const entries = this.#pending.ofId(id);
      // Nearly always one: its bytes need no look.
      if (entries.length > 1) items ??= decodeItems(segment.body, segment.header.count);
      const item = items?.[at];
      const sealed = entries.length > 1 && item !== undefined ? this.#pending.find(item) : entries[0];
      if (sealed === undefined) continue;
      sealed.isSealed = true;
      sealed.accept();
    }
  }

  /** The step names the id alone: whoever waits under it and is not sealed may be the one, and may come again. */
  #refuse(id: Hash): void {
    for (const entry of this.#pending.ofId(id)) {
      if (entry.isSealed) continue;
      entry.refuse(new WaggleError('WAGGLE_SUBMIT_BUSY'));
      this.#pending.remove(entry);
    }
  }
}
