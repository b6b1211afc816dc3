import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultBound, quorum } from '../../protocol/roster.ts';
import { explore } from '../sim/exhaustive/explore.ts';
import { KeySet } from '../sim/exhaustive/key-set.ts';
import { SMALL_WORLDS } from '../sim/exhaustive/worlds.ts';

const STATES_MAX = 2_000_000;

for (const { name, rules, breaks } of SMALL_WORLDS) {
  test(`${name}: ${breaks === undefined ? 'every state is safe' : 'breaks, as it must'}`, () => {
    const { complete, violation, states } = explore(rules, STATES_MAX);
    if (breaks === undefined) assert.deepEqual([violation, complete], [undefined, true]);
    else assert.match(violation ?? '', breaks);
    assert.ok(states > 1);
  });
}

test('for every n up to 21: two quorums share an honest validator, and the honest alone are one', () => {
  for (let n = 1; n <= 21; n++) {
    const [f, q] = [faultBound(n), quorum(n)];
    assert.ok(n >= 3 * f + 1 && n < 3 * (f + 1) + 1, `n = ${n}, f = ${f}`);
    // The smallest overlap of two sets of q among n.
    assert.ok(2 * q - n > f, `n = ${n}: ${2 * q - n} in common, ${f} may be faulty`);
    assert.ok(q <= n - f, `n = ${n}: a quorum of ${q} without ${f}`);
  }
});

test('the set of keys holds what was added, over its growth', () => {
  const [keys, twin] = [new KeySet(2), new Set<number>()];
  for (let at = 0; at < 5_000; at++) {
    const key = (at * 2_654_435_761 * 4_099) % 2 ** 52;
    assert.equal(keys.add(key), !twin.has(key));
    twin.add(key);
    assert.equal(keys.add(key), false);
  }
  assert.equal(keys.size, twin.size);
});
