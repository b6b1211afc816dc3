import assert from 'node:assert/strict';
import { type Certificate, type ConsensusVote, type VoteKind, voteDigest } from '../../../protocol/certificate.ts';
import { BLOCK_FLAGS, type Block, type HashedBlock, reconfigOf } from '../../../protocol/chain/block.ts';
import { ITEM_KINDS, type Item, type Segment, sealSegment } from '../../../protocol/chain/segment.ts';
import type { CborValue } from '../../../protocol/codec/cbor.ts';
import type { KeyPair } from '../../../protocol/crypto/keys.ts';
import { approvedChange } from '../../../protocol/governance/epochs.ts';
import { encodeSignedOperation, type OperationKind, signOperation } from '../../../protocol/governance/operation.ts';
import { type Hash, ZERO_HASH } from '../../../protocol/hash.ts';
import type { Roster } from '../../../protocol/roster.ts';
import { isEpochOver } from '../../epoch-place.ts';
import { beginEpoch } from '../../epochs.ts';
import { liveEntries } from '../../replica.ts';
import type { JournalEntry } from '../../types.ts';
import { block, CHAIN, certificate, child, cutOf, KEYS, keyOf, type Solo, WALL_MS } from './solo.ts';

/** By the admins of the harness, or by who is named; two of one kind have different `seq`. */
export function operation(kind: OperationKind, body: CborValue, seq = 1, key: KeyPair = keyOf(0)) {
  const facts = { chain: CHAIN, actor: key.publicKey, seq, notAfterMs: WALL_MS + 600_000, timeMs: WALL_MS };
  const signed = signOperation({ ...facts, kind, body }, [key]);
  return { id: signed.id, item: { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) } as Item };
}

export function sealItems(author: number, items: readonly Item[], place: Partial<Segment['header']> = {}): Segment {
  const facts = { chain: CHAIN, epoch: 0, incarnation: 0, shard: 0, author, height: 1, parent: ZERO_HASH };
  return sealSegment({ ...facts, timeMs: WALL_MS, ...place }, items, keyOf(author).sign);
}

/** A quorum without the node itself: it knows what it signed (F-02). */
export function others({ self }: Solo): number[] {
  return [0, 1, 2, 3].filter((at) => at !== self).slice(0, 3);
}

/** Block 1, final and executed, in which these items stand. */
export function execute(node: Solo, items: readonly Item[]): HashedBlock {
  const [author = 0] = others(node);
  const control = sealItems(author, items);
  const first = block(1, cutOf(control));
  node.receive(author, { kind: 'segment', segment: control });
  const proof = certificate('finalize', 1, first.hash, others(node));
  node.receive(author, { kind: 'final', blocks: [first], certificate: proof });
  assert.equal(node.replica.executed.height, 1);
  return first;
}

/** The block that ends epoch 0 with what the node's state has approved. */
export function sealing(node: Solo, parent: HashedBlock, view = 2, changed: Partial<Block> = {}): HashedBlock {
  const change = approvedChange(node.replica.state);
  assert.ok(change !== undefined);
  const reconfig = reconfigOf(change.approvedHeight, change.next);
  return child(parent, view, [], { flags: BLOCK_FLAGS.seal, reconfig, ...changed });
}

export function flush(parent: HashedBlock, view: number, changed: Partial<Block> = {}): HashedBlock {
  return child(parent, view, [], { flags: BLOCK_FLAGS.flush, ...changed });
}

/** The epoch of a node ends by these blocks, the last of which is finalized. */
export function end(node: Solo, blocks: readonly HashedBlock[]): void {
  const last = blocks.at(-1);
  const [from = 0] = others(node);
  assert.ok(last !== undefined);
  const proof = certificate('finalize', last.block.view, last.hash, others(node));
  node.receive(from, { kind: 'final', blocks, certificate: proof });
  assert.ok(isEpochOver(node.replica));
}

/** As a driver does once the last block is durable. @returns the new journal */
export function begin(node: Solo): JournalEntry[] {
  beginEpoch(node.replica);
  const journal = liveEntries(node.replica);
  node.step({ kind: 'start', nonce: new Uint8Array(16).fill(9) });
  return journal;
}

/** Block 1 with the change, then the block that ends the epoch, then the next one. */
export function change(node: Solo, items: readonly Item[]): { first: HashedBlock; seal: HashedBlock } {
  const first = execute(node, items);
  const seal = sealing(node, first);
  end(node, [seal]);
  begin(node);
  return { first, seal };
}

/** A vote of whoever has the seat in a roster. */
export function voteIn(
  roster: Roster,
  kind: VoteKind,
  view: number,
  hash: Hash | undefined,
  signer: number,
): ConsensusVote {
  const subject = { kind, epoch: roster.epoch, view, blockHash: hash };
  return { ...subject, signer, signature: keyIn(roster, signer).sign(voteDigest(CHAIN, subject)) };
}

export function certificateIn(
  roster: Roster,
  kind: VoteKind,
  view: number,
  hash: Hash | undefined,
  signers: readonly number[],
): Certificate {
  const signatures = signers.map((signer) => voteIn(roster, kind, view, hash, signer).signature);
  return { kind, epoch: roster.epoch, view, blockHash: hash, signers, signatures };
}

export function keyIn(roster: Roster, seat: number): KeyPair {
  const key = roster.validators[seat]?.key ?? ZERO_HASH;
  const pair = KEYS.find(({ publicKey }) => Buffer.compare(publicKey, key) === 0);
  assert.ok(pair !== undefined);
  return pair;
}
