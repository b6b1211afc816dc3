import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawPlan } from '../sim/plan.ts';
import { runWorld } from '../sim/run.ts';

const WORLDS = 6;

/**
 * Worlds whose nodes' clocks stand seconds apart while a session closes by its deadline and voters go on voting. The
 * checkers recount every tally by block time alone: no node counts a ballot that another does not, whatever its clock says.
 */
test('a closing with clocks set apart: block time alone decides, the same at all nodes', () => {
  let counted = 0;
  let closed = 0;
  let worlds = 0;
  for (let seed = 1; worlds < WORLDS; seed++) {
    const { clockStepEveryMs, clockStepMs, crashEveryMs } = drawPlan(seed, { n: 4 });
    if (clockStepEveryMs === 0 || clockStepMs < 1_000 || crashEveryMs > 0) continue;
    worlds += 1;
    const world = runWorld(seed, { n: 4 });
    assert.deepEqual(world.verdict.violations, [], `seed ${seed}`);
    const outcomes = [...world.items.outcomes.values()].flat();
    counted += outcomes.filter((outcome) => outcome === 'counted').length;
    closed += outcomes.filter((outcome) => outcome === 'closed').length;
  }
  assert.ok(counted > 20 && closed > 5, `${counted} counted, ${closed} too late`);
});
