import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeText, Reader } from '../../codec/reader.ts';
import { isCanonicalText } from '../../codec/text.ts';
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

/** Any text at all: plain, other letters, astral ones, halves of surrogate pairs, controls. */
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', '~', '\t', '\n', '\u007f', '\u0000', 'é', '漢', '👍', '\ud83d', '\udc4d') }),
);

test('a text is written as its UTF-8 and nothing else, or refused', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      if (!isCanonicalText(text)) {
        assert.throws(() => new Writer().text16(text), { code: 'WAGGLE_CODEC_TEXT' });
        return;
      }
      const utf8 = new TextEncoder().encode(text);
      const bytes = new Writer().text16(text).finish();
      assert.deepEqual(bytes, Uint8Array.from([utf8.length >>> 8, utf8.length & 0xff, ...utf8]));
      assert.equal(new Reader(bytes).text16(0xffff), text);
      assert.equal(decodeText(utf8), text);
    }),
  );
});

test('what was finished is nobody else’s memory', () => {
  const first = new Writer().u32(1).finish();
  const abandoned = new Writer().u32(9);
  const outer = new Writer().u8(2);
  const inner = new Writer().u32(3).finish();
  assert.deepEqual([...outer.bytes(inner).finish()], [2, 0, 0, 0, 3]);
  new Writer().bytes(new Uint8Array(64).fill(7)).finish();
  assert.deepEqual([...first, ...inner, ...abandoned.finish()], [0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 9]);
});

test('a writer goes on after it finished, and what it gave away stays as it was', () => {
  for (const capacityBytes of [4, 256, 10_000]) {
    const writer = new Writer(capacityBytes).u32(1);
    const before = writer.finish();
    assert.deepEqual([...writer.u32(2).finish()], [0, 0, 0, 1, 0, 0, 0, 2]);
    assert.deepEqual([...before], [0, 0, 0, 1]);
  }
});

test('numbers out of their field are refused', () => {
  const fields = { u8: 2 ** 8, u16: 2 ** 16, u32: 2 ** 32, u64: 2 ** 53 } as const;
  for (const [name, over] of Object.entries(fields) as [keyof typeof fields, number][]) {
    for (const value of [over, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => new Writer()[name](value), { code: 'WAGGLE_CODEC_RANGE' }, `${name} ${value}`);
    }
    const last = new Reader(new Writer()[name](over - 1).finish());
    assert.equal(last[name](), over - 1);
  }
});
