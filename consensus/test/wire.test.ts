import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WaggleError } from '../../protocol/errors.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import type { SignedCheckpoint } from '../../protocol/receipt/checkpoint.ts';
import type { Message } from '../types.ts';
import { decodeMessage, encodeMessage, FRAME_BYTES_MAX, isFetchRequest, isSnapshotRequest } from '../wire.ts';
import { block, CHAIN, certificate, child, cutOf, proposal, segment, vote } from './harness/solo.ts';

const hash = block(1, []).hash;
const first = block(1, cutOf(segment(0), segment(1)));
const checkpoint: SignedCheckpoint = {
  checkpoint: { chain: CHAIN, epoch: 0, height: 3, blockHash: hash, timeMs: 5, history: ZERO_HASH, root: hash },
  signer: 2,
  signature: new Uint8Array(64).fill(7),
};

const snapshot = { chain: CHAIN, epoch: 0, height: 10_000, blockHash: hash, history: CHAIN, root: hash };

/** One of every kind, and of every optional part both ways. */
const MESSAGES: readonly Message[] = [
  proposal(first),
  { kind: 'vote', vote: vote('notarize', 9, hash, 1) },
  { kind: 'vote', vote: vote('nullify', 2 ** 40, undefined, 3) },
  { kind: 'certificate', certificate: certificate('finalize', 4, hash, [0, 2, 3]) },
  { kind: 'certificate', certificate: certificate('nullify', 4, undefined) },
  {
    kind: 'status',
    epoch: 0,
    view: 8,
    finalView: 6,
    finalHeight: 5,
    tips: [{ shard: 1, author: 3, height: 9 }],
    checkpoint,
  },
  { kind: 'status', epoch: 0, view: 1, finalView: 0, finalHeight: 0, tips: [], checkpoint: undefined },
  { kind: 'checkpoint', checkpoint },
  { kind: 'fetch-certificates', from: 1, to: 64 },
  { kind: 'fetch-block', hash },
  { kind: 'fetch-segments', shard: 1, author: 2, from: 3, to: 9, tip: hash },
  { kind: 'fetch-segments', shard: 1, author: 2, from: 3, to: 9, tip: undefined },
  { kind: 'fetch-final', from: 77 },
  { kind: 'block', block: first },
  { kind: 'segment', segment: segment(1) },
  { kind: 'snapshot', signed: { snapshot, signer: 3, signature: new Uint8Array(64).fill(8) } },
  { kind: 'pruned', height: 2 ** 40 },
  { kind: 'fetch-manifest', height: 10_000 },
  { kind: 'fetch-chunk', height: 10_000, index: 31 },
  { kind: 'manifest', height: 10_000, leaves: [hash, CHAIN] },
  { kind: 'chunk', height: 10_000, index: 31, bytes: Uint8Array.of(1, 2, 3) },
  { kind: 'fetch-history', from: 9, to: 12 },
  { kind: 'history', from: 9, links: [{ blockHash: hash, root: CHAIN }] },
  { kind: 'final', blocks: [first, child(first, 2, [], { flags: 1 })], certificate: certificate('finalize', 2, hash) },
];

test('every message is read back as it was, and is canonical', () => {
  for (const message of MESSAGES) {
    const bytes = encodeMessage(message);
    assert.deepEqual(decodeMessage(bytes), message, message.kind);
    assert.deepEqual(encodeMessage(decodeMessage(bytes)), bytes, message.kind);
    assert.ok(bytes.length <= FRAME_BYTES_MAX);
    assert.equal(isFetchRequest(message) || isSnapshotRequest(message), message.kind.startsWith('fetch'));
  }
});

test('cut short or with a byte too many a message is refused', () => {
  for (const message of MESSAGES) {
    const bytes = encodeMessage(message);
    assert.throws(() => decodeMessage(bytes.subarray(0, -1)), WaggleError, message.kind);
    assert.throws(() => decodeMessage(Uint8Array.of(...bytes, 0)), WaggleError, message.kind);
  }
});

test('bytes of a stranger give a canonical message or a typed refusal, nothing else', () => {
  const mutated = fc
    .tuple(fc.constantFrom(...MESSAGES), fc.nat(), fc.integer({ min: 1, max: 255 }))
    .map(([message, place, flip]) => {
      const bytes = encodeMessage(message);
      const at = place % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ flip;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), (bytes) => {
      try {
        assert.deepEqual(encodeMessage(decodeMessage(bytes)), bytes);
      } catch (error) {
        assert.ok(error instanceof WaggleError && error.code !== 'WAGGLE_INVARIANT', String(error));
      }
    }),
    { numRuns: 500 },
  );
});
