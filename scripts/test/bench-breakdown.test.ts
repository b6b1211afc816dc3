import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flatness, type Stretch } from '../bench/history/stretch.ts';
import { breakdownOf, wholeMs } from '../bench/start/breakdown.ts';

const LINES = [
  [900, 'making a network of 4 validators in /tmp/x'],
  [2_000, 'node1 is ready at height 0, http://127.0.0.1:1'],
  [2_300, 'node2 is ready at height 0, http://127.0.0.1:2'],
  [2_800, '13 models are registered, spread over 4 operators'],
  [3_000, 'session demo is open'],
  [3_250, 'amber-large through node1: counted, final after 240 ms'],
  [3_260, 'basil-2 through node2: counted, final after 250 ms'],
] as const;
const SAID = LINES.map(([atMs, text]) => ({ atMs, text }));

test('the parts of a start follow each other and come to the first final ballot', () => {
  const parts = breakdownOf(SAID, 1_100);
  assert.deepEqual(parts, { loading: 900, init: 200, processes: 1_200, registry: 500, session: 200, ballot: 250 });
  assert.equal(wholeMs(parts), 3_250);
});

test('a start without its last line has no breakdown', () => {
  assert.throws(() => breakdownOf(SAID.slice(0, 5), 1_100), /final/);
});

function stretch(perS: number, cpuUsPerBallotPerNode: number, finalMsP99?: number): Stretch {
  return { ballots: 0, perS, finalMsP99, cpuUsPerBallotPerNode, rssMiB: 100 };
}

test('flatness is last by first, by the median of three where there are six', () => {
  const stretches = [
    ...[100, 1, 110].map((perS) => stretch(perS, 50, 20)),
    stretch(7, 90),
    ...[90, 95, 900].map((perS) => stretch(perS, 60, 30)),
  ];
  assert.deepEqual(flatness(stretches), { rate: 0.95, p99: 1.5, cpu: 1.2 });
});

test('two stretches are compared with each other', () => {
  assert.deepEqual(flatness([stretch(100, 50, 10), stretch(50, 100, 10)]), { rate: 0.5, p99: 1, cpu: 2 });
});
