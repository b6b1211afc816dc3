import type { Item } from '../../protocol/chain/segment.ts';
import type { WaggleError } from '../../protocol/errors.ts';
import type { Hash } from '../../protocol/hash.ts';
import type { FinalFacts, Submission } from '../rpc/node-api.ts';
import type { Pending } from './pending-items.ts';

type Fate<Value> = { readonly value: Value } | { readonly error: WaggleError };

/** A promise that is made when somebody asks for it: of the two of a ballot mostly one is waited for. */
class Awaited<Value> {
  #fate: Fate<Value> | undefined;
  #asked: PromiseWithResolvers<Value> | undefined;

  get promise(): Promise<Value> {
    if (this.#asked === undefined) {
      this.#asked = Promise.withResolvers<Value>();
      // Whoever stopped waiting must not bring the process down.
      this.#asked.promise.catch(() => undefined);
      this.#tell();
    }
    return this.#asked.promise;
  }

  /** The first fate stays. */
  settle(fate: Fate<Value>): void {
    this.#fate ??= fate;
    this.#tell();
  }

  #tell(): void {
    if (this.#fate === undefined) return;
    if ('error' in this.#fate) this.#asked?.reject(this.#fate.error);
    else this.#asked?.resolve(this.#fate.value);
  }
}

/** An item of this node on its way into a segment, and what its submitter waits for. */
export class Sealing implements Pending, Submission {
  readonly id: Hash;
  readonly shard: number;
  readonly item: Item;
  isSealed = false;
  readonly #accepted = new Awaited<void>();
  readonly #final = new Awaited<FinalFacts>();

  constructor(id: Hash, shard: number, item: Item) {
    this.id = id;
    this.shard = shard;
    this.item = item;
  }

  get submission(): Submission {
    return this;
  }

  get accepted(): Promise<void> {
    return this.#accepted.promise;
  }

  get final(): Promise<FinalFacts> {
    return this.#final.promise;
  }

  accept(): void {
    this.#accepted.settle({ value: undefined });
  }

  finish(facts: FinalFacts): void {
    this.accept();
    this.#final.settle({ value: facts });
  }

  refuse(error: WaggleError): void {
    this.#accepted.settle({ error });
    this.#final.settle({ error });
  }
}
