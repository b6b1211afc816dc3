import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SweepPoint, sweepPlot } from '../bench/cluster/sweep.ts';

function point(series: string, clients: number, perS: number, finalMsP99: number): SweepPoint {
  return { series, clients, perS, ballots: 100, finalMsP50: finalMsP99 / 2, finalMsP99, cpuUsPerBallotPerNode: 50 };
}

test('a way to send is a line, its clients are the points from left to right', () => {
  const points = [point('single', 1, 100, 10), point('batch', 1, 500, 20), point('single', 2, 200, 10)];
  const svg = sweepPlot(points);
  assert.equal(svg.match(/>(?:single|batch)</g)?.length, 2);
  const lines = [
    ...svg.matchAll(/<path d="(M[\d. ]+(?:L[\d. ]+)*)" fill="none" stroke="#[0-9a-f]+" stroke-width="1.8"/g),
  ];
  assert.deepEqual(
    lines.map(([, path = '']) => path.split('L').length),
    [2, 1],
  );
});
