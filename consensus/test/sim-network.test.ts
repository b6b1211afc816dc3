import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GOOD_LINKS, Network } from '../sim/network.ts';
import { Random } from '../sim/random.ts';

function arrivals(network: Network, from: number, to: number): number {
  let arrived = 0;
  for (let at = 0; at < 200; at++) arrived += network.delays(from, to).length;
  return arrived;
}

test('a split cuts both ways between the sides and nothing inside them, until it ends', () => {
  const network = new Network(new Random(1), GOOD_LINKS);
  network.split([0, 0, 1, 1], false);
  assert.deepEqual([arrivals(network, 0, 2), arrivals(network, 3, 1)], [0, 0]);
  assert.deepEqual([arrivals(network, 0, 1), arrivals(network, 2, 3)], [200, 200]);
  network.join();
  assert.equal(arrivals(network, 0, 2), 200);
});

test('a one-way split lets one side be heard', () => {
  const network = new Network(new Random(1), GOOD_LINKS);
  network.split([0, 1], true);
  assert.deepEqual([arrivals(network, 0, 1), arrivals(network, 1, 0)], [0, 200]);
});

test('bad links lose, double and reorder; healed ones do not', () => {
  const faults = { delayMs: [1, 2], straggle: 0.5, straggleMs: 100, loss: 0.3, duplicate: 0.3 } as const;
  const network = new Network(new Random(1), faults);
  const drawn = Array.from({ length: 300 }, () => network.delays(0, 1));
  assert.deepEqual([...new Set(drawn.map(({ length }) => length))].sort(), [0, 1, 2]);
  assert.ok(drawn.flat().some((delayMs) => delayMs > 50));
  network.heal();
  for (let at = 0; at < 300; at++) {
    const [delayMs, second] = network.delays(0, 1);
    assert.ok(delayMs !== undefined && delayMs <= 4 && second === undefined);
  }
});
