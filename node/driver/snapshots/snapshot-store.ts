import { Reader } from '../../../protocol/codec/reader.ts';
import { hashesEqual } from '../../../protocol/hash.ts';
import { chunkLeaf, isSameSnapshot, type SignedSnapshot } from '../../../protocol/snapshot/snapshot.ts';
import { PREFIXES, snapshotChunkKey, snapshotKey, snapshotSignaturesKey, u64 } from '../../storage/keys.ts';
import type { LedgerWriter } from '../ledger-writer.ts';
import type { LedgerSource } from '../overlay.ts';
import {
  decodeSnapshotSignatures,
  decodeStoredSnapshot,
  encodeSnapshotSignatures,
  encodeStoredSnapshot,
  type StoredSnapshot,
} from './snapshot-records.ts';

/** Whole snapshots kept: who began to fetch the one before the newest can finish. */
const KEPT = 2;
const CHUNKS_PER_DELETE = 256;
const SNAPSHOTS_MAX = 64;

type ReadOnly = Pick<LedgerSource, 'get' | 'range'>;
type Write = Pick<LedgerWriter, 'put' | 'room' | 'flush'>;

/** Snapshots in the ledger store: own ones, and those that are being fetched. */
export class SnapshotStore {
  readonly #source: ReadOnly;
  readonly #writer: Write;

  constructor(source: ReadOnly, writer: Write) {
    this.#source = source;
    this.#writer = writer;
  }

  async find(height: number): Promise<StoredSnapshot | undefined> {
    if (!Number.isSafeInteger(height) || height < 0) return undefined;
    const value = await this.#source.get(snapshotKey(height));
    return value === undefined ? undefined : decodeStoredSnapshot(value);
  }

  /** Ascending by height, with those that are not whole. */
  async all(): Promise<StoredSnapshot[]> {
    const found = await this.#source.range(PREFIXES.snapshot, new Uint8Array(0), { limit: SNAPSHOTS_MAX });
    return found.map(({ value }) => decodeStoredSnapshot(value));
  }

  async chunk(height: number, index: number): Promise<Uint8Array | undefined> {
    return this.#source.get(snapshotChunkKey(height, index));
  }

  async signatures(height: number): Promise<SignedSnapshot[]> {
    const value = await this.#source.get(snapshotSignaturesKey(height));
    return value === undefined ? [] : decodeSnapshotSignatures(value);
  }

  /** The newest whole one of which f + 1 signatures are here. */
  async newestVerified(): Promise<number | undefined> {
    for (const { snapshot, isWhole } of (await this.all()).reverse()) {
      const [signed] = isWhole ? await this.signatures(snapshot.height) : [];
      if (signed !== undefined && isSameSnapshot(signed.snapshot, snapshot)) return snapshot.height;
    }
    return undefined;
  }

  save(stored: StoredSnapshot): void {
    const { height } = stored.snapshot;
    this.#put({ key: snapshotKey(height), value: encodeStoredSnapshot(stored), height });
  }

  saveSignatures(signed: readonly SignedSnapshot[]): void {
    const height = signed[0]?.snapshot.height ?? 0;
    this.#put({ key: snapshotSignaturesKey(height), value: encodeSnapshotSignatures(signed), height });
  }

  /** Waits while too much is on its way to the disk. */
  async saveChunk(height: number, index: number, bytes: Uint8Array): Promise<void> {
    this.#put({ key: snapshotChunkKey(height, index), value: bytes, height });
    await this.#writer.room();
  }

  /** The chunks that are not there, or not what the leaves say. */
  async missing({ snapshot, leaves }: StoredSnapshot): Promise<number[]> {
    const missing: number[] = [];
    for (const [index, leaf] of leaves.entries()) {
      const chunk = await this.chunk(snapshot.height, index);
      if (chunk === undefined || !hashesEqual(chunkLeaf(chunk), leaf)) missing.push(index);
    }
    return missing;
  }

  /** Give up older ones than the newest whole two, and what was begun below them. */
  async dropOld(): Promise<void> {
    const all = await this.all();
    const whole = all.filter(({ isWhole }) => isWhole).slice(-KEPT);
    const [oldest] = whole;
    if (oldest === undefined) return;
    for (const { snapshot } of all) if (snapshot.height < oldest.snapshot.height) await this.drop(snapshot.height);
  }

  /** Chunks of which no record tells: a crash left them. */
  async sweep(): Promise<void> {
    await this.dropOld();
    for (let from = 0; ; ) {
      const options = { from: u64(from), limit: 1 };
      const [found] = await this.#source.range(PREFIXES.snapshotChunk, new Uint8Array(0), options);
      if (found === undefined) return;
      const height = new Reader(found.suffix).u64();
      if ((await this.find(height)) === undefined) await this.drop(height);
      from = height + 1;
    }
  }

  /** The record first, so that half of one never passes for a whole one. */
  async drop(height: number): Promise<void> {
    // In one batch deletes go before puts: what is on its way must be there first.
    await this.#writer.flush();
    this.#delete([snapshotKey(height), snapshotSignaturesKey(height)]);
    for (;;) {
      const found = await this.#source.range(PREFIXES.snapshotChunk, u64(height), { limit: 1 });
      const first = found[0];
      if (first === undefined) return;
      const from = new Reader(first.suffix.subarray(8)).u32();
      this.#delete(Array.from({ length: CHUNKS_PER_DELETE }, (_, at) => snapshotChunkKey(height, from + at)));
      await this.#writer.flush();
    }
  }

  #put(put: Parameters<LedgerWriter['put']>[0]['puts'][number]): void {
    this.#writer.put({ puts: [put], blocks: 0, height: undefined });
  }

  #delete(deletes: NonNullable<Parameters<LedgerWriter['put']>[0]['deletes']>): void {
    this.#writer.put({ puts: [], deletes, blocks: 0, height: undefined });
  }
}
