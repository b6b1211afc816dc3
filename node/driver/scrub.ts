import { codeOf } from '../../protocol/errors.ts';
import { type LedgerPrefix, PREFIXES } from '../storage/keys.ts';
import type { LedgerStore } from '../storage/ledger-store.ts';
import { StoreSums } from '../storage/store-sums.ts';

/** Something that is not what was written. Without a key: of a whole kind, in which a record is missing or an old one. */
export interface Finding {
  readonly prefix: number;
  /** Hex, without the prefix. */
  readonly key?: string;
  readonly reason: string;
}

export interface ScrubResult {
  readonly records: number;
  readonly bytes: number;
  /** At most FINDINGS_MAX of them. */
  readonly findings: readonly Finding[];
  /** What was found and what there should be, of one moment; undefined when the scan did not come to its end. */
  readonly sums: { readonly found: StoreSums; readonly expected: StoreSums } | undefined;
}

/** Called after each slice with its bytes; resolves when the next may be read. */
export type Pace = (bytes: number) => Promise<void>;

const FINDINGS_MAX = 64;
const SLICE_RECORDS = 64;

/**
 * Read the whole store once: each envelope, each key through the index too, and at the end whether all is there (decision 009).
 * @throws WaggleError WAGGLE_STORE_FAILED
 */
export async function scrubStore(store: LedgerStore, pace: Pace): Promise<ScrubResult> {
  const scan = store.scan();
  const found = new StoreSums();
  const findings: Finding[] = [];
  let expected: StoreSums | undefined;
  let [records, bytes] = [0, 0];
  const note = (finding: Finding): void => {
    if (findings.length < FINDINGS_MAX) findings.push(finding);
  };
  try {
    for (let slice = await scan.next(SLICE_RECORDS); slice.length > 0; slice = await scan.next(SLICE_RECORDS)) {
      let sliceBytes = 0;
      for (const { key, sizeBytes, stored, damage, sums } of slice) {
        const prefix = key[0] ?? 0;
        sliceBytes += sizeBytes;
        expected ??= sums;
        if (stored !== undefined) found.add(prefix, stored);
        if (damage !== undefined) note({ prefix, key: Buffer.from(key.subarray(1)).toString('hex'), reason: damage });
      }
      records += slice.length;
      bytes += sliceBytes;
      await pace(sliceBytes);
    }
  } finally {
    await scan.close();
  }
  if (expected === undefined) note({ prefix: PREFIXES.meta, reason: 'no sums' });
  for (const prefix of expected === undefined ? [] : found.differences(expected))
    note({ prefix, reason: 'incomplete' });
  return { records, bytes, findings, sums: expected === undefined ? undefined : { found, expected } };
}

/** Kinds that hashes prove, which a running node can put anew from blocks and segments. */
const MENDABLE: ReadonlySet<number> = new Set<LedgerPrefix>([
  PREFIXES.block,
  PREFIXES.certificate,
  PREFIXES.blockHeight,
  PREFIXES.segment,
  PREFIXES.segmentRef,
  PREFIXES.epochEnd,
]);

export function isMendable({ prefix }: Finding): boolean {
  return MENDABLE.has(prefix);
}

/** What a reader stumbled over, as a finding; undefined when it was something else. */
export function findingOf(error: unknown): Finding | undefined {
  if (codeOf(error) !== 'WAGGLE_STORE_DAMAGED') return undefined;
  const { prefix, key, reason } = (error as { facts: Readonly<Record<string, unknown>> }).facts;
  return {
    prefix: Number(prefix ?? 0),
    ...(key === undefined ? {} : { key: String(key) }),
    reason: String(reason ?? 'read'),
  };
}

export interface PaceOptions {
  readonly bytesPerSecond: number;
  /** Of the event loop, at most: 0.05 is a twentieth. */
  readonly shareMax: number;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Sleep so long after each slice that neither the rate nor the share of the loop is passed. */
export function createPace({ bytesPerSecond, shareMax, nowMs, sleep }: PaceOptions): Pace {
  let wokeMs = nowMs();
  return async (bytes) => {
    const busyMs = nowMs() - wokeMs;
    const dueMs = Math.max((bytes * 1_000) / bytesPerSecond - busyMs, busyMs * (1 / shareMax - 1));
    await sleep(Math.min(Math.max(dueMs, 0), SLEEP_MS_MAX));
    wokeMs = nowMs();
  };
}

/** A slice that took long for another reason, a busy machine, must not stop the scrub for minutes. */
const SLEEP_MS_MAX = 1_000;
