import { answer } from '../../consensus/answer.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { FetchRequest, Message, SealProof } from '../../consensus/types.ts';
import { FINAL_BLOCKS_MAX } from '../../consensus/wire.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';
import { codeOf } from '../../protocol/errors.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { EpochProof } from '../../protocol/receipt/epoch-proof.ts';
import type { LedgerReader } from './ledger-reader.ts';
import type { StoredBlock } from './ledger-records.ts';

const SEGMENTS_MAX = 64;
/** Blocks of one `final` together, and about what their segments may weigh. */
const FINAL_BLOCK_BYTES = 512 * 1024;
const FINAL_SEGMENTS_MAX = 2_048;

/**
 * What this node has of a request: what is executed from the ledger, the rest from memory. Who cannot serve answers
 * nothing. Bounded whatever is asked (consensus.md 2.6, fetch service).
 */
export async function* answersOf(
  replica: Replica,
  reader: LedgerReader,
  request: FetchRequest,
): AsyncGenerator<Message, void, undefined> {
  switch (request.kind) {
    case 'fetch-certificates':
    case 'fetch-past':
      yield* answer(replica, request);
      return;
    case 'fetch-block':
      yield* await blockAnswer(replica, reader, request);
      return;
    case 'fetch-segments':
      yield* segmentAnswers(replica, reader, request);
      return;
    case 'fetch-final':
      if (reader.floor.height > 0 && request.from <= reader.floor.height)
        yield { kind: 'pruned', height: reader.floor.height };
      else yield* finalAnswers(reader, request.from, request.epoch);
      return;
  }
}

async function blockAnswer(
  replica: Replica,
  reader: LedgerReader,
  request: Extract<FetchRequest, { kind: 'fetch-block' }>,
): Promise<Message[]> {
  const held = answer(replica, request);
  if (held.length > 0) return held;
  const block = (await reader.blockOf(request.hash)) ?? (await tailBlock(reader, request));
  return block === undefined ? [] : [{ kind: 'block', block }];
}

/** An empty block above the last one of the asker's epoch. */
async function tailBlock(
  reader: LedgerReader,
  { epoch = 0, hash }: Extract<FetchRequest, { kind: 'fetch-block' }>,
): Promise<HashedBlock | undefined> {
  const tail = (await unlessDamaged(reader.epochEnd(epoch)))?.tail ?? [];
  return tail.find((block) => hashesEqual(block.hash, hash));
}

/** Executed heights from the ledger, where only one fork is left, then what memory holds above them. */
async function* segmentAnswers(
  replica: Replica,
  reader: LedgerReader,
  request: Extract<FetchRequest, { kind: 'fetch-segments' }>,
): AsyncGenerator<Message> {
  const { epoch = 0, shard, author, from, to } = request;
  const isNow = epoch === replica.config.roster.epoch;
  // Of an epoch that ended everything is executed, as far as it ever was.
  const executed = isNow ? (replica.chains.find(shard, author)?.executed.height ?? 0) : to;
  let left = SEGMENTS_MAX;
  let incarnation = 0;
  for (let height = Math.max(1, from); height <= Math.min(to, executed) && left > 0; height++) {
    let segment = await unlessDamaged(reader.storedSegment({ epoch, shard, author, incarnation, height }));
    // Incarnations grow with the height, and there are few of them in an epoch.
    while (segment === undefined && incarnation < LIMITS.restartsMax) {
      incarnation += 1;
      segment = await unlessDamaged(reader.storedSegment({ epoch, shard, author, incarnation, height }));
    }
    if (segment === undefined) {
      // A hole below what is executed is what was given up; which block it was in is not known any more.
      if (reader.floor.height > 0) yield { kind: 'pruned', height: reader.floor.height };
      return;
    }
    yield { kind: 'segment', segment };
    left -= 1;
  }
  yield* answer(replica, request).slice(0, left);
}

/**
 * One `final` of consecutive blocks from `from` on, then the segments of those blocks in execution order. Where no block
 * of the first ones was finalized directly: the last ones up to the first that was, and the asker walks down from there.
 */
export async function* finalAnswers(reader: LedgerReader, from: number, epoch = 0): AsyncGenerator<Message> {
  const { blocks, proof } = await finalRange(reader, from, epoch);
  if (proof === undefined) {
    yield* farAnswer(reader, from, epoch);
    return;
  }
  yield { kind: 'final', blocks: [...blocks.map(({ block }) => block), ...proof.tail], certificate: proof.certificate };
  for (const { runs } of blocks) {
    for (const { shard, author, incarnation, from: first, to } of runs) {
      for (let height = first; height <= to; height++) {
        const place = { epoch, shard, author, incarnation, height };
        const segment = await unlessDamaged(reader.storedSegment(place));
        if (segment !== undefined) yield { kind: 'segment', segment };
      }
    }
  }
}

/** The first certificate above a long run without one, with the blocks right below it. */
async function* farAnswer(reader: LedgerReader, from: number, epoch: number): AsyncGenerator<Message> {
  const first = await reader.storedBlock(from);
  if (first?.block.block.epoch !== epoch) return;
  const proof = await nextProof(reader, from, epoch);
  if (proof === undefined) return;
  const last = proof.seal;
  const blocks = [last];
  const max = FINAL_BLOCKS_MAX - proof.tail.length;
  let bytes = last.bytes.length;
  for (let height = last.block.height - 1; height >= from && blocks.length < max; height--) {
    const stored = await reader.storedBlock(height);
    bytes += stored?.block.bytes.length ?? 0;
    if (stored === undefined || bytes > FINAL_BLOCK_BYTES) break;
    blocks.push(stored.block);
  }
  yield { kind: 'final', blocks: [...blocks.reverse(), ...proof.tail], certificate: proof.certificate };
}

/** The first block from `from` on that was finalized directly, or the one that ended the epoch. */
async function nextProof(reader: LedgerReader, from: number, epoch: number): Promise<EpochProof | undefined> {
  const certificate = await reader.certificateFrom(from);
  if (certificate?.epoch !== epoch) return await reader.epochEnd(epoch);
  const seal = certificate.blockHash && (await reader.blockOf(certificate.blockHash));
  return seal && { seal, tail: [], certificate };
}

/**
 * As many blocks as the caps allow, ending in the last one among them that was finalized directly, and at the latest with
 * the one that ended its epoch: what follows could not be judged by who asks.
 */
async function finalRange(
  reader: LedgerReader,
  from: number,
  epoch: number,
): Promise<{ blocks: StoredBlock[]; proof: SealProof | undefined }> {
  const blocks: StoredBlock[] = [];
  let certified = 0;
  let proof: SealProof | undefined;
  let bytes = 0;
  let segments = 0;
  while (blocks.length < FINAL_BLOCKS_MAX && bytes <= FINAL_BLOCK_BYTES) {
    // Beyond the first certificate only as far as the segments stay few; up to it there is no choice.
    if (proof !== undefined && segments > FINAL_SEGMENTS_MAX) break;
    const stored = await unlessDamaged(reader.storedBlock(from + blocks.length));
    if (stored === undefined || stored.block.block.epoch !== epoch) break;
    blocks.push(stored);
    bytes += stored.block.bytes.length;
    segments += stored.runs.reduce((sum, run) => sum + 1 + run.to - run.from, 0);
    const found = await proofOf(reader, stored);
    if (found === undefined || blocks.length + found.tail.length > FINAL_BLOCKS_MAX) continue;
    proof = found;
    certified = blocks.length;
  }
  return { blocks: blocks.slice(0, certified), proof };
}

async function proofOf(reader: LedgerReader, { block }: StoredBlock): Promise<SealProof | undefined> {
  const direct = await unlessDamaged(reader.directCertificate(block.block.height));
  if (direct !== undefined) return { tail: [], certificate: direct };
  return block.block.reconfig === undefined ? undefined : await unlessDamaged(reader.epochEnd(block.block.epoch));
}

/** What is damaged here somebody else has; what stands beside it may be what the asker lacks. */
async function unlessDamaged<Value>(read: Promise<Value | undefined>): Promise<Value | undefined> {
  try {
    return await read;
  } catch (error) {
    if (codeOf(error) === 'WAGGLE_STORE_DAMAGED') return undefined;
    throw error;
  }
}
