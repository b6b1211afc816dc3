import type { Delivery } from '../../consensus/types.ts';
import type { Item } from '../../protocol/chain/segment.ts';
import { WaggleError } from '../../protocol/errors.ts';
import type { Hash } from '../../protocol/hash.ts';
import type { Counters } from '../network/counters.ts';
import type { Submission } from '../rpc/node-api.ts';
import { createPending, PENDING_MAX, type Pending, PendingItems } from './pending-items.ts';
import type { SubmitService } from './submissions.ts';
import {
  decodeSubmitAnswer,
  encodeSubmit,
  SUBMIT_BYTES_MAX,
  SUBMIT_HEAD_BYTES,
  SUBMIT_ITEM_HEAD_BYTES,
  SUBMIT_ITEMS_MAX,
  type SubmitStatus,
} from './submit-wire.ts';

export interface ForwarderParts {
  /** Where the current slot table has an item. */
  readonly shardOf: (item: Item) => number;
  /** ValidatorIndices that can be reached now. */
  readonly reachable: () => readonly number[];
  /** One request, one answer. */
  readonly request: (validator: number, request: Uint8Array) => Promise<Uint8Array>;
  readonly counters: Counters;
  /** Monotonic. */
  readonly nowMs: () => number;
}

interface Handed extends Pending {
  /** Validators in whose segments it may stand: theirs is the word on it. */
  readonly takenBy: Set<number>;
  /** When it was last accepted somewhere; undefined while it is on the way. */
  acceptedAtMs: number | undefined;
  /** Not before: it was not taken a moment ago. */
  waitsUntilMs: number;
  refusals: number;
  isSending: boolean;
}

/** Requests under way at a time. */
const REQUESTS_MAX = 2;
/** Accepted somewhere and not final for this long: somebody else gets the same bytes too. */
const RESEND_AFTER_MS = 3_000;
const RETRY_AFTER_MS = 250;
/** Refused this often, by whoever was asked: it does not verify there, and never will. */
const REFUSALS_MAX = 4;

/**
 * Hands an observer's items to a validator, the same one while it answers. The validator may die with what it accepted,
 * so an item is handed on until this node has seen it final: the same bytes twice count once (protocol.md, Execution).
 * The caller drives time by `tick`.
 */
export class Forwarder implements SubmitService {
  readonly #parts: ForwarderParts;
  readonly #pending = new PendingItems<Handed>();
  #current = 0;
  #requests = 0;
  #isStopped = false;
  #isScheduled = false;
  /** How many epochs began: an index in a request of before is somebody else's. */
  #epochs = 0;

  constructor(parts: ForwarderParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#pending.size;
  }

  submit(shard: number, item: Item, id: Hash): Submission {
    const known = this.#pending.find(item);
    if (known !== undefined) return known.submission;
    const pending = createPending(id, shard, item);
    if (this.#isStopped) pending.refuse(new WaggleError('WAGGLE_SUBMIT_STOPPED'));
    else if (this.#pending.size >= PENDING_MAX) pending.refuse(new WaggleError('WAGGLE_SUBMIT_BUSY'));
    else {
      const fresh = { takenBy: new Set<number>(), acceptedAtMs: undefined, waitsUntilMs: 0, refusals: 0 };
      this.#pending.add({ ...pending, ...fresh, isSending: false });
      this.#schedule();
    }
    return pending.submission;
  }

  take(delivery: Extract<Delivery, { kind: 'sealed' | 'busy' | 'executed' }>): void {
    if (delivery.kind !== 'executed') return;
    // In another shard than its own it is void wherever it stands: whoever put it there cannot speak for the item.
    this.#pending.settle(
      delivery.executed,
      (handed, { author, shard }) => handed.takenBy.has(author) && shard === this.#parts.shardOf(handed.item),
    );
  }

  /** A validator is gone: what it alone has goes to another at once. */
  disconnected(validator: number): void {
    for (const handed of this.#pending.values()) {
      if (handed.takenBy.has(validator)) handed.acceptedAtMs = undefined;
    }
    this.#schedule();
  }

  /** Validators have other numbers, and shards others voters: all that is not final is handed on anew. */
  epochBegan(): void {
    for (const handed of this.#pending.values()) {
      handed.takenBy.clear();
      handed.acceptedAtMs = undefined;
    }
    this.#current = 0;
    this.#epochs += 1;
    this.#schedule();
  }

  /** Look at the clock: several times a second. */
  tick(): void {
    const nowMs = this.#parts.nowMs();
    for (const handed of this.#pending.values()) {
      if (handed.acceptedAtMs === undefined || nowMs < handed.acceptedAtMs + RESEND_AFTER_MS) continue;
      handed.acceptedAtMs = undefined;
      this.#parts.counters.bump('forward.resent');
    }
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    for (const { refuse } of this.#pending.values()) refuse(new WaggleError('WAGGLE_SUBMIT_STOPPED'));
    this.#pending.clear();
  }

  /** What comes in one turn leaves in one request. */
  #schedule(): void {
    if (this.#isScheduled || this.#pending.size === 0) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (!this.#isStopped && this.#requests < REQUESTS_MAX) {
      const next = this.#next();
      if (next === undefined) return;
      this.#requests += 1;
      void this.#send(next.validator, next.batch);
    }
  }

  /** The current validator while it can be reached, else the next in turn that lacks something. */
  #next(): { readonly validator: number; readonly batch: readonly Handed[] } | undefined {
    const reachable = this.#parts.reachable();
    const from = reachable.findIndex((index) => index >= this.#current);
    const inTurn = [...reachable.slice(Math.max(0, from)), ...reachable.slice(0, Math.max(0, from))];
    for (const validator of inTurn) {
      const batch = this.#batchFor(validator, reachable.length);
      if (batch.length > 0) return { validator, batch };
    }
    return undefined;
  }

  #batchFor(validator: number, reachable: number): Handed[] {
    const nowMs = this.#parts.nowMs();
    const batch: Handed[] = [];
    let bytes = SUBMIT_HEAD_BYTES;
    for (const handed of this.#pending.values()) {
      const { isSending, acceptedAtMs, waitsUntilMs, takenBy, item } = handed;
      if (isSending || acceptedAtMs !== undefined || waitsUntilMs > nowMs) continue;
      // Who has it already does not help, unless it is the only one left to ask.
      if (takenBy.has(validator) && takenBy.size < reachable) continue;
      const sizeBytes = SUBMIT_ITEM_HEAD_BYTES + item.bytes.length;
      if (batch.length >= SUBMIT_ITEMS_MAX || bytes + sizeBytes > SUBMIT_BYTES_MAX) break;
      bytes += sizeBytes;
      batch.push(handed);
    }
    return batch;
  }

  async #send(validator: number, batch: readonly Handed[]): Promise<void> {
    for (const handed of batch) handed.isSending = true;
    const epochs = this.#epochs;
    let statuses: readonly SubmitStatus[] | undefined;
    try {
      const answer = await this.#parts.request(validator, encodeSubmit(batch.map(({ item }) => item)));
      statuses = decodeSubmitAnswer(answer, batch.length);
    } catch {
      // It may have been taken all the same: its word on the item counts.
      this.#parts.counters.bump('forward.failed');
      if (epochs === this.#epochs) this.#current = validator + 1;
    }
    this.#requests -= 1;
    const nowMs = this.#parts.nowMs();
    for (const [at, handed] of batch.entries()) {
      handed.isSending = false;
      // Whoever has it by now has it in an epoch that is over, and may have sealed it there for nothing.
      if (epochs === this.#epochs) this.#settle(handed, validator, statuses?.[at], nowMs);
    }
    this.#schedule();
  }

  #settle(handed: Handed, validator: number, status: SubmitStatus | undefined, nowMs: number): void {
    if (status === 'accepted' || status === undefined) handed.takenBy.add(validator);
    if (status === 'accepted') {
      handed.acceptedAtMs = nowMs;
      handed.accept();
      return;
    }
    handed.waitsUntilMs = nowMs + RETRY_AFTER_MS;
    if (status === undefined) return;
    this.#parts.counters.bump(`forward.${status}`);
    this.#current = validator + 1;
    handed.refusals += status === 'refused' ? 1 : 0;
    if (handed.refusals < REFUSALS_MAX || handed.takenBy.size > 0) return;
    handed.refuse(new WaggleError('WAGGLE_SUBMIT_BUSY'));
    this.#pending.remove(handed);
  }
}
