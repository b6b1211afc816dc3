import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from './harness/deadline.ts';
import {
  at,
  bytesOf,
  DEADLINE_MS,
  LIMITS,
  makeNodes,
  rawPeer,
  TestNode,
  textOf,
  withNodes,
} from './harness/networks.ts';

/** Send from each until each other has one: from then on the meshes stand. */
async function joined(nodes: readonly TestNode[]): Promise<void> {
  for (const node of nodes) node.network.publishSegment(0, bytesOf(`hello from ${node.name}`));
  await eventually(
    () => nodes.every(({ segments }) => segments.length >= nodes.length - 1),
    DEADLINE_MS,
    'everybody heard everybody',
  );
  for (const node of nodes) node.segments.length = 0;
}

/** Frames are segments, and judged by their first word. */
function takeSegmentFrames(node: TestNode): void {
  const verdicts = { bad: 'reject', late: 'ignore' } as const;
  node.handlers.onFrame = (from, frame, isMuted) => {
    if (isMuted) {
      node.events.push(`muted ${from}`);
      return undefined;
    }
    const [shard = 0] = frame;
    const bytes = frame.subarray(1);
    const word = textOf(bytes).split(' ')[0];
    const verdict = word === 'bad' || word === 'late' ? verdicts[word] : 'accept';
    node.segments.push({ from, shard, bytes });
    return { shard, bytes, verdict };
  };
}

function publishBoth(node: TestNode, shard: number, text: string): void {
  const bytes = bytesOf(text);
  node.network.publishSegment(shard, bytes, Uint8Array.of(shard, ...bytes));
}

/** v0 – v1 – v2: the ends do not know each other. */
async function makeLine(): Promise<TestNode[]> {
  const nodes = await makeNodes(3);
  return nodes.map((node) => {
    const { peers } = node.options;
    const hidden = node.name === 'v0' ? 'v2' : node.name === 'v2' ? 'v0' : '';
    return new TestNode(node.name, { ...node.options, peers: peers.filter(({ name }) => name !== hidden) });
  });
}

// At once, as they mostly wait for heartbeats.
describe('network gossip', { concurrency: true }, () => {
  it('reaches all, once each, on the shard it was published on', async () => {
    const nodes = await makeNodes(4);
    await withNodes(nodes, async () => {
      await joined(nodes);
      for (let index = 0; index < 30; index += 1) {
        at(nodes, index % 4).network.publishSegment(index % 3, bytesOf(`${index % 3}/${index}`));
      }
      await eventually(
        () => nodes.every((node, index) => node.segments.length >= 30 - (index < 2 ? 8 : 7)),
        DEADLINE_MS,
        'all segments',
      );
      for (const node of nodes) {
        assert.equal(new Set(node.segmentTexts()).size, node.segments.length);
        for (const { shard, bytes } of node.segments) assert(textOf(bytes).startsWith(`${shard}/`));
      }
    });
  });

  it('passes on what was accepted, and never what was rejected or ignored', async () => {
    const nodes = await makeLine();
    const middle = at(nodes, 1);
    const judged: string[] = [];
    middle.handlers.onSegment = async (_from, _shard, bytes) => {
      judged.push(textOf(bytes));
      await new Promise(setImmediate);
      return textOf(bytes).startsWith('bad') ? 'reject' : textOf(bytes).startsWith('late') ? 'ignore' : 'accept';
    };
    await withNodes(nodes, async () => {
      const end = at(nodes, 2);
      for (const round of [1, 2, 3]) {
        for (const word of ['bad', 'late', 'good']) at(nodes, 0).network.publishSegment(1, bytesOf(`${word} ${round}`));
        await eventually(
          () => end.segmentTexts().includes(`good ${round}`),
          DEADLINE_MS,
          'the accepted segment passed on',
        );
      }
      assert.deepEqual(end.segmentTexts(), ['good 1', 'good 2', 'good 3']);
      assert(end.segments.every(({ from }) => from === 'v1'));
      assert.equal(judged.length, 9);
      assert.equal(middle.counter('gossip.rejected'), 3);
      assert.equal(middle.counter('gossip.ignored'), 3);
    });
  });

  it('leaves to frames what all take as frames, once each', async () => {
    const nodes = await makeNodes(4);
    for (const node of nodes) takeSegmentFrames(node);
    await withNodes(nodes, async () => {
      await joined(nodes);
      const before = nodes.map((node) => node.counter('gossip.received'));
      for (let index = 0; index < 40; index += 1) publishBoth(at(nodes, index % 4), 1, `s ${index}`);
      await eventually(() => nodes.every(({ segments }) => segments.length === 30), DEADLINE_MS, 'all segments');
      const kept = nodes.map((node) => node.counter('gossip.kept'));
      assert.deepEqual(kept, [40, 40, 40, 40]);
      for (const node of nodes) node.network.publishSegment(0, bytesOf(`last of ${node.name}`));
      await eventually(() => nodes.every(({ segments }) => segments.length === 33), DEADLINE_MS, 'gossip goes on');
      for (const [index, node] of nodes.entries()) {
        assert.equal(new Set(node.segmentTexts()).size, 33);
        assert.equal(node.counter('gossip.received'), (before[index] ?? 0) + 3);
      }
    });
  });

  it('passes on what came as a frame to who has no common link with its author', async () => {
    const nodes = await makeLine();
    for (const node of nodes) takeSegmentFrames(node);
    await withNodes(nodes, async () => {
      for (const word of ['bad', 'late', 'good']) publishBoth(at(nodes, 0), 1, `${word} 1`);
      const end = at(nodes, 2);
      await eventually(() => end.segmentTexts().includes('good 1'), DEADLINE_MS, 'the accepted segment passed on');
      assert.deepEqual(end.segmentTexts(), ['good 1']);
      assert(end.segments.every(({ from }) => from === 'v1'));
      assert.equal(at(nodes, 1).counter('gossip.received'), 0);
    });
  });

  it('mutes who keeps sending frames of segments that must be rejected', async () => {
    const nodes = await makeNodes(2);
    const receiver = at(nodes, 1);
    takeSegmentFrames(receiver);
    await withNodes(nodes, async () => {
      let sent = 0;
      await eventually(
        () => {
          for (let index = 0; index < 50; index += 1) publishBoth(at(nodes, 0), 0, `bad ${sent++}`);
          return receiver.counter('gossip.muted') > 0 && receiver.events.includes('muted v0');
        },
        DEADLINE_MS,
        'the peer muted and unread',
      );
    });
  });

  it('floods to a validator that takes no frames', async () => {
    const [node] = await makeNodes(1, 1);
    assert(node !== undefined);
    await withNodes([node], async () => {
      const raw = await rawPeer(1, true);
      try {
        const heard: string[] = [];
        raw.gossip?.addEventListener('message', ({ detail }) => heard.push(textOf(detail.data)));
        raw.gossip?.subscribe('/waggle/1/c0ffee00/shard/1');
        await raw.connect(node);
        await eventually(
          () => {
            publishBoth(node, 1, `s ${heard.length} ${performance.now()}`);
            return heard.length > 0;
          },
          DEADLINE_MS,
          'the segment by gossip',
        );
      } finally {
        await raw.stop();
      }
    });
  });

  it('does not send a large segment, and rejects one', async () => {
    const nodes = await makeNodes(2);
    const generous = new TestNode('v0', {
      ...at(nodes, 0).options,
      limits: { ...LIMITS, gossipBytesMax: 1024 * 1024 },
    });
    const [sender, receiver] = [generous, at(nodes, 1)];
    await withNodes([sender, receiver], async () => {
      await joined([sender, receiver]);
      receiver.network.publishSegment(0, new Uint8Array(LIMITS.gossipBytesMax + 1));
      assert.equal(receiver.counter('gossip.oversize_local'), 1);
      receiver.network.publishSegment(3, bytesOf('no such shard'));
      assert.equal(receiver.counter('gossip.unknown_shard'), 1);
      sender.network.publishSegment(0, new Uint8Array(LIMITS.gossipBytesMax + 1));
      sender.network.publishSegment(0, new Uint8Array(LIMITS.gossipBytesMax).fill(1));
      await eventually(() => receiver.segments.length === 1, DEADLINE_MS, 'the segment of the largest size');
      await eventually(() => receiver.counter('gossip.oversize') === 1, DEADLINE_MS, 'the larger one refused');
      assert.equal(receiver.counter('gossip.rejected'), 1);
    });
  });

  it('stops reading a peer that keeps sending what must be rejected, and no other', async () => {
    const nodes = await makeNodes(3);
    const receiver = at(nodes, 1);
    let judgedBad = 0;
    receiver.handlers.onSegment = (from, shard, bytes) => {
      if (textOf(bytes).startsWith('bad')) {
        judgedBad += 1;
        return 'reject';
      }
      receiver.segments.push({ from, shard, bytes });
      return 'accept';
    };
    await withNodes(nodes, async () => {
      await joined(nodes);
      let sent = 0;
      await eventually(
        () => {
          for (let index = 0; index < 50; index += 1) at(nodes, 0).network.publishSegment(0, bytesOf(`bad ${sent++}`));
          return receiver.counter('gossip.muted') > 0 && judgedBad < sent / 2;
        },
        DEADLINE_MS,
        'the peer muted and unread',
      );
      at(nodes, 2).network.publishSegment(0, bytesOf('good'));
      await eventually(() => receiver.segmentTexts().includes('good'), DEADLINE_MS, 'another peer is heard');
    });
  });

  it('survives a driver that fails on a segment', async () => {
    const nodes = await makeNodes(2);
    const receiver = at(nodes, 1);
    receiver.handlers.onSegment = (from, shard, bytes) => {
      if (textOf(bytes) === 'poison') throw new Error('driver bug');
      receiver.segments.push({ from, shard, bytes });
      return 'accept';
    };
    await withNodes(nodes, async () => {
      await joined(nodes);
      at(nodes, 0).network.publishSegment(0, bytesOf('poison'));
      at(nodes, 0).network.publishSegment(0, bytesOf('next'));
      await eventually(() => receiver.segmentTexts().includes('next'), DEADLINE_MS, 'the segment after');
      assert.equal(receiver.counter('handler.error'), 1);
    });
  });

  it('makes a connection anew whose gossip stream broke', async () => {
    const node = new TestNode('v0', { ...at(await makeNodes(1, 1), 0).options, gossipCheckMs: 50 });
    await withNodes([node], async () => {
      const raw = await rawPeer(1, true);
      try {
        const connection = await raw.connect(node);
        const gossipOf = () => connection.streams.filter(({ protocol }) => protocol.startsWith('/meshsub/'));
        // A stream that breaks before it was seen to work is given time; one that worked is not.
        await eventually(
          () => node.counter('gossip.joined') === 1 && gossipOf().length >= 2,
          DEADLINE_MS,
          'gossip joined',
        );
        for (const stream of gossipOf()) stream.abort(new Error('broken'));
        await eventually(() => connection.status !== 'open', DEADLINE_MS, 'the connection ended');
        assert.equal(node.counter('gossip.broken'), 1);
      } finally {
        await raw.stop();
      }
    });
  });
});
