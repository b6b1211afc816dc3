import { ITEM_KINDS, type Item } from '../../protocol/chain/segment.ts';
import { Reader } from '../../protocol/codec/reader.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { LIMITS } from '../../protocol/limits.ts';

/*
 * `/waggle/1/submit`: an observer hands items to a validator, which answers once they are sealed and synced there or says
 * which it did not take. One request, one answer (protocol.md, Roles).
 */

const VERSION = 1;
export const SUBMIT_ITEMS_MAX = 256;
/** Room for the largest item and what stands around it; far below what a validator takes. */
export const SUBMIT_BYTES_MAX = LIMITS.operationBytesMax + 64 * 1024;

/** What a request takes beside its items, and an item beside its bytes. */
export const SUBMIT_HEAD_BYTES = 3;
export const SUBMIT_ITEM_HEAD_BYTES = 5;

export const SUBMIT_STATUS = ['accepted', 'busy', 'refused'] as const;
export type SubmitStatus = (typeof SUBMIT_STATUS)[number];

export function encodeSubmit(items: readonly Item[]): Uint8Array {
  const size = items.reduce((sum, { bytes }) => sum + SUBMIT_ITEM_HEAD_BYTES + bytes.length, SUBMIT_HEAD_BYTES);
  const writer = new Writer(size).u8(VERSION).u16(items.length);
  for (const { kind, bytes } of items) writer.u8(kind).bytes32(bytes);
  return writer.finish();
}

/** How many items a request says it holds; each of them gets an answer. @throws WaggleError WAGGLE_SUBMIT_FORM, WAGGLE_CODEC_* */
export function countSubmitted(bytes: Uint8Array): number {
  return readCount(open(bytes));
}

function readCount(reader: Reader): number {
  const count = reader.u16();
  if (count === 0 || count > SUBMIT_ITEMS_MAX) throw new WaggleError('WAGGLE_SUBMIT_FORM', { count });
  return count;
}

/** @throws WaggleError WAGGLE_SUBMIT_FORM, WAGGLE_CODEC_* */
export function decodeSubmit(bytes: Uint8Array): Item[] {
  if (bytes.length > SUBMIT_BYTES_MAX) throw new WaggleError('WAGGLE_SUBMIT_FORM', { bytes: bytes.length });
  const reader = open(bytes);
  const count = readCount(reader);
  const items: Item[] = [];
  for (let left = count; left > 0; left--) {
    const number = reader.u8();
    const kind = Object.values(ITEM_KINDS).find((known) => known === number);
    if (kind === undefined) throw new WaggleError('WAGGLE_SUBMIT_FORM', { kind: number });
    // A copy: the item is kept longer than the buffer it came in.
    items.push({ kind, bytes: reader.bytes32(LIMITS.segmentBytesMax).slice() });
  }
  reader.end();
  return items;
}

export function encodeSubmitAnswer(statuses: readonly SubmitStatus[]): Uint8Array {
  const writer = new Writer(3 + statuses.length).u8(VERSION).u16(statuses.length);
  for (const status of statuses) writer.u8(SUBMIT_STATUS.indexOf(status));
  return writer.finish();
}

/** One status for each of the `count` items asked. @throws WaggleError WAGGLE_SUBMIT_FORM, WAGGLE_CODEC_* */
export function decodeSubmitAnswer(bytes: Uint8Array, count: number): SubmitStatus[] {
  const reader = open(bytes);
  if (reader.u16() !== count) throw new WaggleError('WAGGLE_SUBMIT_FORM', { count });
  const statuses: SubmitStatus[] = [];
  for (let left = count; left > 0; left--) {
    const status = SUBMIT_STATUS[reader.u8()];
    if (status === undefined) throw new WaggleError('WAGGLE_SUBMIT_FORM', { status: 'unknown' });
    statuses.push(status);
  }
  reader.end();
  return statuses;
}

function open(bytes: Uint8Array): Reader {
  const reader = new Reader(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new WaggleError('WAGGLE_SUBMIT_FORM', { version });
  return reader;
}
