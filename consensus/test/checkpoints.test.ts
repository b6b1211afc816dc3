import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '../../protocol/hex.ts';
import { type Checkpoint, checkpointDigest } from '../../protocol/receipt/checkpoint.ts';
import { leaderOf } from '../../protocol/roster.ts';
import type { Replica } from '../replica-state.ts';
import { runSeed, runWorld } from '../sim/run.ts';
import type { Message } from '../types.ts';
import { block, certificate, cutOf, ROSTER, Solo, segment, signAs } from './harness/solo.ts';

const SELF = leaderOf(ROSTER, 4);
const OTHERS = [0, 1, 2, 3].filter((index) => index !== SELF);
const [A = 0, B = 0] = OTHERS;

/** A node that executed one block, and its checkpoint of it. */
function executed(): { node: Solo; own: Checkpoint } {
  const node = new Solo(SELF);
  const first = block(1, cutOf(segment(A)));
  node.receive(A, { kind: 'segment', segment: segment(A) });
  node.receive(A, { kind: 'final', blocks: [first], certificate: certificate('finalize', 1, first.hash, OTHERS) });
  const own = node.delivered.flatMap((one) => (one.kind === 'executed' ? (one.executed.checkpoint ?? []) : []))[0];
  assert.ok(own !== undefined);
  return { node, own: own.checkpoint };
}

function signed(signer: number, checkpoint: Checkpoint): Message {
  return {
    kind: 'checkpoint',
    checkpoint: { checkpoint, signer, signature: signAs(signer, checkpointDigest(checkpoint)) },
  };
}

test('K-01 a lying checkpoint stops nobody, whoever sends how many; f + 1 equal ones stop this node, both roots named', () => {
  const { node, own } = executed();
  const lie = { ...own, root: new Uint8Array(32).fill(7) };
  for (let times = 0; times < 3; times++) node.receive(A, signed(A, lie));
  assert.deepEqual([node.told('evidence'), node.told('violation')], [['another checkpoint of height 1'], []]);
  assert.equal(node.replica.violated, false);
  // Another lie than the first: two liars that do not agree are not f + 1.
  node.receive(B, signed(B, { ...lie, root: new Uint8Array(32).fill(8) }));
  assert.deepEqual(node.told('violation'), []);

  const buggy = executed();
  for (const one of [A, B]) buggy.node.receive(one, signed(one, lie));
  assert.deepEqual(buggy.node.told('violation'), ['f + 1 validators executed to another root']);
  const facts = buggy.node.delivered.flatMap((one) => (one.kind === 'violation' ? one.facts : []));
  const history = toHex(own.history);
  assert.deepEqual(facts, [
    `height 1: own root ${toHex(own.root)} history ${history}, theirs root ${toHex(lie.root)} history ${history}`,
  ]);
  const before = buggy.node.votes().length;
  buggy.node.wait(2_000);
  assert.equal(buggy.node.votes().length, before, 'it signs nothing more');
});

test('K-01 the campaign finds a planted execution bug of one node, and a network with a false witness goes on', () => {
  const buggy = 2;
  const afterStep = (replica: Replica): void => {
    if (replica.config.self !== buggy) return;
    for (const [key, row] of replica.state.tallies.entries())
      if (row.n > 0) replica.state.tallies.restore(key, { ...row, n: row.n - 1 });
  };
  const { violations } = runSeed(5, { n: 4, villains: [], plant: { shows: /another root/, afterStep } });
  assert.ok(
    violations.some((one) => /^S11 equal execution|f \+ 1 validators executed to another root/.test(one)),
    violations.join('; '),
  );
  const world = runWorld(4, { n: 4, villains: ['false-witness'] });
  assert.deepEqual(world.verdict.violations, []);
  assert.ok(world.history.blocks().length > 5);
});
