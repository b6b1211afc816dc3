import assert from 'node:assert/strict';
import { answer } from '../../consensus/answer.ts';
import type { Random } from '../../consensus/sim/random.ts';
import type { FetchRequest, Input, Message } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage, FRAME_BYTES_MAX, SYNC_REQUEST_BYTES_MAX } from '../../consensus/wire.ts';
import { createReceiver } from '../../node/driver/receiver.ts';
import { Transport } from '../../node/driver/transport.ts';
import { Counters } from '../../node/network/counters.ts';
import type { Network, NetworkHandlers } from '../../node/network/network.ts';
import { encodeFrames, FrameDecoder } from '../../node/network/streams/frames.ts';
import { decodeSegment, SEGMENT_ENCODED_BYTES_MAX } from '../../protocol/chain/segment.ts';
import { toHex } from '../../protocol/hex.ts';
import { refusalOf } from './check-decoded.ts';
import { mutate, noise } from './mutate.ts';
import { type Reshaper, reshape } from './reshape.ts';
import type { Snapshot } from './snapshot.ts';
import { TAKEN } from './tally.ts';
import type { Target } from './target.ts';

/* The ways into a node that are streams: frames, requests and answers of the sync protocol, and segments from gossip. */

const PEER = 'v1';
const NAMES = ['v0', 'v1', 'v2', 'v3'];

/** The receiver of a node, over a replica that does not move. */
function receiverOf(
  { replica }: Snapshot,
  push: (input: Input) => boolean,
): { receiver: NetworkHandlers; counters: Counters } {
  const counters = new Counters();
  const receiver = createReceiver({
    replica,
    push,
    answers: (request: FetchRequest) => asyncOf(answer(replica, request)),
    snapshotAnswers: () => asyncOf([]),
    counters,
    serveSubmit: async function* () {},
  });
  return { receiver, counters };
}

async function* asyncOf<Value>(values: readonly Value[]): AsyncGenerator<Value> {
  yield* values;
}

function reshaperOf({ replica, self, signer }: Snapshot, random: Random): Reshaper {
  const { chain, roster } = replica.config;
  const { view, finalHeight } = replica;
  return { random, self, n: roster.validators.length, chain, signer, view, height: finalHeight + 1 };
}

/** Recorded messages of some kinds, mutated, reshaped or as they were. */
function makerOf(snapshot: Snapshot, kinds: readonly Message['kind'][]): (random: Random) => Uint8Array {
  const all = [...snapshot.said.values()].flat();
  const recorded = kinds.flatMap((kind) => snapshot.said.get(kind) ?? []);
  assert.ok(recorded.length > 0 && all.length > 0, `nothing was recorded of ${kinds}`);
  return (random) => {
    const [one, other] = [random.pick(recorded), random.pick(all)];
    const draw = random.below(20);
    if (draw === 0) return noise(random, 200);
    if (draw === 1) return one.slice();
    if (draw > 9) return mutate(random, one, other);
    try {
      return encodeMessage(reshape(reshaperOf(snapshot, random), decodeMessage(one), decodeMessage(other)));
    } catch (error) {
      refusalOf(error);
      return one.slice();
    }
  };
}

/** Frames at the door of a validator: whatever they are, the handler does not throw, and tells why it drops them. */
export function frameTarget(snapshot: Snapshot): Target {
  const inputs: Input[] = [];
  const { receiver, counters } = receiverOf(snapshot, (input) => inputs.push(input) > 0);
  return {
    name: 'frames at the door',
    largestMax: FRAME_BYTES_MAX,
    make: makerOf(snapshot, ['propose', 'vote', 'certificate', 'status', 'checkpoint', 'segment']),
    take(bytes) {
      inputs.length = 0;
      const before = counters.snapshot();
      receiver.onFrame(PEER, bytes, false);
      if (inputs.length > 0) return TAKEN;
      const told = Object.entries(counters.snapshot()).find(([name, count]) => count !== before[name]);
      assert.ok(told !== undefined, 'a frame was dropped in silence');
      assert.ok(!told[0].endsWith('.unknown'), 'a frame was refused without a code');
      return told[0];
    },
  };
}

export function syncRequestTarget(snapshot: Snapshot): Target {
  const { receiver } = receiverOf(snapshot, () => true);
  return {
    name: 'sync requests',
    largestMax: FRAME_BYTES_MAX,
    make: makerOf(snapshot, ['fetch-certificates', 'fetch-block', 'fetch-segments', 'fetch-final', 'fetch-past']),
    async take(bytes) {
      if (bytes.length === 0 || bytes.length > SYNC_REQUEST_BYTES_MAX) return 'size';
      try {
        let frames = 0;
        for await (const frame of receiver.serveSync(PEER, bytes)) {
          frames += 1;
          assert.ok(frame.length <= FRAME_BYTES_MAX && frames <= 4_096, 'an answer over its caps');
        }
        return TAKEN;
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}

export function syncAnswerTarget(snapshot: Snapshot): Target {
  let onFrame: (bytes: Uint8Array) => void = () => undefined;
  const network: Pick<Network, 'requestSync'> = {
    requestSync: (_to, _request, take) => {
      onFrame = take;
      return Promise.resolve();
    },
  };
  return {
    name: 'sync answers',
    largestMax: FRAME_BYTES_MAX,
    make: makerOf(snapshot, ['certificate', 'block', 'segment', 'propose', 'fetch-past']),
    take(bytes) {
      const transport = new Transport(
        network as Network,
        () => NAMES,
        () => true,
        new Counters(),
      );
      transport.send({ to: 1, message: { kind: 'fetch-final', from: 1 } });
      try {
        onFrame(bytes);
        return TAKEN;
      } catch (error) {
        return refusalOf(error);
      }
    },
  };
}

/** Nobody but an author can make a segment that is passed on. */
export function gossipTarget(snapshot: Snapshot): Target {
  const { receiver, counters } = receiverOf(snapshot, () => true);
  const { replica } = snapshot;
  const bodies = (snapshot.said.get('segment') ?? []).map((bytes) => bytes.slice(1));
  const make = makerOf(snapshot, ['segment']);
  return {
    name: 'gossip segments',
    largestMax: SEGMENT_ENCODED_BYTES_MAX,
    make: (random) =>
      random.chance(0.5) ? mutate(random, random.pick(bodies), random.pick(bodies)) : make(random).slice(1),
    async take(bytes) {
      if (bytes.length > SEGMENT_ENCODED_BYTES_MAX) return 'size';
      const before = counters.snapshot();
      let accepted = 0;
      for (let shard = 0; shard <= replica.config.shards; shard++) {
        if ((await receiver.onSegment(PEER, shard, bytes)) === 'accept') accepted += 1;
      }
      assert.ok(accepted <= 1, 'a segment of two shards');
      if (accepted === 1) {
        const { header, id, signature } = decodeSegment(bytes);
        const key = replica.config.roster.validators[header.author]?.key;
        assert.ok(key !== undefined && replica.config.verify(key, id, signature), `${toHex(id)} was not signed`);
        return TAKEN;
      }
      const told = Object.entries(counters.snapshot()).find(([name, count]) => count !== before[name]);
      return told?.[0] ?? 'silence';
    },
  };
}

/** The cutting of a stream into frames, whatever pieces it comes in. */
export function framingTarget(snapshot: Snapshot): Target {
  const recorded = [...snapshot.said.values()].flat();
  return {
    name: 'stream framing',
    largestMax: FRAME_BYTES_MAX,
    make(random) {
      const frames = Array.from({ length: random.between(1, 4) }, () => random.pick(recorded));
      const stream = encodeFrames(frames);
      return random.chance(0.1) ? stream : mutate(random, stream, random.pick(recorded));
    },
    take(bytes) {
      const decoder = new FrameDecoder(FRAME_BYTES_MAX);
      let given = 0;
      try {
        for (let at = 0; at < bytes.length; at += 1 + (at % 97)) {
          for (const frame of decoder.push(bytes.subarray(at, at + 1 + (at % 97)))) given += 4 + frame.length;
        }
        decoder.end();
        assert.equal(given, bytes.length, 'bytes were lost');
        return TAKEN;
      } catch (error) {
        assert.ok(given <= bytes.length, 'more frames than bytes');
        return refusalOf(error);
      }
    },
  };
}
