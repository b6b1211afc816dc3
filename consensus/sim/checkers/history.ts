import type { Block } from '../../../protocol/chain/block.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { ExecutedBlock } from '../../types.ts';
import type { Verdict } from './verdict.ts';

/** What the first node to execute a height said of it, as text, so that it is compared whole. */
interface Record {
  readonly block: Block;
  readonly bytes: string;
  readonly hash: string;
  readonly effects: string;
}

interface Progress {
  boot: number;
  epoch: number;
  height: number;
  view: number;
}

/** S1, S2, S10, S11: one chain of blocks, executed in order, with one and the same effect everywhere. */
export class HistoryChecker {
  readonly #verdict: Verdict;
  readonly #start: string;
  readonly #records: Record[] = [];
  readonly #progress = new Map<number, Progress>();

  constructor(verdict: Verdict, chain: Uint8Array) {
    this.#verdict = verdict;
    this.#start = toHex(chain);
  }

  /** Final blocks so far, ascending from height 1. */
  blocks(): readonly Block[] {
    return this.#records.map(({ block }) => block);
  }

  /** True when this is the first execution of its height. */
  executed(node: number, boot: number, executed: ExecutedBlock): boolean {
    const { block, bytes, hash } = executed.block;
    this.#inOrder(node, boot, block);
    const record = { block, bytes: toHex(bytes), hash: toHex(hash), effects: effectsOf(executed) };
    const known = this.#records[block.height - 1];
    if (known === undefined) {
      this.#link(node, record);
      return true;
    }
    if (known.bytes !== record.bytes) {
      this.#verdict.report('S1 agreement', `node ${node} has another final block at height ${block.height}`);
    } else if (known.effects !== record.effects) {
      this.#verdict.report('S11 equal execution', `node ${node} executed height ${block.height} to another effect`);
    }
    return false;
  }

  #inOrder(node: number, boot: number, { epoch, height, view }: Block): void {
    const before = this.#progress.get(node);
    const isLater = before?.boot === boot;
    const isBackwards = epoch < (before?.epoch ?? 0) || (epoch === before?.epoch && view <= before.view);
    if (isLater && (height !== before.height + 1 || isBackwards)) {
      this.#verdict.report('S10 monotone', `node ${node} executed height ${height} after ${before.height}`);
    }
    // A restart may go back to what its disk still holds, never forward.
    if (before !== undefined && height > before.height + 1) {
      this.#verdict.report('S10 monotone', `node ${node} skipped from height ${before.height} to ${height}`);
    }
    this.#progress.set(node, { boot, epoch, height, view });
  }

  #link(node: number, record: Record): void {
    const { block } = record;
    const parent = this.#records[block.height - 2];
    const at = `node ${node} height ${block.height}`;
    // The last block of an epoch is view 0 of the next.
    const parentView = parent === undefined || parent.block.reconfig !== undefined ? 0 : parent.block.view;
    if (block.height !== this.#records.length + 1) this.#verdict.report('S2 prefix', `${at} has no final parent`);
    else if (toHex(block.parentHash) !== (parent?.hash ?? this.#start)) {
      this.#verdict.report('S2 prefix', `${at} does not stand on the final block below`);
    } else if (block.epoch !== (parent === undefined ? 0 : parent.block.epoch + (parent.block.reconfig ? 1 : 0))) {
      this.#verdict.report('S12 epochs follow each other', `${at} is of epoch ${block.epoch}`);
    } else if (block.parentView !== parentView || block.view <= block.parentView) {
      this.#verdict.report('S2 prefix', `${at} names another parent view`);
    } else if (block.timeMs <= (parent?.block.timeMs ?? 0)) {
      this.#verdict.report('block time', `${at} is not later than its parent`);
    }
    this.#records[block.height - 1] = record;
  }
}

function effectsOf({ anchor, segments, shards }: ExecutedBlock): string {
  const parts = [toHex(anchor.history), toHex(anchor.hash)];
  for (const { segment, items } of segments) {
    parts.push(toHex(segment.id));
    for (const { id, outcome } of items) parts.push(toHex(id), outcome);
  }
  for (const { shard, outcomesRoot, talliesRoot } of shards)
    parts.push(String(shard), toHex(outcomesRoot), toHex(talliesRoot));
  return parts.join(' ');
}
