import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BatchPolicy, FIXED_BATCHES } from '../batching/pool.ts';
import { block, certificate, cutOf, Solo } from './harness/solo.ts';

/* C-01, C-04: a batch that is due waits while as many own segments as the policy allows are unfinal. */

const SELF = 1;
const oneInFlight: BatchPolicy = { ...FIXED_BATCHES, lingerMs: () => 20, inFlightSegmentsMax: () => 1 };

let marks = 0;
function submit(solo: Solo, shard = 1) {
  marks += 1;
  const bytes = Uint8Array.of(marks >> 8, marks & 0xff);
  return solo.step({ kind: 'submit', shard, item: { kind: 9, bytes }, id: bytes });
}

function heights(solo: Solo, shard = 1): number {
  return solo.replica.authors.tip(shard).height;
}

function solo(batches: BatchPolicy): Solo {
  return new Solo(SELF, [], undefined, {}, batches);
}

/** What the node sealed in shard 1 becomes final by a block of view 1. */
function finalize(node: Solo): void {
  const own = node.journal.flatMap((entry) => (entry.kind === 'segment' ? [entry.segment] : []));
  const [first] = own;
  assert.ok(first !== undefined);
  const hashed = block(1, cutOf(first));
  const finalization = certificate('finalize', 1, hashed.hash);
  node.receive(2, { kind: 'final', blocks: [hashed], certificate: finalization });
  assert.equal(node.replica.finalHeight, 1);
}

test('C-01 a due batch is held back while one segment is unfinal, grows, and is sealed in the step of its finality', () => {
  const node = solo(oneInFlight);
  submit(node);
  node.wait(20);
  assert.equal(heights(node), 1);
  for (let at = 0; at < 3; at++) submit(node);
  node.wait(200);
  assert.equal(heights(node), 1);
  finalize(node);
  assert.equal(heights(node), 2);
  const last = node.journal.filter((entry) => entry.kind === 'segment').at(-1);
  assert.equal(last?.segment.header.count, 3);
});

test('C-01 what waits for finality wakes nobody, and hides no other shard that will be due', () => {
  const node = solo(oneInFlight);
  submit(node);
  node.wait(20);
  submit(node);
  node.wait(30);
  assert.equal(heights(node), 1);
  const { wakeAtMs } = submit(node, 2);
  assert.equal(wakeAtMs, node.nowMs + 20);
  node.wait(20);
  assert.equal(heights(node, 2), 1);
  // All that is due is held or sealed: the next wake is that of a timer of consensus, not of now.
  const idle = node.step({ kind: 'tick' });
  assert.ok(idle.wakeAtMs === undefined || idle.wakeAtMs > node.nowMs, String(idle.wakeAtMs));
});

test('C-01 a policy that allows nothing, or no number, still seals', () => {
  for (const inFlightSegmentsMax of [0, -5, Number.NaN]) {
    const node = solo({ ...oneInFlight, inFlightSegmentsMax: () => inFlightSegmentsMax });
    submit(node);
    node.wait(20);
    assert.equal(heights(node), 1);
  }
});

test('C-04 fixed batches hold back at half the window, as everybody accepts it', () => {
  const node = solo({ ...FIXED_BATCHES, lingerMs: () => 0 });
  for (let at = 0; at < 40; at++) submit(node);
  assert.equal(heights(node), 32);
  assert.equal(node.replica.pool.waiting(1), 8);
});
