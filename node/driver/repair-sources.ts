import type { SealProof } from '../../consensus/types.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { decodeCertificate } from '../../protocol/certificate.ts';
import type { Block, CutEntry, HashedBlock } from '../../protocol/chain/block.ts';
import { compareCutEntries } from '../../protocol/chain/block.ts';
import { decodeSegment, type Segment } from '../../protocol/chain/segment.ts';
import { codeOf, WaggleError } from '../../protocol/errors.ts';
import { type Hash, hashesEqual, ZERO_HASH } from '../../protocol/hash.ts';
import { decodeEpochProof, type EpochProof } from '../../protocol/receipt/epoch-proof.ts';
import {
  blockKey,
  certificateKey,
  epochEndKey,
  type LedgerKey,
  type SegmentPlace,
  segmentKey,
} from '../storage/keys.ts';
import { decodeStoredBlock } from './ledger-records.ts';
import type { LedgerSource } from './overlay.ts';

/** A record that was read and is what it claims to be, or why not. */
export type Read<Value> =
  | { readonly value: Value; readonly damage?: undefined }
  | { readonly value?: undefined; readonly damage: string };

/** Read and decode one record. What is missing, damaged or does not decode is told, not thrown. */
export async function readRecord<Value>(
  source: Pick<LedgerSource, 'get'>,
  key: LedgerKey,
  decode: (bytes: Uint8Array) => Value,
): Promise<Read<Value>> {
  try {
    const bytes = await source.get(key);
    return bytes === undefined ? { damage: 'missing' } : { value: decode(bytes) };
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    return { damage: error instanceof WaggleError ? String(error.facts.reason ?? code) : code };
  }
}

/** The whole cut below the next block, by chain. */
export class CutCursor {
  readonly #entries = new Map<string, CutEntry>();

  at({ shard, author }: { readonly shard: number; readonly author: number }): { height: number; tip: Hash } {
    return this.#entries.get(`${shard}/${author}`) ?? { height: 0, tip: ZERO_HASH };
  }

  /** After a block; its successor may be of the next epoch, where every chain begins anew. */
  advance({ cut, reconfig }: Pick<Block, 'cut' | 'reconfig'>): void {
    if (reconfig !== undefined) this.#entries.clear();
    else for (const entry of cut) this.#entries.set(`${entry.shard}/${entry.author}`, entry);
  }

  /** As an anchor holds it. */
  entries(): CutEntry[] {
    return [...this.#entries.values()].sort(compareCutEntries);
  }
}

/** What a block is executed from, all of it proven by hashes that the block and its parent commit. */
export interface BlockSources {
  readonly block: HashedBlock;
  /** Of this very block; most blocks were final by a descendant and have none. */
  readonly certificate: Certificate | undefined;
  readonly segments: readonly Segment[];
  /** Of the last block of an epoch: what proves it final. Absent where it is lost: the chain goes on all the same. */
  readonly seal?: SealProof;
}

/** Where blocks, certificates and segments come from: the own ledger, or an answer of a peer. Nothing of it is believed. */
export interface Shelf {
  block(height: number): Promise<Read<HashedBlock>>;
  certificate(height: number): Promise<Read<Certificate>>;
  segment(place: SegmentPlace): Promise<Read<Segment>>;
  epochEnd(epoch: number): Promise<Read<EpochProof>>;
}

/** The own ledger as it stands on the disk. */
export function ownShelf(source: Pick<LedgerSource, 'get'>): Shelf {
  return {
    block: (height) => readRecord(source, blockKey(height), (bytes) => decodeStoredBlock(bytes).block),
    certificate: (height) => readRecord(source, certificateKey(height), decodeCertificate),
    segment: (place) => readRecord(source, segmentKey(place), (bytes) => decodeSegment(bytes.slice())),
    epochEnd: (epoch) => readRecord(source, epochEndKey(epoch), (bytes) => decodeEpochProof(bytes.slice())),
  };
}

function missing(height: number, record: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_REPAIR_SOURCE', { height, record, reason });
}

/**
 * The block above `parentHash` and the segments under its cut.
 * @throws WaggleError WAGGLE_REPAIR_SOURCE {height, record, reason} one of them is missing, damaged or another one
 */
export async function readSources(
  shelf: Shelf,
  height: number,
  parentHash: Hash,
  cursor: CutCursor,
): Promise<BlockSources> {
  const { value: block, damage } = await shelf.block(height);
  if (block === undefined) throw missing(height, 'block', damage);
  if (block.block.height !== height) throw missing(height, 'block', 'height');
  if (!hashesEqual(block.block.parentHash, parentHash)) throw missing(height, 'block', 'link');
  const segments: Segment[] = [];
  for (const entry of block.block.cut) segments.push(...(await readRun(shelf, block.block, entry, cursor)));
  const { value: certificate } = await shelf.certificate(height);
  const sources = { block, certificate: certificateOf(certificate, block), segments };
  const seal = block.block.reconfig === undefined ? undefined : await sealOf(shelf, block);
  return seal === undefined ? sources : { ...sources, seal };
}

/** Its signatures were checked by who wrote it, or by who fetched it. */
async function sealOf(shelf: Shelf, { block, hash }: HashedBlock): Promise<SealProof | undefined> {
  const { value: proof } = await shelf.epochEnd(block.epoch);
  if (proof === undefined || !hashesEqual(proof.seal.hash, hash)) return undefined;
  return { tail: proof.tail, certificate: proof.certificate };
}

/** The certificate, if it finalizes this very block. */
export function certificateOf(certificate: Certificate | undefined, { hash }: HashedBlock): Certificate | undefined {
  const { kind, blockHash } = certificate ?? {};
  return kind === 'finalize' && blockHash !== undefined && hashesEqual(blockHash, hash) ? certificate : undefined;
}

/** Each links to the one before, and the last is the one that the block names: so all of them are. */
async function readRun(
  shelf: Shelf,
  { epoch, height }: Pick<Block, 'epoch' | 'height'>,
  entry: CutEntry,
  cursor: CutCursor,
): Promise<Segment[]> {
  const { shard, author, incarnation } = entry;
  const segments: Segment[] = [];
  let { height: at, tip } = cursor.at(entry);
  while (at < entry.height) {
    at += 1;
    const { value, damage } = await shelf.segment({ epoch, shard, author, incarnation, height: at });
    if (value === undefined) throw missing(height, 'segment', damage);
    if (!hashesEqual(value.header.parent, tip) || value.header.height !== at) throw missing(height, 'segment', 'link');
    segments.push(value);
    tip = value.id;
  }
  if (!hashesEqual(tip, entry.tip)) throw missing(height, 'segment', 'tip');
  return segments;
}
