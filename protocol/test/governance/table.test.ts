import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Table } from '../../governance/table.ts';

const isLive = (row: number): boolean => row > 0;

/** A table as it is after a block: nothing is touched. */
function settled(rows: Readonly<Record<string, number>>): Table<number> {
  const table = new Table<number>(isLive);
  for (const [key, row] of Object.entries(rows)) table.set(key, row);
  table.takeChanges();
  return table;
}

test('an archived row is not there any more and counts all the same', () => {
  const table = settled({ a: 1, b: 2, c: 0 });
  assert.equal(table.archive('a'), true);
  assert.deepEqual([table.get('a'), table.has('a'), [...table.keys()]], [undefined, false, ['b', 'c']]);
  assert.deepEqual([table.size, table.archived, table.liveKeys()], [3, 1, ['b']]);
  assert.deepEqual(table.takeChanges(), { keys: [], added: new Set() });
});

test('what is archived already, or was never there, is not archived again', () => {
  const table = settled({ a: 1 });
  assert.deepEqual([table.archive('x'), table.archive('a'), table.archive('a')], [false, true, false]);
  assert.deepEqual([table.size, table.archived], [1, 1]);
});

test('a row that stays in storage counts from the start', () => {
  const table = new Table<number>();
  table.restore('a', 1);
  table.restoreArchived();
  table.restoreArchived();
  assert.deepEqual([table.size, table.archived, [...table.keys()]], [3, 2, ['a']]);
  assert.deepEqual(table.takeTouched(), []);
});

test('a row that the block touched is not archived before its change was taken', () => {
  const table = settled({ a: 1 });
  table.set('a', 2);
  assert.throws(() => table.archive('a'));
  assert.equal(table.get('a'), 2);
  table.takeChanges();
  assert.equal(table.archive('a'), true);
});

test('nothing is archived while a frozen table is read, and again once it is not', () => {
  const table = settled({ a: 1, b: 2 });
  assert.equal(table.mayArchive, true);
  const first = table.freeze();
  assert.equal(table.mayArchive, false);
  assert.throws(() => table.archive('a'));
  const second = table.freeze();
  assert.deepEqual([first.isStale, second.isStale, table.mayArchive], [true, false, false]);
  second.end();
  assert.deepEqual([table.mayArchive, table.archive('a')], [true, true]);
});

test('a frozen table says what was archived then, whatever comes back from storage later', () => {
  const table = settled({ a: 1, b: 2 });
  table.archive('a');
  const frozen = table.freeze();
  table.restoreArchived();
  table.set('c', 3);
  table.set('b', 4);
  assert.deepEqual([frozen.size, frozen.archived, [...frozen.keys()]], [2, 1, ['b']]);
  assert.deepEqual([frozen.get('b'), table.get('b')], [2, 4]);
  assert.deepEqual([table.size, table.archived], [4, 2]);
});

type Step = readonly [kind: 'set' | 'archive' | 'freeze', key: number];

test('a frozen table streams what the table had, in whatever order rows come and go', () => {
  const step = fc.tuple(fc.constantFrom<Step[0][]>('set', 'archive', 'freeze'), fc.nat(6));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps: readonly Step[]) => {
      const table = new Table<number>(isLive);
      const rows = new Map<string, number>();
      const archived = new Set<string>();
      let frozen = table.freeze();
      let expected: (readonly [string, number])[] = [];
      let given = 0;
      for (const [at, [kind, number]] of steps.entries()) {
        const key = `k${number}`;
        if (kind === 'freeze') {
          frozen = table.freeze();
          [expected, given] = [[...rows], archived.size];
        } else if (kind === 'set' && !archived.has(key)) {
          table.set(key, at);
          table.takeChanges();
          rows.set(key, at);
        } else if (kind === 'archive') {
          frozen.end();
          const wasThere = rows.delete(key);
          assert.equal(table.archive(key), wasThere);
          if (wasThere) archived.add(key);
        }
        assert.deepEqual([table.size, table.archived], [rows.size + archived.size, archived.size]);
        if (frozen.isStale) continue;
        assert.deepEqual(
          [...frozen.keys()].map((one) => [one, frozen.get(one)]),
          expected,
        );
        assert.deepEqual([frozen.size, frozen.archived], [expected.length + given, given]);
      }
    }),
    { numRuns: 200 },
  );
});
