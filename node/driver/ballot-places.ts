import { Reader } from '../../protocol/codec/reader.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import type { SegmentPlace } from '../storage/keys.ts';

/**
 * Where a counted ballot stands. Its bytes are in the segment already and its voter's head is a row of the state, so the
 * ledger keeps no third copy (decision 015).
 */
export interface BallotPlace {
  readonly segment: SegmentPlace;
  /** Position of the ballot in its segment. */
  readonly item: number;
  /** The block that ordered it, and its position among all items of that block. */
  readonly height: number;
  readonly index: number;
}

/** epoch u32 ‖ shard u16 ‖ author u16 ‖ incarnation u32 ‖ height u64 ‖ item u16 ‖ block height u64 ‖ index u32 */
const PLACE_BYTES = 34;
const ITEM_AT = 20;
const INDEX_AT = 30;

/** Records of the ballots of one segment, in one piece of memory. */
export class BallotPlaces {
  readonly #alike: Uint8Array;
  readonly #room: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  /** `count`: how many there will be at most. */
  constructor({ epoch, shard, author, incarnation, height }: SegmentPlace, blockHeight: number, count: number) {
    const writer = new Writer(PLACE_BYTES).u32(epoch).u16(shard).u16(author).u32(incarnation).u64(height);
    this.#alike = writer.u16(0).u64(blockHeight).u32(0).finish();
    this.#room = new Uint8Array(count * PLACE_BYTES);
    this.#view = new DataView(this.#room.buffer);
  }

  /** The stored form of the next. */
  add(item: number, index: number): Uint8Array {
    const at = this.#at;
    this.#at = at + PLACE_BYTES;
    this.#room.set(this.#alike, at);
    this.#view.setUint16(at + ITEM_AT, item);
    this.#view.setUint32(at + INDEX_AT, index);
    return this.#room.subarray(at, this.#at);
  }
}

/** @throws WaggleError WAGGLE_CODEC_* */
export function decodeBallotPlace(bytes: Uint8Array): BallotPlace {
  const reader = new Reader(bytes);
  const epoch = reader.u32();
  const [shard, author, incarnation] = [reader.u16(), reader.u16(), reader.u32()];
  const segment = { epoch, shard, author, incarnation, height: reader.u64() };
  const place = { segment, item: reader.u16(), height: reader.u64(), index: reader.u32() };
  reader.end();
  return place;
}
