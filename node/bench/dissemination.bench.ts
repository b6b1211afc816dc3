import { parseArgs } from 'node:util';
import { FRAME_BYTES_MAX } from '../../consensus/wire.ts';
import { SEGMENT_ENCODED_BYTES_MAX } from '../../protocol/chain/segment.ts';
import { eventually } from '../test/harness/deadline.ts';
import { makeNodes, type TestNode, withNodes } from '../test/harness/networks.ts';

/**
 * What it costs to bring a segment to three others, judging excluded: CPU of four networks in this process, by gossip alone
 * and as a frame that gossip only repairs, interleaved. `node node/bench/dissemination.bench.ts [--segments N] [--rounds N]`
 */
const { values } = parseArgs({
  options: { segments: { type: 'string', default: '400' }, rounds: { type: 'string', default: '5' } },
});
const segments = Number(values.segments);
const rounds = Number(values.rounds);

const NODES = 4;
const SIZES = [256, 4 * 1024, 64 * 1024];
/** Bytes under way at a time. */
const WINDOW_BYTES = 512 * 1024;
const DEADLINE_MS = 60_000;
const LIMITS = {
  frameBytesMax: FRAME_BYTES_MAX,
  gossipBytesMax: SEGMENT_ENCODED_BYTES_MAX,
  syncRequestBytesMax: 1024,
};

type Way = 'gossip' | 'frames';

let sent = 0;

/** Nothing is hashed twice: every segment is another one. */
function segmentOf(bytes: number): Uint8Array {
  const frame = new Uint8Array(1 + bytes).fill(7);
  sent += 1;
  new DataView(frame.buffer).setUint32(1, sent);
  return frame;
}

/** A few at a time, so that none waits in a queue for long: how they come from a validator that seals at each turn. */
async function publish(nodes: readonly TestNode[], way: Way, bytes: number, count: number): Promise<void> {
  const atOnce = Math.max(1, Math.min(8, Math.floor(WINDOW_BYTES / bytes / NODES)));
  for (let at = 0; at < count; at += atOnce) {
    const batch = Math.min(atOnce, count - at);
    for (const node of nodes) {
      for (let left = batch; left > 0; left--) {
        const frame = segmentOf(bytes);
        node.network.publishSegment(0, frame.subarray(1), way === 'frames' ? frame : undefined);
      }
    }
    const expected = batch * (NODES - 1);
    await eventually(() => nodes.every((node) => node.segments.length >= expected), DEADLINE_MS, 'all segments');
    for (const node of nodes) node.segments.length = 0;
  }
}

async function cpuUsPerSegment(nodes: readonly TestNode[], way: Way, bytes: number): Promise<number> {
  const count = Math.max(8, Math.floor(segments / Math.max(1, bytes / 4_096)));
  await publish(nodes, way, bytes, Math.ceil(count / 10));
  const before = process.cpuUsage();
  await publish(nodes, way, bytes, count);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (count * NODES);
}

const median = (figures: number[]): number => figures.sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;

const nodes = await makeNodes(NODES, 0, LIMITS);
for (const node of nodes) {
  node.handlers.onFrame = (from, frame) => {
    const bytes = frame.subarray(1);
    node.segments.push({ from, shard: 0, bytes });
    return { shard: 0, bytes, verdict: 'accept' };
  };
}
await withNodes(nodes, async () => {
  const isJoined = (node: TestNode): boolean => node.counter('gossip.joined') >= NODES - 1;
  await eventually(() => nodes.every(isJoined), DEADLINE_MS, 'gossip joined');
  for (const bytes of SIZES) {
    const figures: Record<Way, number[]> = { gossip: [], frames: [] };
    for (let round = 0; round < rounds; round++) {
      for (const way of ['gossip', 'frames'] as const) figures[way].push(await cpuUsPerSegment(nodes, way, bytes));
    }
    const [gossip, frames] = [median(figures.gossip), median(figures.frames)];
    const ratio = (gossip / frames).toFixed(2);
    console.log(
      `dissemination/publish bytes=${bytes} gossipUs=${gossip.toFixed(0)} framesUs=${frames.toFixed(0)} ratio=${ratio}`,
    );
  }
});
