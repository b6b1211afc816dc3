import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeOf } from '../../errors.ts';
import { createState } from '../../governance/create.ts';
import { TABLES } from '../../governance/rows.ts';
import { toHex } from '../../hex.ts';
import type { SnapshotHead } from '../../snapshot/head.ts';
import { restoreSnapshot, SnapshotReader } from '../../snapshot/restore.ts';
import { chunkLeaf, snapshotRoot } from '../../snapshot/snapshot.ts';
import { sortInSlices } from '../../snapshot/sort.ts';
import { endFrozen, freezeState, isStale, snapshotChunks } from '../../snapshot/stream.ts';
import { GENESIS, openWorld, RULE, scores, type World } from '../governance/world.ts';

const PLACE: Omit<SnapshotHead, 'rowCounts'> = {
  chain: openWorld().state.chain,
  epoch: 0,
  height: 10,
  view: 12,
  hash: new Uint8Array(32).fill(1),
  timeMs: 1_000,
  history: new Uint8Array(32).fill(2),
  cut: [{ shard: 1, author: 2, incarnation: 0, height: 3, tip: new Uint8Array(32).fill(3) }],
  standings: [{ author: 3, incarnation: 0, muted: true, pardoned: false, sinceView: -1, restart: undefined }],
};

type Step = readonly [voter: number, weight: number];

function vote(world: World, [voter, weight]: Step): void {
  const previous = world.state.heads.get(`main/0001/m${voter}`)?.ballot;
  world.block(world.ballot(voter, scores(weight, 11 - weight), { previous, timeMs: world.timeMs }));
}

const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 10 })), { maxLength: 12 });
const revisable = { rule: { ...RULE, revisable: true } };

function chunksOf(world: World, chunkBytes: number): Uint8Array[] {
  return [...snapshotChunks(PLACE, freezeState(world.state), { chunkBytes })].flatMap((chunk) => chunk ?? []);
}

test('a snapshot restores to the same rows, and both states go on alike', () => {
  fc.assert(
    fc.property(steps, steps, fc.integer({ min: 16, max: 5_000 }), (before, after, chunkBytes) => {
      const world = openWorld(revisable, 6);
      for (const step of before) vote(world, step);
      const copy = openWorld(revisable, 6);
      const state = createState(GENESIS);
      const { rowCounts, ...place } = restoreSnapshot(state, chunksOf(world, chunkBytes));
      assert.deepEqual(place, PLACE);
      assert.equal(rowCounts.length, TABLES.length);
      Object.assign(copy, { state, height: world.height, timeMs: world.timeMs });
      assert.deepEqual(copy.rows(), world.rows());
      for (const step of after) for (const one of [world, copy]) vote(one, step);
      assert.deepEqual(copy.rows(), world.rows());
      assert.deepEqual(chunksOf(copy, chunkBytes).map(toHex), chunksOf(world, chunkBytes).map(toHex));
    }),
    { numRuns: 40 },
  );
});

test('what is executed while a snapshot is read is not in it', () => {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const world = openWorld(revisable, 6);
      for (const step of before) vote(world, step);
      const expected = chunksOf(world, 200).map(toHex);
      const stream = snapshotChunks(PLACE, freezeState(world.state), { chunkBytes: 200 });
      const chunks: string[] = [];
      const rest = [...after];
      for (const chunk of stream) {
        if (chunk !== undefined) chunks.push(toHex(chunk));
        const step = rest.pop();
        if (step !== undefined) vote(world, step);
        if (rest.length === 2) world.block(world.open({ session: 'other' as never }));
      }
      assert.deepEqual(chunks, expected);
    }),
    { numRuns: 40 },
  );
});

test('a later freeze makes the earlier one stale, and an ended one keeps nothing', () => {
  const world = openWorld();
  const first = freezeState(world.state);
  const second = freezeState(world.state);
  assert.deepEqual([isStale(first), isStale(second)], [true, false]);
  endFrozen(second);
  assert.equal(isStale(second), true);
});

function refusal(chunks: readonly Uint8Array[]): string | undefined {
  try {
    restoreSnapshot(createState(GENESIS), chunks);
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

test('a stream that is cut, doubled, reordered or changed is refused by a code', () => {
  const world = openWorld();
  vote(world, [0, 5]);
  const chunks = chunksOf(world, 300);
  assert.equal(refusal(chunks), undefined);
  assert.equal(refusal([]), 'WAGGLE_SNAPSHOT_FORM');
  for (let count = 1; count < chunks.length; count++) {
    assert.equal(refusal(chunks.slice(0, count)), 'WAGGLE_SNAPSHOT_FORM', `${count} chunks`);
  }
  assert.notEqual(refusal([...chunks, ...chunks]), undefined);
  assert.notEqual(refusal([...chunks].reverse()), undefined);
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bytes = Uint8Array.from(Buffer.concat(chunks));
      const place = at % bytes.length;
      bytes[place] = (bytes[place] ?? 0) ^ change;
      const reader = new SnapshotReader();
      try {
        for (const _ of reader.push(bytes));
        reader.end();
      } catch (error) {
        assert.match(String(codeOf(error)), /^WAGGLE_(SNAPSHOT|CODEC|CBOR)_/);
      }
    }),
    // Once: a flag of a standing that there is none of.
    { numRuns: 200, examples: [[214_947_836, 8]] },
  );
});

test('the root fixes the order and the number of chunks', () => {
  const leaves = chunksOf(openWorld(), 200).map(chunkLeaf);
  const root = toHex(snapshotRoot(leaves));
  assert.notEqual(toHex(snapshotRoot(leaves.toReversed())), root);
  assert.notEqual(toHex(snapshotRoot(leaves.slice(0, -1))), root);
  assert.notEqual(toHex(snapshotRoot([...leaves, new Uint8Array(32)])), root);
});

test('keys are sorted whole, however many, with pauses between', () => {
  const keys = Array.from({ length: 30_000 }, (_, at) => `key/${(at * 7_919) % 30_011}`);
  const sort = sortInSlices(keys);
  let pauses = 0;
  let step = sort.next();
  for (; step.done !== true; step = sort.next()) pauses += 1;
  assert.deepEqual(step.value, keys.toSorted());
  assert.ok(pauses > 3);
});
