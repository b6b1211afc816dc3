import type { TestNode } from '../../../node/test/harness/networks.ts';
import { assert } from '../../../protocol/assert.ts';
import type { Part } from './part.ts';

const SHARD = 1;
/** Sent before the next is: as many as a busy author has under way. */
const UNDER_WAY = 4;
const WAIT_MS = 30_000;

/**
 * One message from the first node until all others have it, in CPU-microseconds of all nodes together, since they share this
 * process.
 */
export function networkParts(nodes: readonly TestNode[], sizeBytes: number, label: string): Part[] {
  const [author, ...others] = nodes;
  assert(author !== undefined, 'a network has nodes');
  const count = 24;
  let number = 0;
  // Gossip knows a message by its content: no two may be alike.
  const message = (): Uint8Array => {
    const bytes = new Uint8Array(sizeBytes);
    new DataView(bytes.buffer).setUint32(0, ++number);
    return bytes;
  };
  const through = (name: string, send: (bytes: Uint8Array) => void, countOf: (node: TestNode) => number): Part => ({
    name: `network/${name}-${label}`,
    count,
    prepare: () => forget(others),
    run: async () => {
      for (let sent = 0; sent < count; sent += UNDER_WAY) {
        for (let at = 0; at < UNDER_WAY; at++) send(message());
        await until(() => others.every((node) => countOf(node) >= sent + UNDER_WAY));
      }
    },
  });
  return [
    through(
      'gossip',
      (bytes) => author.network.publishSegment(SHARD, bytes),
      ({ segments }) => segments.length,
    ),
    through(
      'frames',
      (bytes) => author.network.broadcastFrame(bytes),
      ({ frames }) => frames.length,
    ),
  ];
}

function forget(nodes: readonly TestNode[]): void {
  for (const { frames, segments } of nodes) {
    frames.length = 0;
    segments.length = 0;
  }
}

/** Polls by turns of the event loop: a timer would add its wait, though not to the CPU. */
async function until(isDone: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS;
  while (!isDone()) {
    if (performance.now() > deadlineMs) throw new Error(`a message did not arrive within ${WAIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
