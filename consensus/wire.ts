import { readCertificate, readVote, writeCertificate, writeVote } from '../protocol/certificate.ts';
import { type HashedBlock, readBlock } from '../protocol/chain/block.ts';
import { decodeSegment, SEGMENT_ENCODED_BYTES_MAX } from '../protocol/chain/segment.ts';
import { Reader } from '../protocol/codec/reader.ts';
import { Writer } from '../protocol/codec/writer.ts';
import { WaggleError } from '../protocol/errors.ts';
import { decodeEvidence } from '../protocol/evidence.ts';
import type { Hash } from '../protocol/hash.ts';
import { LIMITS } from '../protocol/limits.ts';
import { readSignedCheckpoint, writeSignedCheckpoint } from '../protocol/receipt/checkpoint.ts';
import { decodeEpochProof, type EpochProof, encodeEpochProof } from '../protocol/receipt/epoch-proof.ts';
import { readSignedSnapshot, writeSignedSnapshot } from '../protocol/snapshot/snapshot.ts';
import {
  type FetchRequest,
  type HistoryLink,
  type Message,
  type SnapshotRequest,
  type Status,
  TIPS_MAX,
  type TipStatus,
} from './types.ts';

/** Largest message: a whole segment, or the blocks of a `final`, with their heads and a certificate. */
export const FRAME_BYTES_MAX = SEGMENT_ENCODED_BYTES_MAX + 64 * 1024;
export const SYNC_REQUEST_BYTES_MAX = 64;
/** Blocks of one `final`. */
export const FINAL_BLOCKS_MAX = 32;
/** Links of one `history`: half a MiB. */
export const HISTORY_LINKS_MAX = 8_192;
/** Proofs of one `epochs`; of large rosters fewer fit a frame. */
export const EPOCH_PROOFS_MAX = 32;

const NONCE_BYTES = 16;

/** First byte of a message; never reused. */
const KINDS = {
  propose: 1,
  vote: 2,
  certificate: 3,
  status: 4,
  checkpoint: 5,
  'fetch-certificates': 6,
  'fetch-block': 7,
  'fetch-segments': 8,
  'fetch-final': 9,
  block: 10,
  segment: 11,
  final: 12,
  'fetch-past': 13,
  past: 14,
  snapshot: 15,
  pruned: 16,
  'fetch-manifest': 17,
  'fetch-chunk': 18,
  manifest: 19,
  chunk: 20,
  'fetch-history': 21,
  history: 22,
  evidence: 23,
  'fetch-epochs': 24,
  epochs: 25,
} as const satisfies Record<Message['kind'], number>;

const NAMES = new Map<number, Message['kind']>(
  Object.entries(KINDS).map(([name, code]) => [code, name as Message['kind']]),
);

/** Fixed layout: the kind, then the fields of the message in order. */
export function encodeMessage(message: Message): Uint8Array {
  const writer = new Writer(256).u8(KINDS[message.kind]);
  switch (message.kind) {
    case 'propose':
      return writer.bytes32(message.block.bytes).bytes(message.signature).finish();
    case 'vote':
      return writeVote(writer, message.vote).finish();
    case 'certificate':
      return writeCertificate(writer, message.certificate).finish();
    case 'status':
      return writeStatus(writer, message).finish();
    case 'checkpoint':
      return writeSignedCheckpoint(writer, message.checkpoint).finish();
    case 'block':
      return writer.bytes(message.block.bytes).finish();
    case 'segment':
      return writer.bytes(message.segment.bytes).finish();
    case 'final':
      writer.u8(message.blocks.length);
      for (const block of message.blocks) writer.bytes32(block.bytes);
      return writeCertificate(writer, message.certificate).finish();
    case 'evidence':
      return writer.bytes(message.evidence.bytes).finish();
    case 'past':
      return writer
        .u32(message.epoch ?? 0)
        .bytes(message.nonce)
        .u64(message.view)
        .finish();
    case 'snapshot':
      return writeSignedSnapshot(writer, message.signed).finish();
    case 'pruned':
      return writer.u64(message.height).finish();
    case 'manifest':
      writer.u64(message.height).u32(message.leaves.length);
      for (const leaf of message.leaves) writer.bytes(leaf);
      return writer.finish();
    case 'chunk':
      return writer.u64(message.height).u32(message.index).bytes32(message.bytes).finish();
    case 'history':
      writer.u64(message.from).u16(message.links.length);
      for (const { blockHash, root } of message.links) writer.bytes(blockHash).bytes(root);
      return writer.finish();
    case 'epochs':
      writer.u32(message.from).u8(message.proofs.length);
      for (const proof of message.proofs) writer.bytes32(encodeEpochProof(proof));
      return writer.finish();
    default:
      return writeRequest(writer, message).finish();
  }
}

function writeStatus(writer: Writer, status: Status): Writer {
  const { epoch, view, finalView, finalHeight, tips, checkpoint } = status;
  writer.u32(epoch).u64(view).u64(finalView).u64(finalHeight).u8(tips.length);
  for (const { shard, author, height } of tips) writer.u16(shard).u16(author).u64(height);
  return checkpoint === undefined ? writer.u8(0) : writeSignedCheckpoint(writer.u8(1), checkpoint);
}

function writeRequest(writer: Writer, request: FetchRequest | SnapshotRequest): Writer {
  if (!isSnapshotRequest(request)) writer.u32(request.epoch ?? 0);
  switch (request.kind) {
    case 'fetch-certificates':
      return writer.u64(request.from).u64(request.to);
    case 'fetch-block':
      return writer.bytes(request.hash);
    case 'fetch-segments':
      writer.u16(request.shard).u16(request.author).u64(request.from).u64(request.to);
      return request.tip === undefined ? writer.u8(0) : writer.u8(1).bytes(request.tip);
    case 'fetch-final':
      return writer.u64(request.from);
    case 'fetch-past':
      return writer.bytes(request.nonce);
    case 'fetch-manifest':
      return writer.u64(request.height);
    case 'fetch-chunk':
      return writer.u64(request.height).u32(request.index);
    case 'fetch-history':
      return writer.u64(request.from).u64(request.to);
    case 'fetch-epochs':
      return writer.u32(request.from);
  }
}

/** What a frame says it is, from its first byte alone: who may not send this kind is refused before anything is decoded. */
export function kindOf(bytes: Uint8Array): Message['kind'] | undefined {
  const [code] = bytes;
  return code === undefined ? undefined : NAMES.get(code);
}

/**
 * The message of a frame. What it holds by reference are views of `bytes`.
 * @throws WaggleError WAGGLE_MESSAGE_KIND, WAGGLE_MESSAGE_FORM and those of the objects inside; nothing else
 */
export function decodeMessage(bytes: Uint8Array): Message {
  if (bytes.length > FRAME_BYTES_MAX) throw new WaggleError('WAGGLE_MESSAGE_BYTES', { bytes: bytes.length });
  const reader = new Reader(bytes);
  const code = reader.u8();
  const kind = NAMES.get(code);
  if (kind === undefined) throw new WaggleError('WAGGLE_MESSAGE_KIND', { code });
  const message = readMessage(kind, reader);
  reader.end();
  return message;
}

function readMessage(kind: Message['kind'], reader: Reader): Message {
  switch (kind) {
    case 'propose': {
      const block = readBlock(reader.bytes32(LIMITS.blockBytesMax));
      return { kind, block, signature: reader.bytes(64) };
    }
    case 'vote':
      return { kind, vote: readVote(reader) };
    case 'certificate':
      return { kind, certificate: readCertificate(reader) };
    case 'status':
      return readStatus(reader);
    case 'checkpoint':
      return { kind, checkpoint: readSignedCheckpoint(reader) };
    case 'block':
      return { kind, block: readBlock(reader.bytes(reader.remaining)) };
    case 'segment':
      return { kind, segment: decodeSegment(reader.bytes(reader.remaining)) };
    case 'final':
      return readFinal(reader);
    case 'evidence':
      return { kind, evidence: decodeEvidence(reader.bytes(reader.remaining)) };
    case 'past':
      return { kind, ...readEpoch(reader), nonce: reader.bytes(NONCE_BYTES), view: reader.u64() };
    case 'snapshot':
      return { kind, signed: readSignedSnapshot(reader) };
    case 'pruned':
      return { kind, height: reader.u64() };
    case 'manifest':
      return { kind, height: reader.u64(), leaves: readLeaves(reader) };
    case 'chunk':
      return { kind, height: reader.u64(), index: reader.u32(), bytes: reader.bytes32(LIMITS.snapshotChunkBytes) };
    case 'history':
      return { kind, from: reader.u64(), links: readLinks(reader) };
    case 'epochs':
      return { kind, from: reader.u32(), proofs: readProofs(reader) };
    default:
      return readRequest(kind, reader);
  }
}

function readStatus(reader: Reader): Status {
  const epoch = reader.u32();
  const view = reader.u64();
  const finalView = reader.u64();
  const finalHeight = reader.u64();
  const count = reader.u8();
  if (count > TIPS_MAX) throw new WaggleError('WAGGLE_MESSAGE_FORM', { tips: count });
  const tips: TipStatus[] = [];
  for (let at = 0; at < count; at++) {
    tips.push({ shard: reader.u16(), author: reader.u16(), height: reader.u64() });
  }
  const checkpoint = flag(reader) ? readSignedCheckpoint(reader) : undefined;
  return { kind: 'status', epoch, view, finalView, finalHeight, tips, checkpoint };
}

function readFinal(reader: Reader): Message {
  const count = reader.u8();
  if (count === 0 || count > FINAL_BLOCKS_MAX) throw new WaggleError('WAGGLE_MESSAGE_FORM', { blocks: count });
  const blocks: HashedBlock[] = [];
  for (let at = 0; at < count; at++) blocks.push(readBlock(reader.bytes32(LIMITS.blockBytesMax)));
  return { kind: 'final', blocks, certificate: readCertificate(reader) };
}

function readProofs(reader: Reader): EpochProof[] {
  const count = reader.u8();
  if (count > EPOCH_PROOFS_MAX) throw new WaggleError('WAGGLE_MESSAGE_FORM', { proofs: count });
  return Array.from({ length: count }, () => decodeEpochProof(reader.bytes32(FRAME_BYTES_MAX)));
}

function readLeaves(reader: Reader): Hash[] {
  const count = reader.u32();
  if (count === 0 || count > LIMITS.snapshotChunksMax) throw new WaggleError('WAGGLE_MESSAGE_FORM', { leaves: count });
  return Array.from({ length: count }, () => reader.bytes(32));
}

function readLinks(reader: Reader): HistoryLink[] {
  const count = reader.u16();
  if (count > HISTORY_LINKS_MAX) throw new WaggleError('WAGGLE_MESSAGE_FORM', { links: count });
  return Array.from({ length: count }, () => ({ blockHash: reader.bytes(32), root: reader.bytes(32) }));
}

/** Absent in the first epoch, so that one request is one value. */
function readEpoch(reader: Reader): { readonly epoch?: number } {
  const epoch = reader.u32();
  return epoch === 0 ? {} : { epoch };
}

function readRequest(kind: (FetchRequest | SnapshotRequest)['kind'], reader: Reader): FetchRequest | SnapshotRequest {
  switch (kind) {
    case 'fetch-certificates':
      return { kind, ...readEpoch(reader), from: reader.u64(), to: reader.u64() };
    case 'fetch-block':
      return { kind, ...readEpoch(reader), hash: reader.bytes(32) };
    case 'fetch-segments': {
      const epoch = readEpoch(reader);
      const shard = reader.u16();
      const author = reader.u16();
      const from = reader.u64();
      const to = reader.u64();
      return { kind, ...epoch, shard, author, from, to, tip: flag(reader) ? reader.bytes(32) : undefined };
    }
    case 'fetch-final':
      return { kind, ...readEpoch(reader), from: reader.u64() };
    case 'fetch-past':
      return { kind, ...readEpoch(reader), nonce: reader.bytes(NONCE_BYTES) };
    case 'fetch-manifest':
      return { kind, height: reader.u64() };
    case 'fetch-chunk':
      return { kind, height: reader.u64(), index: reader.u32() };
    case 'fetch-history':
      return { kind, from: reader.u64(), to: reader.u64() };
    case 'fetch-epochs':
      return { kind, from: reader.u32() };
  }
}

function flag(reader: Reader): boolean {
  const value = reader.u8();
  if (value > 1) throw new WaggleError('WAGGLE_MESSAGE_FORM', { flag: value });
  return value === 1;
}

/** Whether a message asks for something; what answers it are certificates, blocks, segments and finals. */
export function isFetchRequest(message: Message): message is FetchRequest {
  return message.kind.startsWith('fetch-') && !isSnapshotRequest(message);
}

const SNAPSHOT_REQUESTS: ReadonlySet<Message['kind']> = new Set([
  'fetch-manifest',
  'fetch-chunk',
  'fetch-history',
  'fetch-epochs',
]);

/** Whether a message asks for a part of a snapshot, or for what leads to one. */
export function isSnapshotRequest(message: Message | FetchRequest): message is SnapshotRequest {
  return SNAPSHOT_REQUESTS.has(message.kind);
}
