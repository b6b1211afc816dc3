import type { LedgerKey, LedgerPrefix } from '../storage/keys.ts';
import { beginningWith, ledgerKey, nameOfKey } from '../storage/keys.ts';
import type { LedgerStore } from '../storage/ledger-store.ts';
import type { ChangePut } from './ledger-change.ts';

/** Reads of the ledger, with what is not written yet. */
export interface LedgerSource {
  /** @throws WaggleError WAGGLE_STORE_DAMAGED, WAGGLE_STORE_FAILED */
  get(key: LedgerKey): Promise<Uint8Array | undefined>;
  /** Records whose suffix begins with `start`, ascending, above `after` or from `from` on. @throws as `get` */
  range(
    prefix: LedgerPrefix,
    start: Uint8Array,
    options: { readonly after?: Uint8Array; readonly from?: Uint8Array; readonly limit: number },
  ): Promise<readonly { readonly suffix: Uint8Array; readonly value: Uint8Array }[]>;
}

/** Puts on their way to the store. A read looks here first, so it never misses what moves over meanwhile. */
export class Overlay implements LedgerSource {
  readonly #store: LedgerStore;
  readonly #pending = new Map<string, ChangePut>();

  constructor(store: LedgerStore) {
    this.#store = store;
  }

  add(puts: readonly ChangePut[]): void {
    for (const put of puts) {
      const name = nameOf(put);
      if (put.weak === true && this.#pending.has(name)) continue;
      this.#pending.set(name, put);
    }
  }

  /** These are in the store now, or were superseded. */
  remove(puts: readonly ChangePut[]): void {
    for (const put of puts) {
      const name = nameOf(put);
      if (this.#pending.get(name) === put) this.#pending.delete(name);
    }
  }

  /** A weak put that something came before. */
  isSuperseded(put: ChangePut): boolean {
    return this.#pending.get(nameOf(put)) !== put;
  }

  get size(): number {
    return this.#pending.size;
  }

  async get(key: LedgerKey): Promise<Uint8Array | undefined> {
    const put = this.#pending.get(nameOfKey(key));
    if (put === undefined) return this.#store.get(key);
    return put.weak === true ? ((await this.#store.get(key)) ?? put.value) : put.value;
  }

  async range(
    prefix: LedgerPrefix,
    start: Uint8Array,
    options: { readonly after?: Uint8Array; readonly from?: Uint8Array; readonly limit: number },
  ): Promise<{ suffix: Uint8Array; value: Uint8Array }[]> {
    const { after, from, limit } = options;
    const isWanted = (suffix: Uint8Array): boolean =>
      startsWith(suffix, start) &&
      (after === undefined || Buffer.compare(suffix, after) > 0) &&
      (from === undefined || Buffer.compare(suffix, from) >= 0);
    const found = new Map<string, { suffix: Uint8Array; value: Uint8Array }>();
    for (const [name, { key, value }] of this.#pending) {
      const suffix = key.subarray(1);
      if (key[0] === prefix && isWanted(suffix)) found.set(name, { suffix, value });
    }
    const lower = after === undefined ? { gte: from ?? start } : { gt: after };
    const { lt } = beginningWith(start);
    const stored = this.#store.range(prefix, { ...lower, ...(lt === undefined ? {} : { lt }), limit });
    for await (const { key, value } of stored) {
      const name = nameOfKey(ledgerKey(prefix, key));
      const pending = this.#pending.get(name);
      if (pending === undefined || pending.weak === true) found.set(name, { suffix: key.slice(), value });
    }
    return [...found.values()].sort((a, b) => Buffer.compare(a.suffix, b.suffix)).slice(0, limit);
  }
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && Buffer.compare(bytes.subarray(0, start.length), start) === 0;
}

/** Asked for when a put comes, when it is written and when it goes: made once. */
function nameOf(put: ChangePut): string {
  put.name ??= nameOfKey(put.key);
  return put.name;
}
