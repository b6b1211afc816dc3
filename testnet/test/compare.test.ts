import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TallyProposal, TallyResult } from '../../node/cli/rpc-shapes.ts';
import { compareTallies } from '../replay/compare.ts';
import { concurrently, percentile } from '../voting/concurrently.ts';
import { agreeing, canonicalJson } from '../voting/tallies.ts';

const COUNTED: TallyProposal = {
  proposal: 'p-022',
  n: 3,
  total: 20,
  percent: { num: 200, den: 3 },
  threshold: { op: '>=', percent: { num: 60, den: 1 } },
  approved: true,
  band: 'approved',
  veto: { electors: 3, low: 1, lowWithText: 0, lowAll: 1, texts: 0, share: { num: 100, den: 3 }, resolution: 'none' },
  status: 'approved',
  rank: 1,
};
const EXPECTED = {
  proposal_id: 'P-022',
  n: 3,
  total: 20,
  percent: 66.7,
  threshold: 60,
  approved: true,
  band: 'approved',
  veto: { generals: 3, low: 1, share: 33.3, low_all: 1, texts: 0 },
  rank: 1,
};

test('equal tallies are equal, whatever case the id is in', () => {
  assert.deepEqual(compareTallies({ tally: [EXPECTED] }, [COUNTED]), { equal: 1, total: 1, differences: [] });
});

for (const [name, change] of [
  ['n', { n: 4 }],
  ['total', { total: 21 }],
  ['percent', { percent: { num: 201, den: 3 } }],
  ['threshold', { threshold: { op: '>=', percent: { num: 61, den: 1 } } }],
  ['threshold', { threshold: null, approved: null }],
  ['approved', { approved: false }],
  ['band', { band: 'hold' }],
  ['veto share', { veto: { ...COUNTED.veto, share: { num: 200, den: 3 } } }],
  ['rank', { rank: 2 }],
  ['veto low', { veto: null }],
] as const) {
  test(`another ${name} is a difference that is named`, () => {
    const { equal, differences } = compareTallies({ tally: [EXPECTED] }, [{ ...COUNTED, ...change } as TallyProposal]);
    assert.equal(equal, 0);
    assert.match(differences.join(), new RegExp(`${name} `));
  });
}

test('proposals that only one side has are differences', () => {
  assert.equal(compareTallies({ tally: [EXPECTED] }, []).differences.length, 1);
  assert.equal(compareTallies({ tally: [] }, [COUNTED]).differences.length, 1);
});

test('nodes agree only at one height, with equal proposals, and when a quorum answered', () => {
  const tally = (height: number, proposals = [COUNTED]): TallyResult => ({
    space: 's',
    session: 't',
    final: true,
    height,
    proposals,
  });
  const nodes = (...tallies: (TallyResult | undefined)[]) => tallies.map((one, at) => ({ node: `n${at}`, tally: one }));
  assert.equal(agreeing(nodes(tally(5), tally(5), tally(5), tally(5))), true);
  assert.equal(agreeing(nodes(tally(5), tally(5), tally(5), undefined)), true);
  assert.equal(agreeing(nodes(tally(5), tally(5), undefined, undefined)), false);
  assert.equal(agreeing(nodes(tally(5), tally(5), tally(5), tally(6))), false);
  assert.equal(agreeing(nodes(tally(5), tally(5), tally(5), tally(5, [{ ...COUNTED, total: 21 }]))), false);
  assert.equal(agreeing([]), false);
});

test('canonical JSON does not know the order of keys, but that of lists', () => {
  assert.equal(canonicalJson({ b: 1, a: [{ d: 2, c: null }] }), '{"a":[{"c":null,"d":2}],"b":1}');
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
});

test('percentiles by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at);
  assert.equal(percentile(values, 0.5), 50);
  assert.equal(percentile(values, 0.99), 99);
  assert.equal(percentile([7.04], 0.99), 7);
  assert.equal(percentile([], 0.5), 0);
});

test('no more than the wanted number runs at once, results keep their order, an error ends it', async () => {
  let running = 0;
  let most = 0;
  const results = await concurrently([3, 1, 2, 5, 4], 2, async (item) => {
    running++;
    most = Math.max(most, running);
    await Promise.resolve();
    running--;
    return item * 10;
  });
  assert.deepEqual(results, [30, 10, 20, 50, 40]);
  assert.equal(most, 2);
  const done: number[] = [];
  const failing = concurrently([1, 2, 3, 4], 1, async (item) => {
    if (item === 2) throw new Error('two');
    done.push(item);
  });
  await assert.rejects(failing, /two/);
  assert.deepEqual(done, [1]);
});
