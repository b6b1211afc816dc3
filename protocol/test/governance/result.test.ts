import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { rankResults, resultOf } from '../../governance/result.ts';
import { addTally, subtractTally, TALLY_ZERO, tallyOfEntry } from '../../governance/tally.ts';
import type { Elector, Entry, SessionRule } from '../../governance/types.ts';
import { parseId } from '../../ids.ts';

const proposal = { id: parseId('037'), title: 'a proposal', category: 'Security' };
const rule: SessionRule = {
  method: 'score',
  threshold: { op: '>=', percent: { num: 80, den: 1 } },
  hold: { num: 40, den: 1 },
  veto: { maxWeight: 2, role: 'general', textRequired: false, revisionAt: 50, rejectAt: 80 },
  revisable: false,
  complete: true,
  close: 'opener',
};
const entry = (weight: number): Entry => ({ proposal: proposal.id, choice: { method: 'score', weight } });
const generals = (count: number): Elector[] =>
  Array.from({ length: count }, (_, at) => ({ voter: parseId(`m${at}`), role: 'general', weight: 1 }));

function result(weights: number[], changed: Partial<SessionRule> = {}) {
  const used = { ...rule, ...changed };
  const sum = weights.map((weight) => tallyOfEntry(used, entry(weight), { role: 'general', weight: 1 }));
  return resultOf(used, proposal, sum.reduce(addTally, TALLY_ZERO), generals(weights.length), true);
}

test('exactly 80 passes ">= 80" and fails "> 80"', () => {
  assert.equal(result([7, 9]).status, 'approved');
  assert.equal(result([7, 9], { threshold: { op: '>', percent: { num: 80, den: 1 } } }).status, 'hold');
});

test('threshold precedence: proposal, then category, then session', () => {
  const percent = { num: 80, den: 1 };
  const byCategory = { Security: { num: 55, den: 1 } };
  assert.equal(result([6], { threshold: { op: '>=', percent, byCategory } }).status, 'approved');
  const byProposal = { '037': { num: 70, den: 1 } };
  assert.equal(result([6], { threshold: { op: '>=', percent, byCategory, byProposal } }).status, 'hold');
});

test('veto: half of the generals asks for a revision, four fifths reject; the stricter of band and veto decides', () => {
  assert.equal(result([1, 1, 10, 10]).veto?.resolution, 'revision');
  assert.equal(result([1, 1, 1, 1, 10]).veto?.resolution, 'rejected');
  assert.equal(result([1, 10, 10, 10]).veto?.resolution, 'none');
  assert.equal(result([2, 2, 10, 10]).status, 'revision');
  assert.equal(result([2, 2, 10, 10], { threshold: null }).status, 'revision');
});

test('equal percents share a rank', () => {
  const ranks = rankResults([result([9]), result([7]), result([9]), result([5])]).map(({ rank }) => rank);
  assert.deepEqual(ranks, [1, 3, 1, 4]);
});

test('tallies are a group: any order sums alike and what was added can be taken back', () => {
  const tally = fc
    .integer({ min: 1, max: 10 })
    .map((weight) => tallyOfEntry(rule, entry(weight), { role: 'general', weight: 1 }));
  fc.assert(
    fc.property(fc.array(tally, { minLength: 1, maxLength: 12 }), tally, (tallies, extra) => {
      const sum = tallies.reduce(addTally, TALLY_ZERO);
      assert.deepEqual([...tallies].reverse().reduce(addTally, TALLY_ZERO), sum);
      assert.deepEqual(subtractTally(addTally(sum, extra), extra), sum);
    }),
  );
});
