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
 * Judge a segment from gossip (protocol.md, Gossip), or from a frame, which has no topic: `shard` is undefined. Reject only
 * what every honest forwarder would have refused; ignore what depends on where this node stands. A missing parent is no
 * fault. What costs more comes later: the header, then the body, whose items are hashed one by one, then the signature.
 */
export function judgeSegment(replica: Replica, shard: number | undefined, bytes: Uint8Array): SegmentVerdict {
  const head = decoded(() => readSignedHeader(new Reader(bytes)));
  if (typeof head === 'string') return refused(undefined, 'reject', head);
  const early = judgeHeader(replica, shard, head);
  if (early !== undefined) return early;
  const segment = decoded(() => decodeSegment(bytes));
  return typeof segment === 'string' ? refused(undefined, 'reject', segment) : judgeWhole(replica, segment);
}

/** What the bytes say, or the code of what is wrong with them. What is judged after that may throw: no fault of ours is a peer's. */
function decoded<Value extends object>(decode: () => Value): Value | string {
  try {
    return decode();
  } catch (error) {
    return codeOf(error) ?? 'undecodable';
  }
}

/** What a header alone can say; undefined where the body is needed. */
function judgeHeader(
  { config, chains }: Replica,
  shard: number | undefined,
  { header, id }: SignedHeader,
): SegmentVerdict | undefined {
  if (!hashesEqual(header.chain, config.chain)) return refused(header.shard, 'ignore', 'other chain');
  // Its author is where this node is not yet, or no more. What shards and seats there are then is not for this epoch to say.
  if (header.epoch > config.roster.epoch) return refused(header.shard, 'early', 'later epoch');
  if (header.epoch < config.roster.epoch) return refused(header.shard, 'ignore', 'earlier epoch');
  const chain = chains.find(header.shard, header.author);
  if (chain === undefined || (shard !== undefined && header.shard !== shard))
    return refused(header.shard, 'reject', 'no such chain');
  const dead = chain.judge(header);
  if (dead !== undefined) return refused(header.shard, 'ignore', dead);
  if (header.height <= chain.executed.height) return refused(header.shard, 'ignore', 'already final');
  if (header.height > chain.final.height + LIMITS.chainWindowSegments)
    return refused(header.shard, 'ignore', 'over the window');
  return chain.get(id) === undefined ? undefined : refused(header.shard, 'ignore', 'known');
}

function judgeWhole({ config, chains }: Replica, segment: Segment): SegmentVerdict {
  const { shard, author, height } = segment.header;
  const chain = chains.of(shard, author);
  if (!isAuthentic(config, segment)) return refused(shard, 'reject', 'signature');
  // Final but not executed: its payload may be what execution waits for.
  if (height <= chain.final.height) return { shard, verdict: 'ignore', reason: 'already final', segment };
  if (chain.rivalOf(segment) !== undefined) return { shard, verdict: 'ignore', reason: 'second header', segment };
  return { shard, verdict: 'accept', reason: 'accepted', segment };
}

function refused(shard: number | undefined, verdict: Verdict, reason: string): SegmentVerdict {
  return { shard, verdict, reason, segment: undefined };
}
