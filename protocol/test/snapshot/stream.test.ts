import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { codeOf } from '../../errors.ts';
import { createState } from '../../governance/create.ts';
import { encodeRow, TABLES } from '../../governance/rows.ts';
import { toHex } from '../../hex.ts';
import type { SnapshotHead } from '../../snapshot/head.ts';
import { restoreSnapshot, SnapshotReader } from '../../snapshot/restore.ts';
import { chunkLeaf, snapshotRoot } from '../../snapshot/snapshot.ts';
import { sortInSlices } from '../../snapshot/sort.ts';
import {
  type ArchivedHeads,
  type ArchivedRow,
  endFrozen,
  freezeState,
  isStale,
  snapshotChunks,
} from '../../snapshot/stream.ts';
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

/** Brings rows in order, and is asked in vain as often as `delays` says before each. */
class SlowHeads implements ArchivedHeads {
  readonly #rows: readonly ArchivedRow[];
  readonly #delays: readonly number[];
  #at = 0;
  #waited = 0;

  constructor(rows: readonly ArchivedRow[], delays: readonly number[]) {
    this.#rows = rows.toSorted((a, b) => (a.key < b.key ? -1 : 1));
    this.#delays = delays;
  }

  peek(): ArchivedRow | 'later' | undefined {
    const row = this.#rows[this.#at];
    if (row === undefined || this.#waited >= (this.#delays[this.#at % this.#delays.length] ?? 0)) return row;
    this.#waited += 1;
    return 'later';
  }

  take(): void {
    this.#at += 1;
    this.#waited = 0;
  }
}

/** Takes the heads of these voters out of the state. */
function archive(world: World, voters: Iterable<number>): ArchivedRow[] {
  return [...new Set(voters)].flatMap((voter) => {
    const key = `main/0001/m${voter}`;
    const row = world.state.heads.get(key);
    return row !== undefined && world.state.heads.archive(key) ? [{ key, bytes: encodeRow(row) }] : [];
  });
}

function settle(world: World): void {
  for (const { name } of TABLES) world.state[name].takeChanges();
}

test('archived heads come back into the stream where they stood, however late they are', () => {
  const voters = fc.array(fc.nat(11), { maxLength: 12 });
  const delays = fc.array(fc.nat(3), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(voters, voters, delays, fc.integer({ min: 16, max: 900 }), (voted, gone, late, chunkBytes) => {
      const world = openWorld(revisable, 12);
      for (const voter of voted) vote(world, [voter, 1 + (voter % 10)]);
      settle(world);
      const whole = chunksOf(world, chunkBytes);
      endFrozen(freezeState(world.state));
      const archivedHeads = new SlowHeads(archive(world, gone), late);
      const stream = snapshotChunks(PLACE, freezeState(world.state), { chunkBytes, archivedHeads });
      assert.deepEqual(
        [...stream].flatMap((chunk) => (chunk === undefined ? [] : toHex(chunk))),
        whole.map(toHex),
      );
      assert.equal(archivedHeads.peek(), undefined);
    }),
    { numRuns: 60 },
  );
});

test('a stream stops when whoever keeps archived heads brings fewer than there are, or more', () => {
  for (const change of [-1, 1]) {
    const world = openWorld(revisable, 6);
    for (const voter of [0, 2, 4]) vote(world, [voter, 5]);
    settle(world);
    const rows = archive(world, [0, 2]);
    const more = [...rows, { key: 'main/0001/m9', bytes: new Uint8Array(9) }];
    const archivedHeads = new SlowHeads(change < 0 ? rows.slice(1) : more, [0]);
    assert.throws(() => [...snapshotChunks(PLACE, freezeState(world.state), { archivedHeads })]);
  }
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
