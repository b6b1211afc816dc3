import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { genesisAnchor } from '../../consensus/anchor.ts';
import { createReplica } from '../../consensus/replica.ts';
import type { Replica } from '../../consensus/replica-state.ts';
import type { Input, Message, ReplicaConfig } from '../../consensus/types.ts';
import { decodeMessage, encodeMessage } from '../../consensus/wire.ts';
import { decodeSegment, ITEM_KINDS, type SegmentHeader, sealSegment } from '../../protocol/chain/segment.ts';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { verify } from '../../protocol/crypto/verify.ts';
import { codeOf } from '../../protocol/errors.ts';
import { chainId, genesisRoster, parseGenesis } from '../../protocol/genesis.ts';
import { createState } from '../../protocol/governance/create.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { createRoster } from '../../protocol/roster.ts';
import { createReceiver } from '../driver/receiver.ts';
import { Counters } from '../network/counters.ts';
import type { NetworkHandlers } from '../network/network.ts';
import { collect } from './collect.ts';

const KEYS = [1, 2, 3, 4].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)));
const GENESIS = parseGenesis({
  v: 1,
  network: 'test-net',
  createdAt: '2026-01-01T00:00:00.000Z',
  validators: KEYS.map(({ publicKey }, at) => ({ name: `v${at}`, key: toHex(publicKey), peer: `p${at}`, addrs: [] })),
  models: [],
  spaces: [],
  admins: { keys: KEYS.map(({ publicKey }) => toHex(publicKey)), threshold: 1 },
  params: { shards: 2, viewTimerMs: 100, blockIntervalMs: 20 },
});
const CONFIG: ReplicaConfig = {
  chain: chainId(GENESIS),
  roster: genesisRoster(GENESIS),
  self: 0,
  shards: 2,
  viewTimerMs: 100,
  blockIntervalMs: 20,
  sign: (message) => KEYS[0]?.sign(message) ?? new Uint8Array(64),
  verify,
};

/** A segment of v1 on shard 1, with what is named changed; signed by v1. */
function segmentBytes(changed: Partial<SegmentHeader> = {}, body = 1): Uint8Array {
  const place = {
    chain: CONFIG.chain,
    epoch: 0,
    incarnation: 0,
    shard: 1,
    author: 1,
    height: 1,
    parent: ZERO_HASH,
    timeMs: 5,
  };
  const items = [{ kind: ITEM_KINDS.ballot, bytes: new Uint8Array(10).fill(body) }];
  return sealSegment({ ...place, ...changed }, items, (id) => KEYS[1]?.sign(id) ?? id).bytes;
}

class Bench {
  readonly inputs: Input[] = [];
  readonly counters = new Counters();
  readonly replica: Replica;
  room = true;
  answers: Message[] = [];
  readonly receiver: NetworkHandlers;

  constructor(role: 'validator' | 'observer' = 'validator') {
    this.replica = newReplica(role === 'validator' ? 0 : undefined);
    this.receiver = createReceiver({
      replica: this.replica,
      push: (input) => this.room && this.inputs.push(input) > 0,
      answers: () => this.#answerAll(),
      snapshotAnswers: () => this.#answerAll(),
      counters: this.counters,
      serveSubmit: async function* () {},
    });
  }

  async *#answerAll(): AsyncGenerator<Message> {
    yield* this.answers;
  }

  /** As the replica does it: the same object with other contents. */
  beginEpoch(epoch: number, names: readonly string[], self: number | undefined): void {
    const validators = names.map((name) => {
      const validator = CONFIG.roster.validators.find((one) => one.name === name);
      assert.ok(validator);
      return validator;
    });
    const roster = createRoster(CONFIG.chain, epoch, validators);
    const { state, executed } = this.replica;
    Object.assign(this.replica, createReplica({ ...CONFIG, roster, self }, state, { ...executed, epoch }));
  }

  judge(bytes: Uint8Array, shard = 1, from = 'v2'): unknown {
    return this.receiver.onSegment(from, shard, bytes);
  }
}

function newReplica(self: number | undefined): Replica {
  const anchor = genesisAnchor(CONFIG.chain);
  return createReplica({ ...CONFIG, self }, createState(GENESIS), anchor);
}

describe('segments from gossip', () => {
  it('are accepted from whoever forwards them, also without their parent, and reach the step', () => {
    const bench = new Bench();
    assert.equal(bench.judge(segmentBytes()), 'accept');
    assert.equal(bench.judge(segmentBytes({ height: 9, parent: new Uint8Array(32).fill(1) })), 'accept');
    const seen = bench.inputs.map((input) => input.kind === 'message' && [input.from, input.message.kind]);
    assert.deepEqual(seen, [
      [2, 'segment'],
      [2, 'segment'],
    ]);
  });

  it('are rejected for what no honest node would forward', () => {
    const bench = new Bench();
    const flipped = segmentBytes();
    flipped[flipped.length - 1] = 99;
    const forged = segmentBytes();
    forged[200] = (forged[200] ?? 0) ^ 1;
    assert.equal(bench.judge(new Uint8Array(9)), 'reject');
    assert.equal(bench.judge(flipped), 'reject', 'body hash');
    assert.equal(bench.judge(forged), 'reject', 'signature');
    assert.equal(bench.judge(segmentBytes(), 2), 'reject', 'another topic');
    assert.equal(bench.judge(segmentBytes({ author: 7 })), 'reject', 'no such author');
    assert.equal(bench.judge(segmentBytes({ author: 2 })), 'reject', 'signed by another');
    assert.deepEqual(bench.inputs, []);
  });

  it('are ignored for what depends on where a node stands', () => {
    const bench = new Bench();
    assert.equal(bench.judge(segmentBytes({ chain: ZERO_HASH })), 'ignore');
    assert.equal(bench.judge(segmentBytes({ incarnation: 2 })), 'ignore');
    assert.equal(bench.judge(segmentBytes({ height: 65 })), 'ignore');
    assert.deepEqual(bench.inputs, []);
    bench.room = false;
    assert.equal(bench.judge(segmentBytes()), 'ignore', 'no room');
    assert.equal(bench.counters.get('input.dropped'), 1);
  });

  it('of another epoch are no fault of anybody, and those of a later one are not remembered as seen', () => {
    const bench = new Bench();
    bench.beginEpoch(1, ['v0', 'v1'], 0);
    const frame = (epoch: number) => bench.receiver.onFrame('v1', encodeSegment(segmentBytes({ epoch })), false);
    // Shards and seats of another epoch are none of this one's, whatever they are.
    for (const changed of [{}, { shard: 9 }, { author: 7 }]) {
      assert.equal(bench.judge(segmentBytes({ epoch: 0, ...changed })), 'ignore');
      assert.equal(bench.judge(segmentBytes({ epoch: 2, ...changed })), 'early');
    }
    assert.deepEqual([frame(0)?.verdict, frame(2)?.verdict], ['ignore', 'early']);
    assert.deepEqual(bench.inputs, []);
    bench.beginEpoch(2, ['v0', 'v1'], 0);
    assert.equal(frame(2)?.verdict, 'accept');
  });

  it('are taken through an observer as from their author', () => {
    const bench = new Bench();
    assert.equal(bench.judge(segmentBytes(), 1, 'somebody'), 'accept');
    assert.deepEqual(
      bench.inputs.map((input) => input.kind === 'message' && input.from),
      [1],
    );
  });

  it('are ignored as the second of a height, and reach the step as evidence', () => {
    const bench = new Bench();
    const first = decodeMessage(encodeSegment(segmentBytes()));
    assert.equal(first.kind, 'segment');
    if (first.kind === 'segment') bench.replica.chains.of(1, 1).add(first.segment);
    assert.equal(bench.judge(segmentBytes()), 'ignore');
    assert.equal(bench.inputs.length, 0, 'known');
    assert.equal(bench.judge(segmentBytes({}, 2)), 'ignore');
    assert.equal(bench.inputs.length, 1);
  });
});

/** `bytes` with another body under the same header: it does not decode. */
function withFalseBody(bytes: Uint8Array): Uint8Array {
  const flipped = bytes.slice();
  flipped[flipped.length - 1] = 99;
  return flipped;
}

describe('segments whose body does not decode', () => {
  it('are ignored for what their header says alone: nobody hashes the items', () => {
    const bench = new Bench();
    const known = segmentBytes();
    bench.replica.chains.of(1, 1).add(decodeSegment(known));
    assert.equal(bench.judge(withFalseBody(segmentBytes({ chain: ZERO_HASH }))), 'ignore');
    assert.equal(bench.counters.get('segment.ignore.other chain'), 1);
    assert.equal(bench.judge(withFalseBody(segmentBytes({ height: 65 }))), 'ignore');
    assert.equal(bench.counters.get('segment.ignore.over the window'), 1);
    assert.equal(bench.judge(withFalseBody(known)), 'ignore');
    assert.equal(bench.counters.get('segment.ignore.known'), 1);
    assert.deepEqual(bench.inputs, []);
  });

  it('are rejected under a header that would be news', () => {
    const bench = new Bench();
    assert.equal(bench.judge(withFalseBody(segmentBytes())), 'reject');
    assert.equal(bench.counters.get('segment.reject.WAGGLE_SEGMENT_BODY'), 1);
    assert.deepEqual(bench.inputs, []);
  });
});

describe('segments from frames', () => {
  const frameOf = (bytes: Uint8Array): Uint8Array => Uint8Array.of(11, ...bytes);

  it('are judged as those from gossip, and told to it with their verdict', () => {
    const bench = new Bench();
    const good = segmentBytes();
    const forged = segmentBytes({ height: 2 });
    forged[200] = (forged[200] ?? 0) ^ 1;
    const take = (bytes: Uint8Array) => bench.receiver.onFrame('v2', frameOf(bytes), false);
    assert.deepEqual(take(good), { shard: 1, bytes: good, verdict: 'accept' });
    assert.equal(take(forged)?.verdict, 'reject');
    assert.equal(take(new Uint8Array(9))?.verdict, 'reject');
    assert.equal(take(new Uint8Array(0))?.verdict, 'reject');
    assert.equal(take(segmentBytes({ chain: ZERO_HASH }))?.verdict, 'ignore');
    bench.room = false;
    assert.equal(take(segmentBytes({ height: 3 }))?.verdict, 'ignore', 'no room');
    assert.equal(bench.inputs.length, 1);
    assert.equal(bench.counters.get('segment.accept.accepted'), 2);
  });

  it('are not looked at while their sender is muted, and its votes are', () => {
    const bench = new Bench();
    assert.equal(bench.receiver.onFrame('v2', frameOf(segmentBytes()), true), undefined);
    assert.equal(bench.counters.get('segment.muted'), 1);
    bench.receiver.onFrame('v2', Uint8Array.of(2, 1), true);
    assert.equal(bench.counters.get('frame.malformed.WAGGLE_CODEC_SHORT'), 1);
    assert.deepEqual(bench.inputs, []);
  });

  it('are taken from validators alone, and by observers too', () => {
    const bench = new Bench('observer');
    assert.equal(bench.receiver.onFrame('somebody', frameOf(segmentBytes()), false), undefined);
    assert.equal(bench.counters.get('input.unknown_peer'), 1);
    assert.equal(bench.receiver.onFrame('v1', frameOf(segmentBytes()), false)?.verdict, 'accept');
  });
});

describe('frames and requests', () => {
  const status: Message = {
    kind: 'status',
    epoch: 0,
    view: 1,
    finalView: 0,
    finalHeight: 0,
    tips: [],
    checkpoint: undefined,
  };

  it('become inputs of the peer that sent them; what is malformed is counted', () => {
    const bench = new Bench();
    bench.receiver.onFrame('v3', encodeMessage(status), false);
    bench.receiver.onFrame('nobody', encodeMessage(status), false);
    bench.receiver.onFrame('v3', Uint8Array.of(99, 1, 2), false);
    bench.receiver.onFrame('v3', new Uint8Array([...encodeMessage(status), 0]), false);
    const chunk = { kind: 'chunk', height: 1, index: 0, bytes: new Uint8Array(9) } as const;
    bench.receiver.onFrame('v3', encodeMessage(chunk), false);
    assert.deepEqual(bench.inputs, [{ kind: 'message', from: 3, message: status }]);
    assert.equal(bench.counters.get('frame.misplaced.chunk'), 1);
    assert.equal(bench.counters.get('input.unknown_peer'), 1);
    assert.equal(bench.counters.get('frame.malformed.WAGGLE_MESSAGE_KIND'), 1);
    assert.equal(bench.counters.get('frame.malformed.WAGGLE_CODEC_TRAILING'), 1);
  });

  it('of who may not send them, or not on this stream, are not even decoded', () => {
    const bench = new Bench();
    // They would be refused as malformed if anybody looked.
    for (const code of [6, 7, 8, 9, 10, 12, 13, 14]) bench.receiver.onFrame('v3', Uint8Array.of(code, 1), false);
    bench.receiver.onFrame('nobody', Uint8Array.of(99), false);
    bench.receiver.onFrame('v3', Uint8Array.of(2, 1), false);
    assert.deepEqual(bench.inputs, []);
    const counts = bench.counters.snapshot();
    const malformed = Object.entries(counts).filter(([name]) => name.startsWith('frame.malformed'));
    const misplaced = Object.keys(counts).filter((name) => name.startsWith('frame.misplaced'));
    assert.deepEqual(malformed, [['frame.malformed.WAGGLE_CODEC_SHORT', 1]]);
    assert.equal(misplaced.length, 8);
    assert.equal(bench.counters.get('input.unknown_peer'), 1);
  });

  it('reach an observer if they tell of finality', () => {
    const bench = new Bench('observer');
    bench.receiver.onFrame('v3', encodeMessage(status), false);
    bench.receiver.onFrame('v3', Uint8Array.of(1), false);
    bench.receiver.onFrame('v3', Uint8Array.of(2), false);
    assert.deepEqual(bench.inputs, [{ kind: 'message', from: 3, message: status }]);
    assert.equal(bench.counters.get('frame.misplaced.propose') + bench.counters.get('frame.misplaced.vote'), 2);
  });

  it('are of who sits where in the epoch of the moment', () => {
    const bench = new Bench();
    bench.receiver.onFrame('v3', encodeMessage(status), false);
    bench.beginEpoch(1, ['v3', 'v1'], undefined);
    bench.receiver.onFrame('v3', encodeMessage(status), false);
    bench.receiver.onFrame('v2', encodeMessage(status), false);
    bench.receiver.onFrame('v1', Uint8Array.of(1), false);
    const from = bench.inputs.map((input) => input.kind === 'message' && input.from);
    assert.deepEqual(from, [3, 0]);
    assert.equal(bench.counters.get('input.unknown_peer'), 1);
    assert.equal(bench.counters.get('frame.misplaced.propose'), 1, 'without a seat no proposals');
  });

  it('look at the clock when a peer comes', () => {
    const bench = new Bench();
    bench.receiver.onPeer('v1', true);
    bench.receiver.onPeer('v1', false);
    assert.deepEqual(bench.inputs, [{ kind: 'tick' }]);
  });

  it('answer a request and refuse anything else', async () => {
    const bench = new Bench();
    bench.answers = [status, status];
    const request = encodeMessage({ kind: 'fetch-final', from: 1 });
    const frames = await collect(bench.receiver.serveSync('v1', request));
    assert.deepEqual(frames.map(decodeMessage), [status, status]);
    const wrong = collect(bench.receiver.serveSync('v1', encodeMessage(status)));
    await assert.rejects(wrong, (error) => codeOf(error) === 'WAGGLE_SYNC_REQUEST_KIND');
    const broken = collect(bench.receiver.serveSync('v1', Uint8Array.of(9)));
    await assert.rejects(broken, (error) => codeOf(error) === 'WAGGLE_CODEC_SHORT');
  });
});

/** A segment's bytes as a message. */
function encodeSegment(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(11, ...bytes);
}
