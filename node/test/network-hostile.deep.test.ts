import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Stream } from '@libp2p/interface';
import fc from 'fast-check';
import { eventually, within } from './harness/deadline.ts';
import {
  at,
  bytesOf,
  CONSENSUS,
  DEADLINE_MS,
  framed,
  isReset,
  LIMITS,
  makeNodes,
  type RawPeer,
  rawPeer,
  SYNC,
  type TestNode,
  textOf,
  withNodes,
} from './harness/networks.ts';

const SEED = 20261124;
const PROTOCOLS = [CONSENSUS, SYNC, '/meshsub/1.2.0', '/ipfs/id/1.0.0', '/ipfs/ping/1.0.0'];

/** v0 and v1 run; seat v2 of the roster is in hostile hands. */
async function withHostile(test: (nodes: TestNode[], raw: RawPeer) => Promise<void>): Promise<void> {
  const nodes = await makeNodes(2, 1);
  await withNodes(nodes, async () => {
    const raw = await rawPeer(2);
    try {
      await test(nodes, raw);
      await assertWorks(nodes);
    } finally {
      await raw.stop();
    }
  });
}

/** Frames, gossip and sync between the honest nodes go on. */
async function assertWorks(nodes: readonly TestNode[]): Promise<void> {
  const [a, b] = [at(nodes, 0), at(nodes, 1)];
  const before = b.frames.length;
  await eventually(() => a.network.sendFrame('v1', bytesOf('still here')), DEADLINE_MS, 'a frame taken');
  await eventually(() => b.frames.length > before, DEADLINE_MS, 'a frame');
  a.network.publishSegment(0, bytesOf(`segment after ${before}`));
  await eventually(() => b.segmentTexts().includes(`segment after ${before}`), DEADLINE_MS, 'a segment');
  await within(
    DEADLINE_MS,
    a.network.requestSync('v1', bytesOf('?'), () => {}, new AbortController().signal),
    'sync',
  );
}

describe('network against a hostile peer with a seat', () => {
  for (const [what, counter, bytes] of [
    ['an oversize frame', 'frame.oversize', framed(new Uint8Array(10), LIMITS.frameBytesMax + 1)],
    ['a length of 2^32 - 1', 'frame.oversize', framed(new Uint8Array(10), 0xffffffff)],
    ['an empty frame', 'frame.empty', framed(new Uint8Array(0))],
  ] as const) {
    it(`resets the stream of ${what}, and nothing else`, () =>
      withHostile(async (nodes, raw) => {
        const node = at(nodes, 0);
        node.handlers.serveSync = async function* () {
          yield bytesOf('an answer');
        };
        const connection = await raw.connect(node);
        const stream = await connection.newStream(CONSENSUS);
        stream.send(framed(bytesOf('good')));
        await eventually(() => node.frames.length === 1, DEADLINE_MS, 'the good frame');
        stream.send(bytes);
        await within(DEADLINE_MS, isReset(stream), 'the reset');
        assert.equal(node.counter(counter), 1);
        assert.equal(connection.status, 'open');
        const sync = await connection.newStream(SYNC);
        const answer = new Promise<string>((resolve) => {
          sync.addEventListener('message', (event) => resolve(textOf(event.data.subarray().subarray(4))));
        });
        sync.send(framed(bytesOf('a question')));
        assert.equal(await within(DEADLINE_MS, answer, 'an answer on the same connection'), 'an answer');
        const again = await connection.newStream(CONSENSUS);
        again.send(framed(bytesOf('good again')));
        await eventually(() => node.frames.length === 2, DEADLINE_MS, 'frames on a new stream');
        assert.deepEqual(new Set(node.frames.map(({ from }) => from)), new Set(['v2']));
      }));
  }

  it('counts a frame cut short', () =>
    withHostile(async (nodes, raw) => {
      const stream = await (await raw.connect(at(nodes, 0))).newStream(CONSENSUS);
      stream.send(framed(bytesOf('half'), 100));
      await stream.close();
      await eventually(() => at(nodes, 0).counter('frame.truncated') === 1, DEADLINE_MS, 'the cut counted');
    }));

  it('reads the newest stream of a peer only', () =>
    withHostile(async (nodes, raw) => {
      const node = at(nodes, 0);
      const connection = await raw.connect(node);
      const first = await connection.newStream(CONSENSUS);
      first.send(framed(bytesOf('one')));
      await eventually(() => node.frames.length === 1, DEADLINE_MS, 'the first frame');
      const second = await connection.newStream(CONSENSUS);
      second.send(framed(bytesOf('two')));
      await within(DEADLINE_MS, isReset(first), 'the first stream reset');
      await eventually(() => node.frames.length === 2, DEADLINE_MS, 'the second frame');
      assert.equal(node.counter('stream.replaced'), 1);
    }));

  it('is not impressed by random bytes on any protocol', () =>
    withHostile(async (nodes, raw) => {
      const node = at(nodes, 0);
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...PROTOCOLS),
          fc.array(fc.uint8Array({ minLength: 1, maxLength: 2_000 }), { minLength: 1, maxLength: 5 }),
          fc.constantFrom('close', 'abort', 'leave'),
          async (protocol, chunks, ending) => {
            const connection = await raw.connect(node);
            // Streams left open fill the peer's own allowance; then a new one may be refused.
            const stream = await connection.newStream(protocol, { maxOutboundStreams: 1_000 }).catch(() => undefined);
            if (stream !== undefined) await sayAndEnd(stream, chunks, ending);
          },
        ),
        { seed: SEED, numRuns: 60 },
      );
    }));

  it('bounds the streams of one connection', () =>
    withHostile(async (nodes, raw) => {
      const connection = await raw.connect(at(nodes, 0));
      const opened = await Promise.allSettled(
        Array.from({ length: 100 }, () => connection.newStream(SYNC, { maxOutboundStreams: 1_000 })),
      );
      assert(opened.some(({ status }) => status === 'rejected'));
      await eventually(
        () => connection.streams.filter(({ protocol }) => protocol === SYNC).length <= 8,
        DEADLINE_MS,
        'the streams over the limit reset',
      );
    }));
});

async function sayAndEnd(stream: Stream, chunks: readonly Uint8Array[], ending: string): Promise<void> {
  try {
    for (const chunk of chunks) stream.send(chunk);
    if (ending === 'close') await stream.close();
    if (ending === 'abort') stream.abort(new Error('enough'));
  } catch {
    // Reset by the node meanwhile: what it is there for.
  }
}
