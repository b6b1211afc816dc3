import type { Segment } from '../../protocol/chain/segment.ts';
import type { ExecutedBlock, FetchRequest, Message } from '../types.ts';
import { FINAL_BLOCKS_MAX } from '../wire.ts';
import type { Disk } from './disk.ts';

const SEGMENTS_MAX = 64;

/** What the store answers when memory does not hold it any more. */
export function answerFromArchive(disk: Disk, request: FetchRequest): Message[] {
  switch (request.kind) {
    case 'fetch-final': {
      const near = finals(disk.blocksFrom(request.from, FINAL_BLOCKS_MAX));
      return near.length > 0 ? near : farFinal(disk.blocksFrom(request.from, Number.MAX_SAFE_INTEGER));
    }
    case 'fetch-block': {
      const block = disk.blockByHash(request.hash)?.block;
      return block === undefined ? [] : [{ kind: 'block', block }];
    }
    case 'fetch-segments':
      return segments(disk, request).map((segment) => ({ kind: 'segment', segment }));
    case 'fetch-certificates':
    case 'fetch-past':
      return [];
  }
}

/** Blocks up to the last one that was finalized directly, with its certificate, then all their segments. */
function finals(executed: readonly ExecutedBlock[]): Message[] {
  const last = executed.findLastIndex(({ certificate }) => certificate !== undefined);
  const certificate = executed[last]?.certificate;
  if (certificate === undefined) return [];
  const taken = executed.slice(0, last + 1);
  const bodies = taken.flatMap((block) => block.segments.map(({ segment }) => segment));
  return [
    { kind: 'final', blocks: taken.map(({ block }) => block), certificate },
    ...bodies.map((segment): Message => ({ kind: 'segment', segment })),
  ];
}

/** Where none of the first blocks was finalized directly: the last ones up to the first that was. */
function farFinal(executed: readonly ExecutedBlock[]): Message[] {
  const at = executed.findIndex(({ certificate }) => certificate !== undefined);
  const certificate = executed[at]?.certificate;
  if (certificate === undefined) return [];
  const blocks = executed.slice(Math.max(0, at + 1 - FINAL_BLOCKS_MAX), at + 1).map(({ block }) => block);
  return [{ kind: 'final', blocks, certificate }];
}

function segments(disk: Disk, request: Extract<FetchRequest, { kind: 'fetch-segments' }>): Segment[] {
  const { shard, author, from, to } = request;
  return disk
    .blocksFrom(0, Number.MAX_SAFE_INTEGER)
    .flatMap((block) => block.segments.map(({ segment }) => segment))
    .filter(({ header }) => header.shard === shard && header.author === author)
    .filter(({ header }) => header.height >= from && header.height <= to)
    .slice(-SEGMENTS_MAX);
}
