import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { keepBytes } from '../../governance/slab.ts';

test('what is kept stays as it was, whatever becomes of its source and of what is kept beside it', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 1_500 }), { maxLength: 20 }), (pieces) => {
      const sources = pieces.map((piece) => piece.slice());
      const kept = sources.map((source) => keepBytes(source));
      for (const source of sources) source.fill(0xff);
      for (const [at, piece] of pieces.entries()) assert.deepEqual([...(kept[at] ?? [])], [...piece]);
    }),
  );
});

test('a small piece keeps no more than a slab in memory', () => {
  const segment = new Uint8Array(1_000_000);
  assert.ok(keepBytes(segment.subarray(5, 205)).buffer.byteLength <= 4_096);
  assert.equal(keepBytes(segment.subarray(5, 5_005)).buffer.byteLength, 5_000);
});
