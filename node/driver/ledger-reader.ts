import { type Certificate, decodeCertificate } from '../../protocol/certificate.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import { readStoredSegment, type Segment } from '../../protocol/chain/segment.ts';
import type { WaggleError } from '../../protocol/errors.ts';
import type { HeadRow } from '../../protocol/governance/state.ts';
import { type Hash, ZERO_HASH } from '../../protocol/hash.ts';
import type { SignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import { decodeEpochProof, type EpochProof } from '../../protocol/receipt/epoch-proof.ts';
import type { BallotFacts, BlockFacts, HistoryRecord, SegmentFacts } from '../rpc/node-api.ts';
import { damagedRecord } from '../storage/envelope.ts';
import {
  blockHeightKey,
  blockKey,
  checkpointKey,
  epochEndKey,
  ledgerKey,
  PREFIXES,
  type SegmentPlace,
  segmentKey,
  segmentRefKey,
  u64,
} from '../storage/keys.ts';
import { type BallotAt, type BallotPage, BallotReader } from './ballot-reader.ts';
import {
  decodeCheckpoints,
  decodeHeight,
  decodeOutcomes,
  decodeStoredBlock,
  type StoredBlock,
} from './ledger-records.ts';
import type { LedgerSource } from './overlay.ts';
import type { NameAt } from './rosters.ts';
import type { HistoryFloor } from './snapshots/snapshot-records.ts';

const EPOCH_MAX = 0xffff_ffff;

/** The history from its first block on. */
export const NO_FLOOR: HistoryFloor = { height: 0, hash: ZERO_HASH, ballotsHeight: 0 };

/** Reads of final, executed data. Everything remote that comes in is an id, a hash or a number by then, or is refused. */
export class LedgerReader {
  readonly #source: LedgerSource;
  readonly #ballots: BallotReader;
  /** Up to where there are no blocks: given up, or never had. */
  floor: HistoryFloor = NO_FLOOR;
  readonly #watch: ReaderWatch;

  /** `nameAt`: the validator of an index in the epoch of a block. */
  constructor(source: LedgerSource, nameAt: NameAt, watch: ReaderWatch = {}) {
    this.#source = watchedSource(source, watch);
    this.#watch = watch;
    this.#ballots = new BallotReader(this.#source, nameAt, (prefix) => this.#missing(prefix));
  }

  async block(at: { readonly height: number } | { readonly hash: Hash }): Promise<BlockFacts | undefined> {
    const height = 'height' in at ? at.height : await this.#heightOf(at.hash);
    const stored = height === undefined ? undefined : await this.storedBlock(height);
    if (stored === undefined) return undefined;
    const { block } = stored;
    const { timeMs, view } = block.block;
    const certificate = await this.certificateFrom(block.block.height);
    return { height: block.block.height, hash: block.hash, timeMs, view, certificate, block };
  }

  /** The final block of a hash. */
  async blockOf(hash: Hash): Promise<HashedBlock | undefined> {
    const height = await this.#heightOf(hash);
    return height === undefined ? undefined : (await this.storedBlock(height))?.block;
  }

  async storedBlock(height: number): Promise<StoredBlock | undefined> {
    if (!isHeight(height)) return undefined;
    const value = await this.#source.get(blockKey(height));
    if (value !== undefined) return decodeStoredBlock(value);
    if (this.#watch.isHeld?.(height) === true) throw this.#missing(PREFIXES.block);
    return undefined;
  }

  /** The finalization of this block or of the first descendant that was finalized directly. */
  async certificateFrom(height: number): Promise<Certificate | undefined> {
    if (!isHeight(height)) return undefined;
    const options = { from: u64(height), limit: 1 };
    const [found] = await this.#source.range(PREFIXES.certificate, new Uint8Array(0), options);
    return found === undefined ? undefined : decodeCertificate(found.value);
  }

  /** Whether the block of this height was finalized directly: its certificate. */
  async directCertificate(height: number): Promise<Certificate | undefined> {
    const value = await this.#source.get(ledgerKey(PREFIXES.certificate, u64(height)));
    return value === undefined ? undefined : decodeCertificate(value);
  }

  /** What proves that an epoch ended; undefined where it has not, or where this node began later and was not told. */
  async epochEnd(epoch: number): Promise<EpochProof | undefined> {
    if (!Number.isInteger(epoch) || epoch < 0 || epoch > EPOCH_MAX) return undefined;
    const value = await this.#source.get(epochEndKey(epoch));
    return value === undefined ? undefined : decodeEpochProof(value);
  }

  async storedSegment(place: SegmentPlace): Promise<Segment | undefined> {
    const value = await this.#source.get(segmentKey(place));
    return value === undefined ? undefined : readStoredSegment(value);
  }

  async segment(id: Hash): Promise<SegmentFacts | undefined> {
    const suffix = await this.#source.get(segmentRefKey(id));
    if (suffix === undefined) return undefined;
    const bytes = await this.#source.get(ledgerKey(PREFIXES.segment, suffix));
    const outcomes = await this.#source.get(ledgerKey(PREFIXES.outcomes, suffix));
    if (bytes === undefined && outcomes === undefined && this.floor.height > 0) return undefined;
    if (bytes === undefined || outcomes === undefined) throw this.#missing(PREFIXES.segment);
    return { segment: readStoredSegment(bytes), ...decodeOutcomes(outcomes) };
  }

  async segmentsOf(height: number): Promise<SegmentFacts[]> {
    const found: SegmentFacts[] = [];
    const { block, runs = [] } = (await this.storedBlock(height)) ?? {};
    const epoch = block?.block.epoch ?? 0;
    for (const { shard, author, incarnation, from, to } of runs) {
      for (let at = from; at <= to; at++) {
        const { suffix, bytes } = await this.#segmentAt({ epoch, shard, author, incarnation, height: at });
        const outcomes = await this.#source.get(ledgerKey(PREFIXES.outcomes, suffix));
        // Given up while it was being read.
        if (height <= this.floor.height) return [];
        if (bytes === undefined || outcomes === undefined) throw this.#missing(PREFIXES.segment);
        found.push({ segment: readStoredSegment(bytes), ...decodeOutcomes(outcomes) });
      }
    }
    return found;
  }

  async #segmentAt(place: SegmentPlace) {
    const key = segmentKey(place);
    return { suffix: key.subarray(1), bytes: await this.#source.get(key) };
  }

  ballot(id: Hash): Promise<BallotFacts | undefined> {
    return this.#ballots.find(id);
  }

  head(space: string, session: string, voter: string): Promise<HeadRow | undefined> {
    return this.#ballots.head(space, session, voter);
  }

  voters(space: string, session: string): Promise<ReadonlySet<string>> {
    return this.#ballots.voters(space, session);
  }

  /** As `BallotReader.list`, up to the floor of this reader. */
  ballots(space: string, session: string, options: BallotPage): Promise<BallotAt[]> {
    return this.#ballots.list(space, session, options, this.floor.ballotsHeight);
  }

  async checkpoint(height: number): Promise<readonly SignedCheckpoint[]> {
    const value = isHeight(height) ? await this.#source.get(checkpointKey(height)) : undefined;
    return value === undefined ? [] : decodeCheckpoints(value);
  }

  /** Whether what is not here is, or may be, in a part of the history that this node does not have. */
  async isPruned(what: HistoryRecord): Promise<boolean> {
    const { height, ballotsHeight } = this.floor;
    if (height === 0) return false;
    if ('height' in what) return what.height > 0 && what.height <= height;
    if ('ballot' in what) return ballotsHeight > 0;
    if ('segment' in what)
      return ballotsHeight > 0 || (await this.#source.get(segmentRefKey(what.segment))) !== undefined;
    const known = await this.#heightOf(what.hash);
    return known === undefined ? ballotsHeight > 0 : known <= height;
  }

  async #heightOf(hash: Hash): Promise<number | undefined> {
    const value = await this.#source.get(blockHeightKey(hash));
    return value === undefined ? undefined : decodeHeight(value);
  }

  /** What another record says is there is not: "unknown" would be a lie (reliability.md 2, S7). */
  #missing(prefix: number): WaggleError {
    const error = damagedRecord(Uint8Array.of(prefix), 'missing');
    this.#watch.onDamage?.(error);
    return error;
  }
}

/** Who wants to hear of damage that a read stumbles over, and which blocks must be there. */
export interface ReaderWatch {
  readonly onDamage?: (error: unknown) => void;
  readonly isHeld?: (height: number) => boolean;
}

function watchedSource(source: LedgerSource, { onDamage }: ReaderWatch): LedgerSource {
  const tell = (error: unknown): never => {
    onDamage?.(error);
    throw error;
  };
  return {
    get: (key) => source.get(key).catch(tell),
    range: (prefix, start, options) => source.range(prefix, start, options).catch(tell),
  };
}

function isHeight(height: number): boolean {
  return Number.isSafeInteger(height) && height >= 0;
}
