import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { toHex } from '../../protocol/hex.ts';
import { leaderOf } from '../../protocol/roster.ts';
import type { Message, Status } from '../types.ts';
import { block, certificate, child, cutOf, proposal, ROSTER, Solo, segment, vote } from './harness/solo.ts';

const [L1, L2] = [leaderOf(ROSTER, 1), leaderOf(ROSTER, 2)];
const one = segment(0);
const first = block(1, cutOf(one));
const second = child(first, 2, []);
const final = { kind: 'final', blocks: [first], certificate: certificate('finalize', 1, first.hash) } satisfies Message;

function status(finalHeight: number, finalView: number): Status {
  return { kind: 'status', epoch: 0, view: finalView + 1, finalView, finalHeight, tips: [], checkpoint: undefined };
}

test('O-01 an observer executes what is final, once it has the segments, and signs nothing', () => {
  const node = new Solo(undefined);
  node.receive(L1, final);
  node.wait(500);
  assert.equal(node.replica.executed.height, 0);
  assert.equal(node.sentOf('fetch-segments').length > 0, true);
  node.receive(0, { kind: 'segment', segment: one });
  assert.deepEqual([node.replica.executed.height, node.replica.finalView, node.replica.view], [1, 1, 2]);
  const executed = node.delivered.flatMap((delivery) => (delivery.kind === 'executed' ? [delivery.executed] : []));
  assert.deepEqual(
    executed.map(({ checkpoint }) => checkpoint),
    [undefined],
  );
  node.wait(5_000);
  assert.deepEqual([node.votes(), node.sentOf('status')], [[], []]);
});

test('O-02 proposals, votes and other certificates are not for it', () => {
  const node = new Solo(undefined);
  node.receive(L1, proposal(first), { kind: 'vote', vote: vote('notarize', 1, first.hash, L1) });
  node.receive(L1, { kind: 'certificate', certificate: certificate('notarize', 1, first.hash) });
  node.receive(L1, { kind: 'certificate', certificate: certificate('nullify', 1, undefined) });
  assert.deepEqual([...new Set(node.told('refused'))], ['not for an observer']);
  assert.deepEqual([node.journal.length, node.replica.view, node.sent.length], [0, 1, 0]);
});

test('a finalization of fewer than a quorum, or of blocks beside the final one, changes nothing', () => {
  const node = new Solo(undefined);
  const few = { ...certificate('finalize', 1, first.hash, [0, 1]) };
  node.receive(L1, { kind: 'final', blocks: [first], certificate: few });
  const beside = block(2, [], { parentHash: first.hash });
  node.receive(L2, { kind: 'final', blocks: [beside], certificate: certificate('finalize', 2, beside.hash) });
  assert.equal(node.replica.finalHeight, 0);
  assert.deepEqual(node.told('refused'), ['certificate signatures', 'blocks that do not follow the final one']);
});

test('R-06 what it missed it fetches of whoever says to have it', () => {
  const node = new Solo(undefined);
  node.receive(2, status(5, 7));
  node.wait(500);
  assert.deepEqual(node.sentOf('fetch-final')[0], { kind: 'fetch-final', from: 1 });
});

test('S-13 a run of final blocks that begins above the next one is kept, and what is missing below it is asked for', () => {
  const node = new Solo(undefined);
  const run = [first];
  for (let view = 2; view <= 40; view++) run.push(child(run.at(-1) ?? first, view, []));
  const tip = run.at(-1) ?? first;
  const good = certificate('finalize', 40, tip.hash);
  const suffix = { kind: 'final', blocks: run.slice(8), certificate: good } as const;
  node.receive(L1, { ...suffix, blocks: [run[4] ?? first, ...run.slice(9)] });
  assert.equal(node.journal.length, 0);
  node.receive(L1, suffix);
  assert.equal(node.replica.finalHeight, 0);
  for (let tick = 0; tick < 600 && node.replica.finalHeight === 0; tick++) {
    const { length } = node.sent;
    node.wait(10);
    for (const asked of node.sent.slice(length)) {
      const hash = asked.kind === 'fetch-block' ? toHex(asked.hash) : '';
      const found = run.find((one) => toHex(one.hash) === hash);
      if (found !== undefined) node.receive(L2, { kind: 'block', block: found });
    }
  }
  assert.equal(node.replica.finalHeight, 40);
  assert.deepEqual([...new Set(node.told('refused'))], ['blocks that do not follow the final one']);
});

test('A3 finalizations of blocks that never come fill no more than their table', () => {
  const node = new Solo(undefined);
  for (let view = 1; view <= 200; view++) {
    const hash = block(view, []).hash;
    node.receive(L1, { kind: 'certificate', certificate: certificate('finalize', view, hash) });
  }
  assert.ok(node.replica.unresolved.size <= 64 && node.replica.views.size <= 66, String(node.replica.views.size));
  assert.deepEqual(
    [node.replica.unresolved.has(1), node.replica.unresolved.has(200), node.replica.view],
    [true, true, 201],
  );
});

test('D-03 after a restart it stands where its journal ended', () => {
  const node = new Solo(undefined);
  node.receive(L1, final);
  node.receive(0, { kind: 'segment', segment: one });
  const again = new Solo(undefined, node.journal, node.nowMs);
  assert.deepEqual([again.replica.executed.height, again.replica.finalHeight], [1, 1]);
});

test('K-01 f + 1 validators that executed to another state stop it', () => {
  const node = new Solo(undefined);
  node.receive(L1, final);
  node.receive(0, { kind: 'segment', segment: one });
  for (const self of [1, 2]) {
    const other = new Solo(self);
    const signers = [0, 1, 2, 3].filter((index) => index !== self);
    const proof = certificate('finalize', 1, first.hash, signers);
    other.receive(self === L1 ? L2 : L1, { kind: 'segment', segment: one }, { ...final, certificate: proof });
    const own = other.replica.checkpoints.latestOwn();
    assert.ok(own !== undefined);
    node.receive(self, { kind: 'checkpoint', checkpoint: own });
  }
  assert.deepEqual(node.told('violation'), []);
  assert.equal(
    node.delivered.some(({ kind }) => kind === 'checkpoint'),
    true,
  );
});

test('O-01 whatever it is sent, in any order, it never signs', () =>
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(7)), { maxLength: 30 }), (events) => {
      const node = new Solo(undefined);
      const messages: Message[] = [
        final,
        { kind: 'segment', segment: one },
        { kind: 'certificate', certificate: certificate('finalize', 1, first.hash) },
        { kind: 'block', block: first },
        proposal(second),
        status(1, 1),
        { kind: 'vote', vote: vote('finalize', 1, first.hash, 1) },
        { kind: 'final', blocks: [first, second], certificate: certificate('finalize', 2, second.hash) },
      ];
      for (const [from, at] of events) {
        const message = messages[at];
        if (message !== undefined) node.receive(from, message);
        node.wait(300);
      }
      assert.deepEqual(node.votes(), []);
      assert.equal(node.replica.violated, false);
      assert.ok(node.replica.executed.height <= 2, toHex(node.replica.executed.hash));
    }),
    { numRuns: 60 },
  ));
