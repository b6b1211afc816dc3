import type { Delivery } from '../../consensus/types.ts';
import type { Item } from '../../protocol/chain/segment.ts';
import { codeOf } from '../../protocol/errors.ts';
import type { Hash } from '../../protocol/hash.ts';
import type { Submission } from '../rpc/node-api.ts';
import type { Forwarder } from './forwarder.ts';
import { PENDING_MAX } from './pending-items.ts';
import type { Submissions, SubmitService } from './submissions.ts';

/**
 * A node may gain or lose its seat with an epoch: with one it seals what is submitted, without one it hands it on. What was
 * taken the one way before is told to the end by the one that took it.
 */
export class SeatedSubmissions implements SubmitService {
  readonly #own: Submissions;
  readonly #forwarder: Forwarder;
  readonly #hasSeat: () => boolean;
  /** What is handed on for the step, and what nobody took: the step asks again, every few seconds, with the same objects. */
  readonly #carried = new WeakSet<Submission>();
  readonly #refused = new WeakSet<Item>();

  constructor(own: Submissions, forwarder: Forwarder, hasSeat: () => boolean) {
    this.#own = own;
    this.#forwarder = forwarder;
    this.#hasSeat = hasSeat;
  }

  get size(): number {
    return this.#own.size + this.#forwarder.size;
  }

  submit(shard: number, item: Item, id: Hash): Submission {
    return this.#hasSeat() ? this.#own.submit(shard, item, id) : this.#forwarder.submit(shard, item, id);
  }

  /**
   * What this node has to have sealed and may not seal (C-07, G-02): whoever submitted it here hears what comes of it. It is
   * asked for again for as long as nobody has executed it.
   */
  carry(shard: number, item: Item, id: Hash): void {
    if (this.#refused.has(item) || this.#forwarder.size >= PENDING_MAX) return;
    const submission = this.#forwarder.submit(shard, item, id);
    if (this.#carried.has(submission)) return;
    this.#carried.add(submission);
    submission.final.then(
      (facts) => this.#own.settle(item, facts),
      (error: unknown) => {
        if (codeOf(error) !== 'WAGGLE_SUBMIT_BUSY') return;
        // Nobody else takes it, as what only the segments of its operator vouch for: who waits for it has to know.
        this.#refused.add(item);
        this.#own.giveUp(item);
      },
    );
  }

  take(delivery: Extract<Delivery, { kind: 'sealed' | 'busy' | 'executed' }>): void {
    this.#own.take(delivery);
    this.#forwarder.take(delivery);
  }

  stop(): void {
    this.#own.stop();
    this.#forwarder.stop();
  }
}
