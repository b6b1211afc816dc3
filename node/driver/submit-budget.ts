import type { Submission } from '../rpc/node-api.ts';
import { PENDING_MAX } from './pending-items.ts';

/** What one observer may cost a validator a second, and at once after a pause. */
export const SUBMIT_RATES = {
  signaturesPerS: 2_000,
  signaturesBurst: 4_000,
  bytesPerS: 2 * 1024 * 1024,
  bytesBurst: 8 * 1024 * 1024,
  /**
   * What a signature costs that does not verify. An observer verifies at its own door, so only a faulty one sends such;
   * 64 of them at once then make this node verify 2,000 in vain a second, about a fifth of what one core can.
   */
  badSignatureCost: 64,
} as const;

/** Items and bytes of one observer that are not final yet; and of all of them, so that own clients keep the other half. */
export const SUBMIT_SHARES = {
  items: 4_096,
  bytes: 8 * 1024 * 1024,
  itemsOfAll: PENDING_MAX / 2,
  bytesOfAll: 64 * 1024 * 1024,
} as const;

/** More are not remembered than may be let in at a time, and some that left. A full bucket is as good as none. */
const ACCOUNTS_MAX = 128;

class Bucket {
  readonly #perMs: number;
  readonly #burst: number;
  #level: number;
  #atMs: number;

  constructor(perS: number, burst: number, nowMs: number) {
    this.#perMs = perS / 1_000;
    this.#burst = burst;
    this.#level = burst;
    this.#atMs = nowMs;
  }

  /** Takes it or leaves it whole. */
  take(units: number, nowMs: number): boolean {
    if (this.level(nowMs) < units) return false;
    this.#level -= units;
    return true;
  }

  /** Takes it in any case, on credit. */
  fine(units: number): void {
    this.#level -= units;
  }

  isFull(nowMs: number): boolean {
    return this.level(nowMs) >= this.#burst;
  }

  level(nowMs: number): number {
    this.#level = Math.min(this.#burst, this.#level + (nowMs - this.#atMs) * this.#perMs);
    this.#atMs = nowMs;
    return this.#level;
  }
}

interface Account {
  readonly signatures: Bucket;
  readonly bytes: Bucket;
  items: number;
  heldBytes: number;
}

/** What observers may cost: signatures and bytes over time, and a share of what is not final (rule 2: per-peer fair). */
export class SubmitBudget {
  readonly #nowMs: () => number;
  readonly #accounts = new Map<string, Account>();
  #items = 0;
  #heldBytes = 0;

  /** `nowMs` is monotonic. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  takeBytes(from: string, bytes: number): boolean {
    return this.#of(from).bytes.take(bytes, this.#nowMs());
  }

  takeSignatures(from: string, count: number): boolean {
    return this.#of(from).signatures.take(count, this.#nowMs());
  }

  fineSignature(from: string): void {
    this.#of(from).signatures.fine(SUBMIT_RATES.badSignatureCost - 1);
  }

  hasRoom(from: string, bytes: number): boolean {
    const account = this.#of(from);
    if (account.items >= SUBMIT_SHARES.items || account.heldBytes + bytes > SUBMIT_SHARES.bytes) return false;
    return this.#items < SUBMIT_SHARES.itemsOfAll && this.#heldBytes + bytes <= SUBMIT_SHARES.bytesOfAll;
  }

  /** Counts an item until it is final, or was refused. */
  hold(from: string, bytes: number, { final }: Submission): void {
    const account = this.#of(from);
    this.#move(account, 1, bytes);
    const release = (): void => this.#move(account, -1, -bytes);
    final.then(release, release);
  }

  #move(account: Account, items: number, bytes: number): void {
    account.items += items;
    account.heldBytes += bytes;
    this.#items += items;
    this.#heldBytes += bytes;
  }

  #of(from: string): Account {
    const nowMs = this.#nowMs();
    const known = this.#accounts.get(from);
    if (known !== undefined) return known;
    if (this.#accounts.size >= ACCOUNTS_MAX) this.#forget(nowMs);
    const { signaturesPerS, signaturesBurst, bytesPerS, bytesBurst } = SUBMIT_RATES;
    const signatures = new Bucket(signaturesPerS, signaturesBurst, nowMs);
    const account = { signatures, bytes: new Bucket(bytesPerS, bytesBurst, nowMs), items: 0, heldBytes: 0 };
    this.#accounts.set(from, account);
    return account;
  }

  /** Who spent nothing lately, else who has been known the longest: what is held is counted in the sums all the same. */
  #forget(nowMs: number): void {
    for (const [name, { signatures, bytes, items }] of this.#accounts) {
      if (items === 0 && signatures.isFull(nowMs) && bytes.isFull(nowMs)) this.#accounts.delete(name);
    }
    const [oldest] = this.#accounts.keys();
    if (oldest !== undefined && this.#accounts.size >= ACCOUNTS_MAX) this.#accounts.delete(oldest);
  }

  /** Accounts that are remembered. */
  get size(): number {
    return this.#accounts.size;
  }
}
