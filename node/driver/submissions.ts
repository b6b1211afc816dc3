import type { Delivery, ExecutedBlock, Input } from '../../consensus/types.ts';
import type { Item } from '../../protocol/chain/segment.ts';
import { WaggleError } from '../../protocol/errors.ts';
import type { AppliedItem } from '../../protocol/governance/applied.ts';
import type { Hash } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import type { FinalFacts, Submission } from '../rpc/node-api.ts';

export const PENDING_MAX = 65_536;

/** Takes items on the way to the ledger, and tells what became of each. A validator seals them, an observer hands them on. */
export interface SubmitService {
  submit(shard: number, item: Item, id: Hash): Submission;
  take(delivery: Extract<Delivery, { kind: 'sealed' | 'busy' | 'executed' }>): void;
  stop(): void;
  /** Not final yet. */
  readonly size: number;
}

export interface Pending {
  readonly submission: Submission;
  readonly accept: () => void;
  readonly finish: (facts: FinalFacts) => void;
  readonly refuse: (error: WaggleError) => void;
}

/** What was submitted here and is not final yet, by id. Two submissions of one id share what becomes of it. */
export class Submissions implements SubmitService {
  readonly #push: (input: Input) => boolean;
  readonly #self: number;
  readonly #pending = new Map<string, Pending>();
  #isStopped = false;

  constructor(push: (input: Input) => boolean, self: number) {
    this.#push = push;
    this.#self = self;
  }

  get size(): number {
    return this.#pending.size;
  }

  submit(shard: number, item: Item, id: Hash): Submission {
    const key = toHex(id);
    const known = this.#pending.get(key);
    if (known !== undefined) return known.submission;
    const pending = createPending(id, shard);
    if (this.#isStopped) pending.refuse(new WaggleError('WAGGLE_SUBMIT_STOPPED'));
    else if (this.#pending.size >= PENDING_MAX) pending.refuse(new WaggleError('WAGGLE_SUBMIT_BUSY'));
    else {
      this.#pending.set(key, pending);
      if (!this.#push({ kind: 'submit', shard, item, id })) this.#refuse(id, 'WAGGLE_SUBMIT_BUSY');
    }
    return pending.submission;
  }

  take(delivery: Extract<Delivery, { kind: 'sealed' | 'busy' | 'executed' }>): void {
    if (delivery.kind === 'sealed') for (const id of delivery.ids) this.#pending.get(toHex(id))?.accept();
    else if (delivery.kind === 'busy') this.#refuse(delivery.id, 'WAGGLE_SUBMIT_BUSY');
    else this.#finish(delivery.executed);
  }

  /** Nobody waits for ever: what is sealed stays submitted, but this node will not tell what becomes of it. */
  stop(): void {
    this.#isStopped = true;
    for (const { refuse } of this.#pending.values()) refuse(new WaggleError('WAGGLE_SUBMIT_STOPPED'));
    this.#pending.clear();
  }

  #refuse(id: Hash, code: string): void {
    const key = toHex(id);
    this.#pending.get(key)?.refuse(new WaggleError(code));
    this.#pending.delete(key);
  }

  #finish({ block, segments }: ExecutedBlock): void {
    if (this.#pending.size === 0) return;
    for (const { segment, items } of segments) {
      for (const item of items) {
        const key = toHex(item.id);
        const pending = this.#pending.get(key);
        if (pending === undefined || !this.#decides(segment.header.author, item)) continue;
        pending.finish(finalFactsOf(item, block.block.height));
        this.#pending.delete(key);
      }
    }
  }

  /** Somebody else may seal the same bytes where they are refused; only that they counted there settles it for us. */
  #decides(author: number, { outcome }: AppliedItem): boolean {
    return author === this.#self || outcome === 'counted' || outcome === 'applied';
  }
}

export function finalFactsOf({ outcome, counted }: AppliedItem, height: number): FinalFacts {
  return { outcome, height, ...(counted === undefined ? {} : { counted }) };
}

export function createPending(id: Hash, shard: number): Pending {
  const accepted = Promise.withResolvers<void>();
  const final = Promise.withResolvers<FinalFacts>();
  // Whoever stopped waiting must not bring the process down.
  accepted.promise.catch(() => undefined);
  final.promise.catch(() => undefined);
  return {
    submission: { id, shard, accepted: accepted.promise, final: final.promise },
    accept: () => accepted.resolve(),
    finish(facts) {
      accepted.resolve();
      final.resolve(facts);
    },
    refuse(error) {
      accepted.reject(error);
      final.reject(error);
    },
  };
}
