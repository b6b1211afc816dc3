import { Reader } from '../../protocol/codec/reader.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { envelopeSum } from './envelope.ts';

const VERSION = 1;
const MODULUS_MASK = (1n << 128n) - 1n;

interface PrefixSum {
  readonly count: number;
  /** Of the envelope sums, modulo 2^128. */
  readonly sum: bigint;
}

const NONE: PrefixSum = { count: 0, sum: 0n };

/**
 * What a store holds, as a count and a sum a prefix (decision 009). An envelope's sum is of key, height and value, so a record that
 * is missing, came back in an older version or was never put changes the sum of its prefix, but for a chance of 2^-128. Adding
 * and taking away costs nothing that grows with the store.
 */
export class StoreSums {
  readonly #prefixes: Map<number, PrefixSum>;

  constructor(prefixes: ReadonlyMap<number, PrefixSum> = new Map()) {
    this.#prefixes = new Map(prefixes);
  }

  copy(): StoreSums {
    return new StoreSums(this.#prefixes);
  }

  /** `stored`: a record's envelope that checks. */
  add(prefix: number, stored: Uint8Array): void {
    const { count, sum } = this.of(prefix);
    this.#prefixes.set(prefix, { count: count + 1, sum: (sum + envelopeSum(stored)) & MODULUS_MASK });
  }

  take(prefix: number, stored: Uint8Array): void {
    const { count, sum } = this.of(prefix);
    // Taken from an empty prefix: the sums are wrong already, and stay so that they can be seen to be.
    this.#prefixes.set(prefix, { count: Math.max(0, count - 1), sum: (sum - envelopeSum(stored)) & MODULUS_MASK });
  }

  /** Add what `to` has more than `from` under a prefix. */
  shift(prefix: number, from: StoreSums, to: StoreSums): void {
    const [own, before, after] = [this.of(prefix), from.of(prefix), to.of(prefix)];
    const sum = (own.sum + after.sum - before.sum) & MODULUS_MASK;
    this.#prefixes.set(prefix, { count: own.count + after.count - before.count, sum });
  }

  of(prefix: number): PrefixSum {
    return this.#prefixes.get(prefix) ?? NONE;
  }

  /** Whether both hold the same under a prefix. */
  agree(other: StoreSums, prefix: number): boolean {
    const [mine, others] = [this.of(prefix), other.of(prefix)];
    return mine.count === others.count && mine.sum === others.sum;
  }

  /** Prefixes under which they differ, ascending. */
  differences(other: StoreSums): number[] {
    const prefixes = new Set([...this.#prefixes.keys(), ...other.#prefixes.keys()]);
    return [...prefixes].filter((prefix) => !this.agree(other, prefix)).sort((a, b) => a - b);
  }

  encode(): Uint8Array {
    const entries = [...this.#prefixes].sort(([a], [b]) => a - b);
    const writer = new Writer(2 + entries.length * 25).u8(VERSION).u8(entries.length);
    for (const [prefix, { count, sum }] of entries) writer.u8(prefix).u64(count).bytes(bytesOf(sum));
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
      prefixes.set(prefix, { count: reader.u64(), sum: numberOf(reader.bytes(16)) });
    }
    reader.end();
    return new StoreSums(prefixes);
  }
}

function bytesOf(sum: bigint): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, sum >> 64n);
  view.setBigUint64(8, sum & 0xffff_ffff_ffff_ffffn);
  return bytes;
}

function numberOf(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return (view.getBigUint64(0) << 64n) | view.getBigUint64(8);
}
