import type { Random } from '../../consensus/sim/random.ts';

/** One way into a node: makes messages near real ones, and takes any bytes as a node would. */
export interface Target {
  readonly name: string;
  /** The most that may be allocated at once for one message: bytes of a buffer, elements of a list. */
  readonly largestMax: number;
  make(random: Random): Uint8Array;
  /** TAKEN or the reason of a refusal. Throws what no message may cause. */
  take(bytes: Uint8Array): string | Promise<string>;
}
