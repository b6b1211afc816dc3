import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyPairFromSeed } from '../../protocol/crypto/keys.ts';
import { createState } from '../../protocol/governance/create.ts';
import { encodeRow, TABLES } from '../../protocol/governance/rows.ts';
import { toHex } from '../../protocol/hex.ts';
import { leaderOf } from '../../protocol/roster.ts';
import { restoreSnapshot } from '../../protocol/snapshot/restore.ts';
import {
  chunkLeaf,
  type SignedSnapshot,
  type Snapshot,
  snapshotDigest,
  snapshotRoot,
} from '../../protocol/snapshot/snapshot.ts';
import { snapshotChunks } from '../../protocol/snapshot/stream.ts';
import { adopt } from '../adopt.ts';
import type { Delivery, Message } from '../types.ts';
import { ANCHOR, block, CHAIN, certificate, child, cutOf, GENESIS, ROSTER, Solo, segment } from './harness/solo.ts';

const one = segment(0);
const two = segment(1);
const first = block(1, cutOf(one));
const second = child(first, 2, cutOf(two));
const third = child(second, 3, cutOf(segment(0, 2, one.id)));
const [L1] = [leaderOf(ROSTER, 1)];
const snapshot: Snapshot = {
  chain: CHAIN,
  epoch: 0,
  height: 10_000,
  blockHash: first.hash,
  history: CHAIN,
  root: second.hash,
};

function signed(signer: number, of = snapshot): SignedSnapshot {
  const key = keyPairFromSeed(new Uint8Array(32).fill(signer + 1));
  return { snapshot: of, signer, signature: key.sign(snapshotDigest(of)) };
}

const say = (signer: number, of = snapshot): Message => ({ kind: 'snapshot', signed: signed(signer, of) });
const toldSnapshots = (node: Solo) =>
  node.delivered.flatMap((one) => (one.kind === 'snapshot' ? [one.signed.map(({ signer }) => signer)] : []));

test('K-03 f + 1 equal signatures are told once, f are not, one signer counts once', () => {
  const node = new Solo(undefined);
  node.receive(0, say(0), say(0));
  assert.deepEqual(toldSnapshots(node), []);
  node.receive(3, say(3, { ...snapshot, root: first.hash }));
  assert.deepEqual(toldSnapshots(node), []);
  node.receive(2, say(2));
  node.receive(1, say(1));
  assert.deepEqual(toldSnapshots(node), [[0, 2]]);
});

test('K-03 a signature of another, of another epoch, or that does not hold is refused with its reason', () => {
  const node = new Solo(undefined);
  node.receive(1, say(0));
  node.receive(1, say(1, { ...snapshot, epoch: 1 }));
  node.receive(2, { kind: 'snapshot', signed: { ...signed(2), snapshot: { ...snapshot, height: 20_000 } } });
  node.receive(3, say(3, { ...snapshot, chain: first.hash }));
  assert.deepEqual(node.told('refused'), [
    'snapshot of somebody else',
    'snapshot of another epoch',
    'snapshot signature',
    'snapshot signature',
  ]);
  assert.deepEqual(toldSnapshots(node), []);
});

test('K-03 of each signer the two newest heights are kept, so a liar fills nothing', () => {
  const node = new Solo(undefined);
  for (let height = 100; height > 0; height--) node.receive(0, say(0, { ...snapshot, height }));
  assert.equal(node.told('refused').filter((reason) => reason === 'snapshot of an old height').length, 98);
  node.receive(1, say(1, { ...snapshot, height: 99 }));
  assert.deepEqual(toldSnapshots(node), [[0, 1]]);
});

test('K-03 another root of f stops nobody, of f + 1 it stops this node', () => {
  const node = new Solo(0);
  node.step({ kind: 'snapshot', snapshot });
  assert.deepEqual(
    node.sentOf('snapshot').map((message) => message.signed.signer),
    [0],
  );
  const other = { ...snapshot, root: first.hash };
  node.receive(1, say(1, other));
  assert.deepEqual([node.told('evidence'), node.told('violation')], [['another snapshot of height 10000'], []]);
  node.receive(2, say(2, other));
  assert.deepEqual(node.told('violation'), ['f + 1 validators have another state']);
});

test('K-03 an own signature is said again with every Status', () => {
  const node = new Solo(0);
  node.step({ kind: 'snapshot', snapshot });
  node.wait(3_000);
  assert.ok(node.sentOf('snapshot').length >= 3);
});

test('a peer says what it has given up', () => {
  const node = new Solo(undefined);
  node.receive(2, { kind: 'pruned', height: 77 });
  assert.equal(node.replica.peers[2]?.prunedHeight, 77);
});

/** An observer that executed the blocks given, with snapshots every two. */
function observerAt(...blocks: readonly ReturnType<typeof block>[]): Solo {
  const node = new Solo(undefined);
  Object.assign(node.replica.config, { snapshotIntervalBlocks: 2 });
  for (const made of [one, two, segment(0, 2, one.id)]) node.receive(0, { kind: 'segment', segment: made });
  if (blocks.length > 0) node.receive(L1, finalOf(blocks));
  assert.equal(node.replica.executed.height, blocks.at(-1)?.block.height ?? 0);
  return node;
}

function finalOf(blocks: readonly ReturnType<typeof block>[]): Message {
  const last = blocks.at(-1) ?? first;
  return { kind: 'final', blocks, certificate: certificate('finalize', last.block.view, last.hash) };
}

type Due = Extract<Delivery, { kind: 'snapshot-due' }>;

function chunksOf(node: Solo): Uint8Array[] {
  const due = node.delivered.find((delivery): delivery is Due => delivery.kind === 'snapshot-due');
  assert.ok(due);
  return [...snapshotChunks(due.place, due.state, { chunkBytes: 64 })].flatMap((chunk) => chunk ?? []);
}

const rowsOf = ({ replica }: Solo): string =>
  TABLES.flatMap(({ name }) =>
    [...replica.state[name].entries()].map(([key, row]) => `${name} ${key} ${toHex(encodeRow(row))}`),
  )
    .sort()
    .join('\n');

test('O-03 an observer goes on from a snapshot and stands where the others stand', () => {
  const node = observerAt(first, second);
  const chunks = chunksOf(node);
  const again = chunksOf(observerAt(first, second, third));
  assert.equal(toHex(snapshotRoot(again.map(chunkLeaf))), toHex(snapshotRoot(chunks.map(chunkLeaf))));
  const state = createState(GENESIS);
  const { rowCounts: _, chain, ...anchor } = restoreSnapshot(state, chunks);
  assert.deepEqual([chain, anchor], [CHAIN, node.replica.executed]);
  const late = new Solo(undefined);
  assert.equal(adopt(late.replica, state, anchor), true);
  assert.equal(adopt(late.replica, state, anchor), false);
  for (const solo of [node, late]) {
    solo.receive(0, { kind: 'segment', segment: segment(0, 2, one.id) });
    solo.receive(L1, finalOf([third]));
  }
  assert.equal(late.replica.executed.height, 3);
  assert.deepEqual(late.replica.executed, node.replica.executed);
  assert.equal(rowsOf(late), rowsOf(node));
});

test('O-03 final blocks that cannot be executed any more are passed over, and none beside the final chain', () => {
  const chunks = chunksOf(observerAt(first, second));
  const state = createState(GENESIS);
  const { rowCounts: _, chain, ...anchor } = restoreSnapshot(state, chunks);
  const late = new Solo(undefined);
  late.receive(L1, finalOf([first, second, third]));
  assert.deepEqual([late.replica.finalHeight, late.replica.executed.height], [3, 0]);
  assert.equal(adopt(late.replica, state, { ...anchor, hash: first.hash }), false);
  assert.equal(adopt(late.replica, state, anchor), true);
  late.receive(0, { kind: 'segment', segment: segment(0, 2, one.id) });
  assert.equal(late.replica.executed.height, 3);
});

test('O-03 a validator that knows what it signed keeps its own history; one behind the fence may leave it', () => {
  const chunks = chunksOf(observerAt(first, second));
  const restored = () => {
    const state = createState(GENESIS);
    const { rowCounts: _, chain, ...anchor } = restoreSnapshot(state, chunks);
    return { state, anchor };
  };
  const validator = new Solo(0);
  const { state, anchor } = restored();
  assert.equal(adopt(validator.replica, state, anchor), false);
  assert.deepEqual(validator.replica.executed, ANCHOR);
  const fenced = new Solo(0, [], 10_000, { amnesia: true, nonce: new Uint8Array(16) });
  const again = restored();
  fenced.replica.agenda.isStale = false;
  assert.equal(adopt(fenced.replica, again.state, again.anchor), true);
  assert.equal(fenced.replica.agenda.isStale, true);
  fenced.wait(500);
  assert.deepEqual([fenced.replica.view, fenced.votes()], [anchor.view + 1, []]);
});
