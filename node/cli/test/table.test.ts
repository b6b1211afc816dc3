import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { plain, renderTable } from '../table.ts';

const COLUMNS = [{ name: 'id' }, { name: 'votes', align: 'right' as const }, { name: 'text' }];

test('columns are as wide as their widest cell, numbers to the right', () => {
  const text = renderTable(
    COLUMNS,
    [
      ['a', '7', 'x'],
      ['longer', '12', 'y'],
    ],
    { width: 80 },
  );
  assert.equal(text, 'id      votes  text\na           7  x\nlonger     12  y\n');
});

test('no line is wider than the terminal and a screen holds the table, whatever the cells are', () => {
  const cells = fc.array(fc.tuple(fc.string(), fc.string(), fc.string({ maxLength: 300 })), { maxLength: 60 });
  fc.assert(
    fc.property(cells, fc.integer({ min: 24, max: 120 }), (rows, width) => {
      const lines = renderTable(COLUMNS, rows, { width }).trimEnd().split('\n');
      assert.ok(lines.length <= 20);
      for (const line of lines.slice(0, 19)) assert.ok(line.length <= Math.max(width, 30), line);
    }),
  );
});

test('rows that are left out are counted', () => {
  const rows = Array.from({ length: 30 }, (_, at) => [String(at), '1', '']);
  assert.match(renderTable(COLUMNS, rows, { width: 80 }), /… 12 more: -o json shows all\n$/);
});

test('a cell cannot move the cursor, colour the terminal, break the line or turn the reading order', () => {
  assert.equal(plain('a\u001b[31mred\u001b[0m\r\nb\u202ec'), 'ared  b c');
});
