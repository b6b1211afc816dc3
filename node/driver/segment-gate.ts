import { isAuthentic } from '../../consensus/admit.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import { decodeSegment, readSignedHeader, type Segment, type SignedHeader } from '../../protocol/chain/segment.ts';
import { Reader } from '../../protocol/codec/reader.ts';
import { codeOf } from '../../protocol/errors.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Verdict } from '../network/network.ts';

export interface SegmentVerdict {
  /** Of its header; undefined when it does not decode. */
  readonly shard: number | undefined;
  readonly verdict: Verdict;
  /** For a counter. */
  readonly reason: string;
  /** What the step shall see: news, and a second header of a height, which is evidence. */
  readonly segment: Segment | undefined;
}

/**
 * Judge a segment from gossip (protocol.md, Gossip), or from a frame, which has no topic: `shard` is undefined. Reject only what every honest forwarder would have refused; ignore
 * what depends on where this node stands. A missing parent is no fault. The signature comes last: it costs the most.
 */
export function judgeSegment(replica: Replica, shard: number | undefined, bytes: Uint8Array): SegmentVerdict {
  let head: SignedHeader;
  try {
    head = readSignedHeader(new Reader(bytes));
  } catch (error) {
    return refused(undefined, 'reject', codeOf(error) ?? 'undecodable');
  }
  const { config, chains } = replica;
  const { header, id } = head;
  if (!hashesEqual(header.chain, config.chain) || header.epoch !== config.roster.epoch) {
    return refused(header.shard, 'ignore', 'other chain or epoch');
  }
  const chain = chains.find(header.shard, header.author);
  if (chain === undefined || (shard !== undefined && header.shard !== shard))
    return refused(header.shard, 'reject', 'no such chain');
  const dead = chain.judge(header);
  if (dead !== undefined) return refused(header.shard, 'ignore', dead);
  if (header.height <= chain.executed.height) return refused(header.shard, 'ignore', 'already final');
  if (header.height > chain.final.height + LIMITS.chainWindowSegments)
    return refused(header.shard, 'ignore', 'over the window');
  if (chain.get(id) !== undefined) return refused(header.shard, 'ignore', 'known');
  // Items are hashed one by one, so the body comes after all that a header alone can say.
  let segment: Segment;
  try {
    segment = decodeSegment(bytes);
  } catch (error) {
    return refused(undefined, 'reject', codeOf(error) ?? 'undecodable');
  }
  if (!isAuthentic(config, segment)) return refused(header.shard, 'reject', 'signature');
  // Final but not executed: its payload may be what execution waits for.
  if (header.height <= chain.final.height)
    return { shard: header.shard, verdict: 'ignore', reason: 'already final', segment };
  if (chain.rivalOf(segment) !== undefined)
    return { shard: header.shard, verdict: 'ignore', reason: 'second header', segment };
  return { shard: header.shard, verdict: 'accept', reason: 'accepted', segment };
}

function refused(shard: number | undefined, verdict: Verdict, reason: string): SegmentVerdict {
  return { shard, verdict, reason, segment: undefined };
}
