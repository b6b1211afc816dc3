import { percentile } from '../../../testnet/voting/concurrently.ts';

/** What one load came to. */
export interface Rate {
  /** Entries a second that were acknowledged; of Waggle: counted by every validator. */
  readonly perS: number;
  /** Of a call, which carries one entry or a batch of them. */
  readonly msP50: number;
  readonly msP99: number;
}

/** Something that keeps entries, running and ready. A load that it has no way for is absent. */
export interface Peer {
  readonly name: string;
  /** What stands behind its acknowledgement, in a few words. */
  readonly acknowledges: string;
  /** One entry a call. */
  readonly single?: (entries: number, lanes: number) => Promise<Rate>;
  /** Hundreds of entries on the way at a time, as its clients do it. */
  readonly batch?: (entries: number, lanes: number) => Promise<Rate>;
}

/** Entries a call in the batched loads. */
export const BATCH = 100;
/** Of a ballot with one entry and its comment (goals.md, Workload W). */
export const ENTRY_BYTES = 200;

/** Closed loop: `lanes` calls under way at any time, until `calls` have been answered. Each carries `entries` entries. */
export async function driveClosed(
  calls: number,
  lanes: number,
  entries: number,
  call: (at: number) => Promise<void>,
): Promise<Rate> {
  const latencies: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < calls; at = next++) {
      const sentMs = performance.now();
      await call(at);
      latencies.push(performance.now() - sentMs);
    }
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  return rateOf(calls * entries, performance.now() - startedMs, latencies);
}

export function rateOf(entries: number, elapsedMs: number, latencies: readonly number[]): Rate {
  return {
    perS: Math.round((entries * 10_000) / elapsedMs) / 10,
    msP50: percentile(latencies, 0.5),
    msP99: percentile(latencies, 0.99),
  };
}

/** Entries of no meaning that do not compress: the same for the same seed. */
export function madeUpEntry(seed: number, at: number): Uint8Array {
  const bytes = new Uint8Array(ENTRY_BYTES);
  let state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b)) >>> 0;
  for (let index = 0; index < bytes.length; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
