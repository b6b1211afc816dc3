import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Segment } from '../../protocol/chain/segment.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import type { ExecutedBlock, FetchRequest, Message, SealProof } from '../types.ts';
import { FINAL_BLOCKS_MAX } from '../wire.ts';
import type { Disk } from './disk.ts';

const SEGMENTS_MAX = 64;

/** What the store answers when memory does not hold it any more. */
export function answerFromArchive(disk: Disk, request: FetchRequest): Message[] {
  const { epoch = 0 } = request;
  switch (request.kind) {
    case 'fetch-final': {
      const near = finals(ofEpoch(disk.blocksFrom(request.from, FINAL_BLOCKS_MAX), epoch));
      return near.length > 0 ? near : farFinal(ofEpoch(disk.blocksFrom(request.from, Number.MAX_SAFE_INTEGER), epoch));
    }
    case 'fetch-block': {
      const block = disk.blockByHash(request.hash)?.block ?? tailBlock(disk, request.hash);
      return block === undefined ? [] : [{ kind: 'block', block }];
    }
    case 'fetch-segments':
      return segments(disk, request).map((segment) => ({ kind: 'segment', segment }));
    case 'fetch-certificates':
    case 'fetch-past':
      return [];
  }
}

/** Final blocks of an epoch have numbers of their own in no other: the run ends with the block that ended it. */
function ofEpoch(executed: readonly ExecutedBlock[], epoch: number): readonly ExecutedBlock[] {
  return executed.filter(({ block }) => block.block.epoch === epoch);
}

function tailBlock(disk: Disk, hash: Uint8Array): HashedBlock | undefined {
  const tails = disk.blocksFrom(0, Number.MAX_SAFE_INTEGER).flatMap(({ seal }) => seal?.tail ?? []);
  return tails.find((block) => hashesEqual(block.hash, hash));
}

/** What proves a block final, and the blocks above it that it takes. */
function proofOf({ certificate, seal }: ExecutedBlock): SealProof | undefined {
  return certificate === undefined ? seal : { tail: [], certificate };
}

/** Blocks up to the last one that was finalized directly, with its certificate, then all their segments. */
function finals(executed: readonly ExecutedBlock[]): Message[] {
  const last = executed.findLastIndex((one) => proofOf(one) !== undefined);
  const proof = executed[last] && proofOf(executed[last]);
  if (proof === undefined) return [];
  const taken = executed.slice(0, last + 1);
  const bodies = taken.flatMap((block) => block.segments.map(({ segment }) => segment));
  return [
    { kind: 'final', blocks: [...taken.map(({ block }) => block), ...proof.tail], certificate: proof.certificate },
    ...bodies.map((segment): Message => ({ kind: 'segment', segment })),
  ];
}

/** Where none of the first blocks was finalized directly: the last ones up to the first that was. */
function farFinal(executed: readonly ExecutedBlock[]): Message[] {
  const at = executed.findIndex((one) => proofOf(one) !== undefined);
  const proof = executed[at] && proofOf(executed[at]);
  if (proof === undefined) return [];
  const below = executed.slice(Math.max(0, at + 1 - FINAL_BLOCKS_MAX), at + 1).map(({ block }) => block);
  return [{ kind: 'final', blocks: [...below, ...proof.tail], certificate: proof.certificate }];
}

function segments(disk: Disk, request: Extract<FetchRequest, { kind: 'fetch-segments' }>): Segment[] {
  const { epoch = 0, shard, author, from, to } = request;
  return disk
    .blocksFrom(0, Number.MAX_SAFE_INTEGER)
    .flatMap((block) => block.segments.map(({ segment }) => segment))
    .filter(({ header }) => header.epoch === epoch && header.shard === shard && header.author === author)
    .filter(({ header }) => header.height >= from && header.height <= to)
    .slice(-SEGMENTS_MAX);
}
