import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeRow, TABLES } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { toHex } from '../../protocol/hex.ts';
import { type Placed, pick, placeOf, Twins } from './harness/twins.ts';

/** Rows as they are stored, but heads. */
function rowsOf(state: GovernanceState): string[] {
  const others = TABLES.filter(({ name }) => name !== 'heads');
  return others
    .flatMap(({ name }) => [...state[name].entries()].map(([key, row]) => `${name} ${key} ${toHex(encodeRow(row))}`))
    .sort();
}

type Action = readonly [kind: 'vote' | 'resend' | 'end', at: number, session: number, weight: number];
const action = fc.tuple(
  fc.constantFrom<Action[0][]>('vote', 'vote', 'vote', 'resend', 'resend', 'end'),
  fc.nat(40),
  fc.nat(3),
  fc.integer({ min: 1, max: 10 }),
);

function placed(twins: Twins, [kind, at, session, weight]: Action): Placed[] {
  if (kind === 'end') return [twins.end(session, weight === 1)];
  if (kind === 'vote') return [twins.ballot(at, session, weight)];
  return twins.ballots.length === 0 ? [] : [placeOf(pick(twins.ballots, at))];
}

test('heads of ended sessions reach no root, no history and no outcome', () => {
  let [archived, late] = [0, 0];
  fc.assert(
    fc.property(fc.array(fc.array(action, { maxLength: 6 }), { maxLength: 10 }), (blocks) => {
      const twins = new Twins();
      for (const actions of blocks) twins.execute(actions.flatMap((one) => placed(twins, one)));
      assert.deepEqual(rowsOf(twins.lean), rowsOf(twins.whole));
      archived += twins.lean.heads.archived;
      const isLate = (all: readonly string[]): boolean => all.includes('counted') && all.includes('closed');
      late += [...twins.outcomes.values()].filter(isLate).length;
    }),
    { numRuns: 80, seed: 15 },
  );
  assert.ok(archived > 50 && late > 20, `${archived} heads archived, ${late} counted ballots resent after the end`);
});

test('a ballot that counted is closed when it is sealed once more after the end, and a duplicate in the block of the end', () => {
  for (const [session, isCancelled] of [
    [0, false],
    [1, false],
    [0, true],
    [1, true],
  ] as const) {
    const twins = new Twins();
    const ballot = twins.ballot(0, session, 5);
    twins.execute([ballot, ballot]);
    twins.execute([ballot, twins.end(session, isCancelled)]);
    twins.execute([ballot, twins.ballot(1, session, 5), twins.ballot(0, session, 5)]);
    const [first, second, third] = twins.ballots.map(({ id }) => twins.outcomes.get(toHex(id)));
    const together = isCancelled ? 'closed' : 'duplicate';
    assert.deepEqual(first, ['counted', 'duplicate', together, 'closed']);
    assert.deepEqual([second, third], [['closed'], ['closed']]);
    assert.deepEqual([twins.lean.heads.archived, [...twins.lean.heads.keys()]], [1, []]);
  }
});
