import { Reader } from '../../protocol/codec/reader.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { envelopeWord } from './envelope.ts';

const VERSION = 1;
const WORDS = 4;
const WORD = 2 ** 32;

interface PrefixSum {
  readonly count: number;
  /** Of the envelope sums, modulo 2^128: 32-bit words, the highest first. A record costs no big integers this way. */
  readonly sum: readonly number[];
}

const NONE: PrefixSum = { count: 0, sum: [0, 0, 0, 0] };

/**
 * What a store holds, as a count and a sum a prefix (decision 009). An envelope's sum is of key, height and value, so a record that
 * is missing, came back in an older version or was never put changes the sum of its prefix, but for a chance of 2^-128. Adding
 * and taking away costs nothing that grows with the store.
 */
export class StoreSums {
  readonly #prefixes: Map<number, { count: number; sum: number[] }>;

  constructor(prefixes: ReadonlyMap<number, PrefixSum> = new Map()) {
    this.#prefixes = new Map([...prefixes].map(([prefix, { count, sum }]) => [prefix, { count, sum: [...sum] }]));
  }

  copy(): StoreSums {
    return new StoreSums(this.#prefixes);
  }

  /** `stored`: a record's envelope that checks. */
  add(prefix: number, stored: Uint8Array): void {
    const own = this.#at(prefix);
    own.count += 1;
    addWords(own.sum, (word) => envelopeWord(stored, word));
  }

  take(prefix: number, stored: Uint8Array): void {
    const own = this.#at(prefix);
    // Taken from an empty prefix: the sums are wrong already, and stay so that they can be seen to be.
    own.count = Math.max(0, own.count - 1);
    addWords(own.sum, (word) => -envelopeWord(stored, word));
  }

  /** Add what `to` has more than `from` under a prefix. */
  shift(prefix: number, from: StoreSums, to: StoreSums): void {
    const [own, before, after] = [this.#at(prefix), from.of(prefix), to.of(prefix)];
    own.count += after.count - before.count;
    addWords(own.sum, (word) => (after.sum[word] ?? 0) - (before.sum[word] ?? 0));
  }

  #at(prefix: number): { count: number; sum: number[] } {
    let own = this.#prefixes.get(prefix);
    if (own === undefined) {
      own = { count: 0, sum: [...NONE.sum] };
      this.#prefixes.set(prefix, own);
    }
    return own;
  }

  of(prefix: number): PrefixSum {
    return this.#prefixes.get(prefix) ?? NONE;
  }

  /** Whether both hold the same under a prefix. */
  agree(other: StoreSums, prefix: number): boolean {
    const [mine, others] = [this.of(prefix), other.of(prefix)];
    return mine.count === others.count && mine.sum.every((word, at) => word === others.sum[at]);
  }

  /** Prefixes under which they differ, ascending. */
  differences(other: StoreSums): number[] {
    const prefixes = new Set([...this.#prefixes.keys(), ...other.#prefixes.keys()]);
    return [...prefixes].filter((prefix) => !this.agree(other, prefix)).sort((a, b) => a - b);
  }

  encode(): Uint8Array {
    const entries = [...this.#prefixes].sort(([a], [b]) => a - b);
    const writer = new Writer(2 + entries.length * 25).u8(VERSION).u8(entries.length);
    for (const [prefix, { count, sum }] of entries) {
      writer.u8(prefix).u64(count);
      for (const word of sum) writer.u32(word);
    }
    return writer.finish();
  }

  /** @throws WaggleError WAGGLE_LEDGER_RECORD, WAGGLE_CODEC_* */
  static decode(bytes: Uint8Array): StoreSums {
    const reader = new Reader(bytes);
    const version = reader.u8();
    if (version !== VERSION) throw new WaggleError('WAGGLE_LEDGER_RECORD', { version });
    const prefixes = new Map<number, PrefixSum>();
    for (let left = reader.u8(); left > 0; left--) {
      const prefix = reader.u8();
      prefixes.set(prefix, { count: reader.u64(), sum: NONE.sum.map(() => reader.u32()) });
    }
    reader.end();
    return new StoreSums(prefixes);
  }
}

/** Modulo 2^128: from the lowest word up, what is over or under goes to the next. */
function addWords(sum: number[], part: (word: number) => number): void {
  let carry = 0;
  for (let word = WORDS - 1; word >= 0; word--) {
    const total = (sum[word] ?? 0) + part(word) + carry;
    carry = Math.floor(total / WORD);
    sum[word] = total - carry * WORD;
  }
}
