import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lineOf, scenarioScreen } from '../stage/report.ts';
import { isHeld, type ScenarioResult } from '../stage/run.ts';

const held: ScenarioResult = {
  scenario: 'kill-any',
  promise: 'it goes on',
  seed: 7,
  verdict: 'holds',
  findings: [
    { invariant: 'L1', holds: true, figure: 'gap 1.2 s' },
    { invariant: 'S2', holds: true, figure: 'lost 0, doubled 0 of 90' },
  ],
  elapsedMs: 31_400,
};
const skipped: ScenarioResult = {
  ...held,
  scenario: 'power-cut',
  verdict: 'skipped',
  reason: 'needs strace on the path',
  findings: [],
  elapsedMs: 0,
};
const broken: ScenarioResult = {
  ...held,
  scenario: 'halves',
  verdict: 'broken',
  findings: [
    { invariant: 'S1', holds: false, figure: '2 blocks at height 9' },
    { invariant: 'S2', holds: true, figure: 'lost 0' },
  ],
  kept: '/somewhere',
};

describe('the report of the scenarios', () => {
  it('never counts a skipped one as one that holds', () => {
    const { title, rows, next } = scenarioScreen([held, skipped]);
    assert.equal(title, '1 of 1 scenarios hold, 1 skipped');
    assert.deepEqual(rows[1], ['power-cut', 'skipped', '0 s', 'needs strace on the path']);
    assert.equal(next, 'waggle testnet up --detach --faults');
  });

  it('names what broke, where to look and how to see it again', () => {
    const { title, rows, notes, next } = scenarioScreen([held, broken, skipped]);
    assert.equal(title, '1 of 2 scenarios hold, 1 skipped');
    assert.deepEqual(rows[0], ['kill-any', 'holds', '31 s', 'gap 1.2 s, lost 0, doubled 0 of 90']);
    assert.equal(rows[1]?.[1], 'BROKEN');
    assert.deepEqual(notes, [
      'halves must show: it goes on',
      '  S1: 2 blocks at height 9',
      '  homes and logs: /somewhere',
    ]);
    assert.equal(next, 'waggle testnet scenario halves --seed 7');
  });

  it('says why a scenario ended before it was judged', () => {
    const early = { ...broken, findings: [], reason: 'node2 ended: out of space' };
    assert.match(lineOf(early), /^halves BROKEN after 31 s: node2 ended: out of space$/);
  });

  it('takes no findings for no proof', () => {
    assert.equal(isHeld([]), false);
    assert.equal(isHeld(held.findings), true);
    assert.equal(isHeld(broken.findings), false);
  });
});
