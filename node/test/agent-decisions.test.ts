import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decisions } from '../agent/decisions.ts';
import { AgentBench, TARGETS } from './harness/agent-bench.ts';

const ESTIMATES = { deliveryPerS: 1, finalMsMin: 1, itemBytes: 1, finalMsP99: 1, pipeItems: 1 };

function decision(shard: number, reason = 'rate-grows') {
  return { atMs: 1, shard, phase: 'steady' as const, reason, estimates: ESTIMATES, targets: TARGETS };
}

test('the last 1,024 are kept, numbered from 1, and who is behind is told what it lost', () => {
  const decisions = new Decisions('7');
  for (let at = 0; at < 1_030; at++) decisions.record([decision(at % 2)], 5_000 + at);
  assert.equal(decisions.seq, 1_030);
  assert.deepEqual(
    decisions.newest(2).map(({ seq }) => seq),
    [1_030, 1_029],
  );
  assert.deepEqual(
    decisions.newest(3, 9).map(({ seq }) => seq),
    [8, 7],
  );
  assert.deepEqual(decisions.newest(10, 7), []);
  assert.deepEqual([decisions.after(0).lost, decisions.after(0).events.length], [6, 1_024]);
  assert.deepEqual([decisions.after(1_029).lost, decisions.after(1_029).events[0]?.timeMs], [0, 6_029]);
  assert.equal(decisions.latest(0)?.seq, 1_029);
});

test('every decision of the controller is recorded with its reason, and listeners hear of it', () => {
  const bench = new AgentBench();
  let heard = 0;
  const stop = bench.agent.decisions.listen(() => {
    heard += 1;
  });
  bench.submit(1, 2);
  bench.submit(2, 2);
  bench.window();
  assert.deepEqual([bench.controller.samples.length, heard], [1, 1]);
  assert.deepEqual(bench.agent.decisions.reasons(), { 'seen-1': 1, 'seen-2': 1 });
  assert.deepEqual(
    bench.agent.decisions.newest(10).map(({ seq, shard, timeMs }) => [seq, shard, timeMs]),
    [
      [2, 2, 1_700_000_001_100],
      [1, 1, 1_700_000_001_100],
    ],
  );
  stop();
  bench.window();
  assert.equal(heard, 1);
});
