import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeRow, restoreRow, TABLES } from '../../governance/rows.ts';
import type { GovernanceState } from '../../governance/state.ts';
import { Table } from '../../governance/table.ts';
import { TALLY_ZERO } from '../../governance/tally.ts';
import { toHex } from '../../hex.ts';

test('tables have one number and one name each', () => {
  assert.equal(new Set(TABLES.map(({ number }) => number)).size, TABLES.length);
  assert.equal(new Set(TABLES.map(({ name }) => name)).size, TABLES.length);
});

test('a restored row is the stored one and is not touched', () => {
  const tallies = new Table<typeof TALLY_ZERO>();
  const bytes = encodeRow({ ...TALLY_ZERO, n: 3, total: 21, histogram: [0, 3] });
  restoreRow({ tallies } as unknown as GovernanceState, 'tallies', 'a/b/c/1', bytes);
  assert.equal(tallies.get('a/b/c/1')?.total, 21);
  assert.equal(toHex(encodeRow(tallies.get('a/b/c/1') ?? 0)), toHex(bytes));
  assert.deepEqual(tallies.takeTouched(), []);
});

test('a table tells which of the touched rows were not there before', () => {
  const table = new Table<number>();
  table.restore('old', 1);
  table.set('old', 2);
  table.set('new', 1);
  table.set('new', 2);
  assert.deepEqual(table.takeChanges(), { keys: ['new', 'old'], added: new Set(['new']) });
  table.set('new', 3);
  assert.deepEqual(table.takeChanges(), { keys: ['new'], added: new Set() });
});
