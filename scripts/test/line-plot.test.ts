import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linePlot } from '../bench/plot/line-plot.ts';

const plot = {
  title: 'rate & delay < 5',
  x: { label: 'seconds' },
  y: { label: 'items/s' },
  series: [
    {
      name: 'agent',
      points: [
        [0, 0],
        [5, 12_400],
        [10, Number.NaN],
        [10, 20_000],
      ],
    },
    { name: 'nothing yet', points: [] },
  ],
} as const;

test('a plot has its title, axes with round ticks, a legend and one path a series, in the same bytes each time', () => {
  const svg = linePlot(plot);
  assert.equal(svg, linePlot(plot));
  assert.match(svg, /rate &amp; delay &lt; 5/);
  for (const wanted of ['>seconds<', '>items/s<', '>agent<', '>20k<', '>0<', '>10<'])
    assert.ok(svg.includes(wanted), wanted);
  assert.equal(svg.match(/stroke-width="1.8"/g)?.length, 2);
  assert.ok(!svg.includes('NaN'));
});

test('a plot of nothing, of one point and of negative values is an SVG all the same', () => {
  for (const points of [
    [],
    [[3, 7]],
    [
      [-2, -5],
      [2, 5],
    ],
  ] as const) {
    const svg = linePlot({ ...plot, series: [{ name: 'one', points }] });
    assert.ok(!/NaN|Infinity|undefined/.test(svg), svg);
  }
});
