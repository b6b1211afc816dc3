import { Reader } from '../codec/reader.ts';
import { Writer } from '../codec/writer.ts';
import { WaggleError } from '../errors.ts';
import { type Hash, hashesEqual, tagged } from '../hash.ts';
import { LIMITS } from '../limits.ts';
import { merkleRoot } from '../merkle.ts';
import { TAGS } from '../tags.ts';

/** What an item is; the number stands in front of its bytes. */
export const ITEM_KINDS = { ballot: 1, operation: 2 } as const;

/** An element of a segment as it stands there: judged only by execution. */
export interface Item {
  readonly kind: number;
  readonly bytes: Uint8Array;
}

/** One element of a vote chain: fixed layout, signed by its author, hash-linked by `parent`. */
export interface SegmentHeader {
  readonly chain: Hash;
  readonly epoch: number;
  /** Grows by one each time the author resumes a chain after losing its disk. */
  readonly incarnation: number;
  readonly shard: number;
  /** ValidatorIndex of the author in the epoch's roster. */
  readonly author: number;
  /** 1 for the first of a chain. */
  readonly height: number;
  /** Id of the segment before, zero for the first. */
  readonly parent: Hash;
  readonly count: number;
  readonly bytes: number;
  readonly bodyHash: Hash;
  /** Merkle root over the items, for proofs. */
  readonly root: Hash;
  /** The author's clock, a claim. */
  readonly timeMs: number;
}

export interface Segment {
  readonly header: SegmentHeader;
  readonly id: Hash;
  readonly signature: Uint8Array;
  readonly body: Uint8Array;
  /** Header, signature and body as they travel and are stored. */
  readonly bytes: Uint8Array;
}

const VERSION = 1;
const HEADER_BYTES = 1 + 32 + 4 + 4 + 2 + 2 + 8 + 32 + 4 + 4 + 32 + 32 + 8;
const SIGNATURE_BYTES = 64;

/** Largest encoded segment: what a gossip message may be. */
export const SEGMENT_ENCODED_BYTES_MAX = HEADER_BYTES + SIGNATURE_BYTES + LIMITS.segmentBytesMax;

/** Bytes an item takes in a body. */
export function itemSizeBytes(item: Item): number {
  return 5 + item.bytes.length;
}

function encodeHeader(header: SegmentHeader): Uint8Array {
  const writer = new Writer(HEADER_BYTES).u8(VERSION).bytes(header.chain).u32(header.epoch).u32(header.incarnation);
  writer.u16(header.shard).u16(header.author).u64(header.height).bytes(header.parent);
  writer.u32(header.count).u32(header.bytes).bytes(header.bodyHash).bytes(header.root).u64(header.timeMs);
  return writer.finish();
}

function readHeader(reader: Reader): SegmentHeader {
  const version = reader.u8();
  if (version !== VERSION) throw new WaggleError('WAGGLE_SEGMENT_VERSION', { version });
  return {
    chain: reader.bytes(32),
    epoch: reader.u32(),
    incarnation: reader.u32(),
    shard: reader.u16(),
    author: reader.u16(),
    height: reader.u64(),
    parent: reader.bytes(32),
    count: reader.u32(),
    bytes: reader.u32(),
    bodyHash: reader.bytes(32),
    root: reader.bytes(32),
    timeMs: reader.u64(),
  };
}

function encodeItems(items: readonly Item[]): Uint8Array {
  const writer = new Writer(items.reduce((sum, item) => sum + itemSizeBytes(item), 0));
  for (const item of items) writer.u8(item.kind).bytes32(item.bytes);
  return writer.finish();
}

/**
 * The items of a body, in order.
 * @throws WaggleError WAGGLE_SEGMENT_ITEMS, WAGGLE_CODEC_* when the body is not exactly `count` items
 */
export function decodeItems(body: Uint8Array, count: number): Item[] {
  const reader = new Reader(body);
  const items: Item[] = [];
  for (let at = 0; at < count; at++) {
    const kind = reader.u8();
    items.push({ kind, bytes: reader.bytes32(LIMITS.segmentBytesMax) });
  }
  reader.end();
  return items;
}

/** The leaf of an item in its segment's tree: over the bytes as they stand, so it needs no decoding. */
export function itemLeaf(item: Item): Hash {
  return tagged(TAGS.item.tag, Uint8Array.of(item.kind), item.bytes);
}

function itemsRoot(items: readonly Item[]): Hash {
  return merkleRoot(TAGS['items-tree'].tag, items.map(itemLeaf));
}

/** Where a new segment stands; what follows from its items is computed. */
export type SegmentPlace = Omit<SegmentHeader, 'count' | 'bytes' | 'bodyHash' | 'root'>;

/** Seal items into a signed segment. */
export function sealSegment(
  place: SegmentPlace,
  items: readonly Item[],
  sign: (message: Uint8Array) => Uint8Array,
): Segment {
  const body = encodeItems(items);
  const bodyHash = tagged(TAGS.body.tag, body);
  const header = { ...place, count: items.length, bytes: body.length, bodyHash, root: itemsRoot(items) };
  const headerBytes = encodeHeader(header);
  const id = tagged(TAGS.segment.tag, headerBytes);
  const signature = sign(id);
  const bytes = new Writer(headerBytes.length + 64 + body.length).bytes(headerBytes).bytes(signature).bytes(body);
  return { header, id, signature, body, bytes: bytes.finish() };
}

/**
 * Decode and check all that needs no key and no state: layout, caps, sizes, body hash, items, root.
 * The signature over `id` is the caller's to verify.
 * @throws WaggleError WAGGLE_SEGMENT_*, WAGGLE_CODEC_*
 */
export function decodeSegment(bytes: Uint8Array): Segment {
  if (bytes.length > SEGMENT_ENCODED_BYTES_MAX) throw new WaggleError('WAGGLE_SEGMENT_BYTES', { bytes: bytes.length });
  const reader = new Reader(bytes);
  const header = readHeader(reader);
  const signature = reader.bytes(SIGNATURE_BYTES);
  const body = reader.bytes(reader.remaining);
  checkHeader(header, body);
  const items = decodeItems(body, header.count);
  if (!hashesEqual(itemsRoot(items), header.root)) throw new WaggleError('WAGGLE_SEGMENT_ROOT', {});
  return { header, id: tagged(TAGS.segment.tag, bytes.subarray(0, HEADER_BYTES)), signature, body, bytes };
}

function checkHeader(header: SegmentHeader, body: Uint8Array): void {
  const { count, shard, height, bytes } = header;
  // A control segment that no block could take would be work for ever (consensus W-01).
  const itemsMax = shard === 0 ? LIMITS.blockAddControlItemsMax : LIMITS.segmentItemsMax;
  if (count === 0 || count > itemsMax) throw new WaggleError('WAGGLE_SEGMENT_ITEMS', { count });
  if (bytes !== body.length) throw new WaggleError('WAGGLE_SEGMENT_BYTES', { bytes, body: body.length });
  if (shard > LIMITS.shardsMax) throw new WaggleError('WAGGLE_SEGMENT_SHARD', { shard });
  if (height === 0) throw new WaggleError('WAGGLE_SEGMENT_HEIGHT', { height });
  if (!hashesEqual(tagged(TAGS.body.tag, body), header.bodyHash)) throw new WaggleError('WAGGLE_SEGMENT_BODY', {});
}

/** Read a segment this node itself wrote and checksummed: layout only, no hashing of the body. */
export function readStoredSegment(bytes: Uint8Array): Segment {
  const reader = new Reader(bytes);
  const header = readHeader(reader);
  const signature = reader.bytes(SIGNATURE_BYTES);
  const body = reader.bytes(reader.remaining);
  return { header, id: tagged(TAGS.segment.tag, bytes.subarray(0, HEADER_BYTES)), signature, body, bytes };
}

/** A header with its author's signature: the first bytes of every segment, and all that evidence needs of one. */
export interface SignedHeader {
  readonly header: SegmentHeader;
  readonly id: Hash;
  readonly signature: Uint8Array;
  readonly bytes: Uint8Array;
}

export const SIGNED_HEADER_BYTES = HEADER_BYTES + SIGNATURE_BYTES;

/** @throws WaggleError WAGGLE_SEGMENT_VERSION, WAGGLE_CODEC_* */
export function readSignedHeader(reader: Reader): SignedHeader {
  const bytes = reader.bytes(SIGNED_HEADER_BYTES);
  const inner = new Reader(bytes);
  const header = readHeader(inner);
  const signature = inner.bytes(SIGNATURE_BYTES);
  return { header, id: tagged(TAGS.segment.tag, bytes.subarray(0, HEADER_BYTES)), signature, bytes };
}

/** The signed header of a segment. */
export function signedHeaderOf({ header, id, signature, bytes }: Segment): SignedHeader {
  return { header, id, signature, bytes: bytes.subarray(0, SIGNED_HEADER_BYTES) };
}
