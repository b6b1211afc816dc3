import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findElector, forgetElectors, sharedElector } from '../../governance/lookups.ts';
import { encodeRow, restoreRow } from '../../governance/rows.ts';
import { parseId } from '../../ids.ts';
import { openWorld } from './world.ts';

const elector = fc.record(
  {
    voter: fc.constantFrom('a', 'b', 'a-b').map(parseId),
    role: fc.constantFrom('general', 'reviewer', 'general/1'),
    weight: fc.integer({ min: 1, max: 3 }),
  },
  { noNullPrototype: true },
);

test('equal electors are one object, others never are', () => {
  fc.assert(
    fc.property(elector, elector, (one, other) => {
      const isEqual = one.voter === other.voter && one.role === other.role && one.weight === other.weight;
      const [shared, sharedOther] = [sharedElector({ ...one }), sharedElector({ ...other })];
      assert.deepEqual([shared, sharedOther], [one, other]);
      assert.equal(shared === sharedOther, isEqual);
    }),
  );
});

test('a forgotten electorate is found again', () => {
  const electorate = [sharedElector({ voter: parseId('a'), role: 'general', weight: 1 })];
  assert.equal(findElector(electorate, 'a'), electorate[0]);
  forgetElectors(electorate);
  assert.equal(findElector(electorate, 'a'), electorate[0]);
  assert.equal(findElector(electorate, 'b'), undefined);
});

test('a session row that is restored shares its electors with the one it was stored from', () => {
  const { state } = openWorld();
  const [key, row] = [...state.sessions.entries()][0] ?? [];
  assert.ok(key !== undefined && row !== undefined && row.electorate.length > 1);
  const bytes = encodeRow(row);
  restoreRow(state, 'sessions', key, bytes);
  const restored = state.sessions.get(key);
  assert.notEqual(restored, row);
  assert.deepEqual(encodeRow(restored ?? {}), bytes);
  for (const [at, one] of row.electorate.entries()) assert.equal(restored?.electorate[at], sharedElector(one));
});
