import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LIMITS } from '../../protocol/limits.ts';
import { ballotSubmit } from '../rpc/methods/ballot-submit.ts';
import { readUsualBallot } from '../rpc/methods/usual-ballot.ts';

/** Good values, and now and then ones that the schema refuses or reads in another way. */
const hex = (digits: number) => fc.constantFrom('0f'.repeat(digits / 2), 'ab'.repeat(digits / 2));
const odd = fc.constantFrom<unknown>(undefined, null, true, 0, 1.5, '', 'A', '__proto__', [], {}, Number.NaN, -0, 11);
const often = <Value>(good: fc.Arbitrary<Value>) =>
  fc.oneof({ arbitrary: good, weight: 40 }, { arbitrary: odd, weight: 1 });
const maybe = <Value>(good: fc.Arbitrary<Value>) => fc.option(often(good), { nil: undefined, freq: 2 });
const seldom = fc.oneof({ arbitrary: fc.constant(undefined), weight: 40 }, { arbitrary: fc.constant(1), weight: 1 });

const id = fc.constantFrom('main', 's1', 'a', 'x'.repeat(64), 'a._-0');
const instant = mostly(['2026-03-01T12:00:00.000Z', '2026-03-01T12:00:00Z'], ['2026-02-30T00:00:00Z', '2026']);
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  mostly(
    ['', 'a'.repeat(LIMITS.commentBytesMax), 'é'.repeat(LIMITS.commentBytesMax / 2)],
    ['e\u0301', 'a\ud800', '\u202eabc', 'é'.repeat(1_001), 'a'.repeat(LIMITS.commentBytesMax + 1)],
  ),
);
const choice = mostly<unknown>(
  [1, 10, 7, 'approve', 'reject', 'abstain'],
  [0, 11, 'Approve', { method: 'score', weight: 3 }, { method: 'stance', stance: 'reject' }, { method: 'rank' }],
);
const entry = fc
  .record({ proposal: often(id), choice: often(choice), comment: maybe(text), veto: maybe(text), extra: seldom })
  .map(written);
const entries = fc.oneof(
  { arbitrary: fc.array(often(entry), { maxLength: 3 }), weight: 9 },
  { arbitrary: fc.constantFrom(256, 257).map((length) => Array.from({ length }, anEntry)), weight: 1 },
);
const params = fc
  .record({
    space: often(id),
    session: often(id),
    voter: often(id),
    entries: often(entries),
    previous: maybe(hex(64)),
    notAfter: maybe(instant),
    time: maybe(instant),
    signature: maybe(hex(128)),
    await: maybe(mostly(['final', 'accepted', 'receipt'], ['never'])),
    extra: seldom,
  })
  .map(written);

function mostly<Value>(good: readonly Value[], others: readonly Value[]): fc.Arbitrary<Value> {
  const [usual, unusual] = [fc.constantFrom(...good), fc.constantFrom(...others)];
  return fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: unusual, weight: 1 });
}

function anEntry(_: unknown, at: number) {
  return { proposal: `p${at}`, choice: 1 + (at % 10) };
}

/** What nobody gave is not there: JSON has no undefined. */
function written(given: object): object {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

test('what is read by hand is what the schema reads, and nothing that it refuses', () => {
  let usual = 0;
  let refused = 0;
  const check = (given: object) => {
    const byHand = readUsualBallot(given);
    const { success, data } = ballotSubmit.params.safeParse(given);
    if (byHand !== undefined) assert.deepEqual(byHand, data);
    usual += byHand === undefined ? 0 : 1;
    refused += success ? 0 : 1;
  };
  fc.assert(fc.property(params, check), { numRuns: 3_000 });
  assert.ok(usual > 100 && refused > 100, `${usual} usual, ${refused} refused`);
});

test('ballots as they should be need no schema', () => {
  const plain = { space: 'main', session: 's1', voter: 'v0', entries: [{ proposal: 'p1', choice: 7 }] };
  const texts = [{ proposal: 'p1', choice: 'approve', comment: 'Ein schönes Jahr', veto: '' }];
  const signed = { notAfter: '2026-03-01T12:01:00.000Z', time: '2026-03-01T12:00:00.000Z', signature: '0f'.repeat(64) };
  for (const given of [plain, { ...plain, entries: texts, await: 'accepted' }, { ...plain, ...signed }]) {
    assert.ok(readUsualBallot(given) !== undefined);
  }
});
