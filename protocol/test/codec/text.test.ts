import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeText } from '../../codec/reader.ts';
import { isCanonicalText } from '../../codec/text.ts';
import { isId } from '../../ids.ts';

test('text has one spelling and shows what it says', () => {
  for (const text of ['', 'plain', 'two\nlines\tand a tab', 'é', '漢字', '👍', 'a\u200db']) {
    assert.ok(isCanonicalText(text), JSON.stringify(text));
  }
  const refused = [
    'e\u0301',
    '\ud800',
    'a\udc00b',
    '\u0000',
    '\u001b[31m',
    '\u007f',
    '\u0085',
    '\u202eabc',
    '\u2066a',
    '\ufeffa',
  ];
  for (const text of refused) assert.ok(!isCanonicalText(text), JSON.stringify(text));
});

test('bytes are text only if they are its one encoding', () => {
  for (const bytes of [
    [0xff],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xef, 0xbb, 0xbf, 0x61],
    [0x65, 0xcc, 0x81],
  ]) {
    assert.equal(decodeText(Uint8Array.from(bytes)), undefined, String(bytes));
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
      const text = decodeText(bytes);
      if (text !== undefined) assert.deepEqual(new TextEncoder().encode(text), bytes);
    }),
  );
});

test('ids are what their form says, so no two look alike', () => {
  for (const id of ['a', '0', 'a.b-c_d', 'x'.repeat(64)]) assert.ok(isId(id), id);
  for (const id of ['', 'A', '-a', '.a', '_a', 'a b', 'a/b', 'a\n', 'ä', 'а', '__proto__', 'x'.repeat(65)]) {
    assert.ok(!isId(id), JSON.stringify(id));
  }
});
