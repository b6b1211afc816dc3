import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection, Stream } from '@libp2p/interface';
import { Counters } from '../network/counters.ts';
import { FrameLink } from '../network/streams/frame-link.ts';
import { FrameDecoder } from '../network/streams/frames.ts';

const KIB = 1024;
const FRAME_BYTES_MAX = 600 * KIB;

/** A link on a stream that takes everything, and the first bytes of the frames of each write. */
async function makeLink(): Promise<{ link: FrameLink; writes: number[][] }> {
  const writes: number[][] = [];
  const stream = {
    status: 'open',
    addEventListener: () => undefined,
    send(batch: Uint8Array) {
      writes.push([...new FrameDecoder(FRAME_BYTES_MAX).push(batch)].map(([first = 0]) => first));
      return true;
    },
  };
  const connection = { newStream: async () => stream as unknown as Stream };
  const ready = Promise.withResolvers<boolean>();
  const link = new FrameLink(
    {
      protocol: '/test',
      frameBytesMax: FRAME_BYTES_MAX,
      connection: () => connection as unknown as Connection,
      onReady: ready.resolve,
      onError: ready.reject,
    },
    new Counters(),
  );
  link.ensure();
  await ready.promise;
  return { link, writes };
}

const frame = (first: number, bytes = 9): Uint8Array => new Uint8Array(bytes).fill(first);

test('what one turn sends leaves in one write, segments before what may name them', async () => {
  const { link, writes } = await makeLink();
  for (const first of [1, 2]) link.send(frame(first));
  for (const first of [11, 12]) link.sendBulk(frame(first));
  link.send(frame(3));
  await Promise.resolve();
  assert.deepEqual(writes, [[11, 12, 1, 2, 3]]);
});

test('votes overtake segments that do not fit in a write, each in their order', async () => {
  const { link, writes } = await makeLink();
  for (const first of [11, 12, 13]) link.sendBulk(frame(first, 100 * KIB));
  link.sendBulk(frame(14, 500 * KIB));
  for (const first of [1, 2]) link.send(frame(first));
  await Promise.resolve();
  assert.deepEqual(writes, [[1, 2, 11, 12], [13], [14]]);
});

test('a queue full of segments still takes votes', async () => {
  const { link } = await makeLink();
  let taken = 0;
  while (link.sendBulk(frame(11, 512 * KIB))) taken += 1;
  assert.equal(taken, 8);
  assert(link.send(frame(1)));
});
