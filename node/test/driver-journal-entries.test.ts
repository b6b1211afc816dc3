import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Certificate, ConsensusVote } from '../../protocol/certificate.ts';
import { hashBlock } from '../../protocol/chain/block.ts';
import { sealSegment } from '../../protocol/chain/segment.ts';
import { codeOf } from '../../protocol/errors.ts';
import { decodeEntry, encodeEntry, type StoredEntry } from '../driver/journal-entries.ts';

const record = <Shape>(shape: { [Key in keyof Shape]: fc.Arbitrary<Shape[Key]> }): fc.Arbitrary<Shape> =>
  fc.record(shape, { noNullPrototype: true }) as fc.Arbitrary<Shape>;
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u64 = fc.maxSafeNat();
const hash = bytes(32);

const vote = (kind: ConsensusVote['kind']): fc.Arbitrary<ConsensusVote> =>
  record({
    kind: fc.constant(kind),
    epoch: fc.nat(),
    view: u64,
    blockHash: kind === 'nullify' ? fc.constant(undefined) : hash,
    signer: u16,
    signature: bytes(64),
  });

const certificate: fc.Arbitrary<Certificate> = fc
  .tuple(fc.constantFrom('notarize', 'nullify', 'finalize' as const), fc.nat(), u64, hash)
  .chain(([kind, epoch, view, blockHash]) =>
    fc.uniqueArray(fc.integer({ min: 0, max: 127 }), { minLength: 1, maxLength: 9 }).chain((signers) =>
      record({
        kind: fc.constant(kind as Certificate['kind']),
        epoch: fc.constant(epoch),
        view: fc.constant(view),
        blockHash: fc.constant(kind === 'nullify' ? undefined : blockHash),
        signers: fc.constant(signers.toSorted((a, b) => a - b)),
        signatures: fc.array(bytes(64), { minLength: signers.length, maxLength: signers.length }),
      }),
    ),
  );

const block = record({
  chain: hash,
  epoch: fc.nat(),
  view: u64,
  height: u64,
  parentView: u64,
  parentHash: hash,
  proposer: u16,
  flags: fc.nat(3),
  timeMs: u64,
  cut: fc.uniqueArray(record({ shard: fc.nat(64), author: u16, incarnation: fc.nat(), height: u64, tip: hash }), {
    selector: ({ shard }) => shard,
    maxLength: 4,
  }),
  evidence: fc.constant([]),
}).map((one) => hashBlock({ ...one, cut: one.cut.toSorted((a, b) => a.shard - b.shard) }));

const segment = record({
  chain: hash,
  epoch: fc.nat(),
  incarnation: fc.nat(),
  shard: fc.nat(64),
  author: u16,
  height: fc.integer({ min: 1, max: 2 ** 31 }),
  parent: hash,
  timeMs: u64,
  items: fc.array(record({ kind: fc.nat(255), bytes: fc.uint8Array({ maxLength: 40 }) }), {
    minLength: 1,
    maxLength: 5,
  }),
  signature: bytes(64),
}).map(({ items, signature, ...place }) => sealSegment(place, items, () => signature));

const entry: fc.Arbitrary<StoredEntry> = fc.oneof(
  record({ kind: fc.constant('segment' as const), segment }),
  record({ kind: fc.constant('block' as const), block }),
  record({ kind: fc.constant('certificate' as const), certificate }),
  record({ kind: fc.constant('notarize' as const), vote: vote('notarize'), block }),
  record({ kind: fc.constant('nullify' as const), vote: vote('nullify') }),
  record({ kind: fc.constant('finalize' as const), vote: vote('finalize'), notarization: certificate }),
  record({ kind: fc.constant('floor' as const), executedHeight: u64 }),
);

describe('journal entries', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(entry, (one) => {
        assert.deepEqual(decodeEntry(encodeEntry(one)), one);
      }),
    );
  });

  it('have one record type each, which never changes', () => {
    const types = new Map<string, number>();
    fc.assert(
      fc.property(entry, (one) => void types.set(one.kind, encodeEntry(one).type)),
      { numRuns: 500 },
    );
    assert.deepEqual(Object.fromEntries([...types].sort(([, a], [, b]) => a - b)), {
      segment: 1,
      block: 2,
      certificate: 3,
      notarize: 4,
      nullify: 5,
      finalize: 6,
      floor: 7,
    });
  });

  it('refuse an unknown type and bytes that are left over', () => {
    const unknown = { type: 99, bytes: new Uint8Array(4) };
    assert.throws(
      () => decodeEntry(unknown),
      (error) => codeOf(error) === 'WAGGLE_JOURNAL_RECORD',
    );
    const { type, bytes: good } = encodeEntry({ kind: 'floor', executedHeight: 7 });
    const longer = new Uint8Array([...good, 0]);
    assert.throws(
      () => decodeEntry({ type, bytes: longer }),
      (error) => codeOf(error) === 'WAGGLE_CODEC_TRAILING',
    );
  });
});
