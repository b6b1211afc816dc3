import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EventQueue } from '../sim/queue.ts';
import { Random } from '../sim/random.ts';

test('events come by time, and of one time in the order of pushing', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { maxLength: 200 }), (times) => {
      const queue = new EventQueue<number>();
      times.forEach((atMs, order) => {
        queue.push(atMs, order);
      });
      const wanted = times.map((atMs, order) => ({ atMs, order })).sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const popped = times.map(() => queue.pop());
      assert.deepEqual(
        popped.map((entry) => entry?.event),
        wanted.map(({ order }) => order),
      );
      assert.equal(queue.pop(), undefined);
    }),
  );
});

test('pushing while popping keeps the order', () => {
  const queue = new EventQueue<string>();
  for (const [atMs, name] of [
    [5, 'c'],
    [1, 'a'],
  ] as const)
    queue.push(atMs, name);
  assert.equal(queue.pop()?.event, 'a');
  queue.push(3, 'b');
  assert.equal(queue.nextAtMs, 3);
  assert.deepEqual([queue.pop()?.event, queue.pop()?.event, queue.size], ['b', 'c', 0]);
});

test('one seed draws the same for ever, another seed something else, and a fork moves nothing', () => {
  const draw = (seed: number, forks: number): number[] => {
    const random = new Random(seed);
    const fork = random.fork();
    for (let at = 0; at < forks; at++) fork.next();
    return Array.from({ length: 8 }, () => random.below(1_000));
  };
  assert.deepEqual(draw(7, 0), draw(7, 5));
  assert.notDeepEqual(draw(7, 0), draw(8, 0));
  assert.notDeepEqual(draw(7, 0), draw(7 + 2 ** 40, 0));
});
