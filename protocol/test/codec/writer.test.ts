import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Reader } from '../../codec/reader.ts';
import { Writer } from '../../codec/writer.ts';

test('whatever the first capacity, what was written is read back', () => {
  const parts = fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 12 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 64 }), parts, (capacityBytes, values) => {
      const writer = new Writer(capacityBytes);
      for (const value of values) writer.bytes16(value).u64(value.length).bytes32(value);
      const reader = new Reader(writer.finish());
      for (const value of values) {
        assert.deepEqual(reader.bytes16(1_000), value);
        assert.equal(reader.u64(), value.length);
        assert.deepEqual(reader.bytes32(1_000), value);
      }
      reader.end();
    }),
  );
});
