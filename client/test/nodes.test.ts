import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { backoffMs } from '../backoff.ts';
import { Nodes } from '../nodes.ts';
import type { Target } from '../post.ts';

const target = (name: string): Target => ({ url: `http://${name}`, token: undefined });

function setUp(first = 0) {
  const clock = { nowMs: 0 };
  const nodes = new Nodes(['a', 'b', 'c'].map(target), first, () => clock.nowMs);
  const order = () =>
    nodes
      .ranked()
      .map(({ url }) => url.at(-1))
      .join('');
  const named = (name: string): Target => nodes.ranked().find(({ url }) => url.endsWith(name)) ?? target(name);
  return { clock, nodes, order, named };
}

test('a client stays with a node that works, and many begin at different ones', () => {
  const { nodes, order, named } = setUp(1);
  assert.equal(order(), 'bca');
  nodes.worked(named('b'));
  assert.equal(order(), 'bca');
});

test('a node that failed is last until that is forgotten; the one that failed longest ago comes back first', () => {
  const { clock, nodes, order, named } = setUp();
  nodes.failed(named('a'));
  assert.equal(order(), 'bca');
  clock.nowMs = 1_000;
  nodes.failed(named('b'));
  clock.nowMs = 2_000;
  nodes.failed(named('c'));
  assert.equal(order(), 'abc');
  nodes.failed(named('a'));
  assert.equal(order(), 'bca');
  nodes.worked(named('c'));
  assert.equal(order()[0], 'c');
  clock.nowMs = 120_000;
  assert.equal(order(), 'abc');
});

test('however nodes fail, the last to fail is never first while another has not failed since', () => {
  const events = fc.array(
    fc.record({ node: fc.constantFrom('a', 'b', 'c'), afterMs: fc.nat(20_000), ok: fc.boolean() }),
  );
  fc.assert(
    fc.property(events, (all) => {
      const { clock, nodes, order, named } = setUp();
      for (const { node, afterMs, ok } of all) {
        clock.nowMs += afterMs;
        if (ok) nodes.worked(named(node));
        else {
          nodes.failed(named(node));
          const fresh = order();
          assert.equal(fresh.length, 3);
          assert.notEqual(fresh[0], node);
        }
      }
    }),
  );
});

test('busy nodes stand behind idle ones, and say how long to wait when all are', () => {
  const { clock, nodes, order, named } = setUp();
  nodes.busy(named('a'), 500);
  assert.equal(order(), 'bca');
  assert.equal(nodes.restMs(), 0);
  nodes.busy(named('b'), 300);
  nodes.busy(named('c'), 400);
  assert.equal(nodes.restMs(), 300);
  clock.nowMs = 300;
  assert.equal(nodes.restMs(), 0);
});

test('waits double up to two seconds, half of them by chance', () => {
  const waits = Array.from({ length: 12 }, (_, at) => backoffMs(at + 1, 0.5));
  assert.deepEqual(waits.slice(0, 3), [18.75, 37.5, 75]);
  assert.equal(waits.at(-1), 1_500);
  assert.ok(backoffMs(1_000, 0.999) <= 2_000);
  assert.ok(backoffMs(1, 0) >= 12.5);
});
