import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExecutedBlock } from '../../consensus/types.ts';
import { decodeMessage } from '../../consensus/wire.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { BLOCK_FLAGS, type HashedBlock, hashBlock } from '../../protocol/chain/block.ts';
import { ZERO_HASH } from '../../protocol/hash.ts';
import { ObserverFeed } from '../driver/observer-feed.ts';

function block(height: number, proposer: number): HashedBlock {
  const parent = { parentView: 0, parentHash: ZERO_HASH };
  const place = { chain: ZERO_HASH, epoch: 0, view: height, height, proposer, ...parent };
  return hashBlock({ ...place, flags: BLOCK_FLAGS.flush, timeMs: height, cut: [], evidence: [] });
}

const certificateOf = ({ hash, block: { view } }: HashedBlock): Certificate => ({
  kind: 'finalize',
  epoch: 0,
  view,
  blockHash: hash,
  signers: [0, 1, 2],
  signatures: [0, 1, 2].map(() => new Uint8Array(64)),
});

/** What observers are told, as the heights of the blocks and the view of their certificate. */
class Bench {
  self: number | undefined = 0;
  readonly told: (readonly number[])[] = [];
  readonly feed = new ObserverFeed(() => this.self, {
    isHeard: () => true,
    send: (frame) => {
      const message = decodeMessage(frame);
      assert.equal(message.kind, 'final');
      if (message.kind !== 'final') return;
      this.told.push([...message.blocks.map((one) => one.block.height), message.certificate.view]);
    },
  });

  take(executed: Pick<ExecutedBlock, 'block' | 'certificate' | 'seal'>): void {
    this.feed.take(executed as ExecutedBlock);
  }
}

test('the end of an epoch is told with what proves it final, also by a block above it', () => {
  const bench = new Bench();
  const [first, seal, flush] = [block(1, 2), block(2, 0), block(3, 1)];
  bench.take({ block: first, certificate: undefined });
  bench.take({ block: seal, certificate: undefined, seal: { tail: [flush], certificate: certificateOf(flush) } });
  assert.deepEqual(bench.told, [[1, 2, 3, 3]]);
});

test('one validator tells, by the seat it has when the block is executed', () => {
  const bench = new Bench();
  for (const [height, self] of [
    [1, 1],
    [2, 2],
    [3, undefined],
  ] as const) {
    bench.self = self;
    const one = block(height, 1);
    bench.take({ block: one, certificate: certificateOf(one) });
  }
  assert.deepEqual(bench.told, [[1, 1]]);
});
