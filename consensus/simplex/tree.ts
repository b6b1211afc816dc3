import type { HashedBlock } from '../../protocol/chain/block.ts';
import type { Hash } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { advanceStandings, type Standings } from '../chains/standings.ts';
import type { Cut, VoteChains } from '../chains/vote-chains.ts';

/** A block whose ancestry down to the final block is held, with the cut after it. */
export interface BlockNode {
  readonly hash: Hash;
  readonly view: number;
  readonly height: number;
  readonly timeMs: number;
  readonly cut: Cut;
  readonly standings: Standings;
  /** It or an ancestor ends the epoch: above it there is nothing but empty blocks (N-01). */
  readonly sealed: boolean;
  /** Absent only for the anchor a replica starts from. */
  readonly block: HashedBlock | undefined;
}

/** A missing body, and the height of the block above it where that one is held. */
export interface Gap {
  readonly hash: Hash;
  readonly childHeight: number | undefined;
}

/** Blocks by hash: proposals of live views, what was fetched, and final ones for R views so that they can be served. */
export class BlockTree {
  readonly #blocks = new Map<string, HashedBlock>();
  readonly #nodes = new Map<string, BlockNode>();
  readonly #chains: VoteChains;
  /** Where walks from a block ended in a missing body. */
  readonly #gaps = new Map<string, Gap>();
  final: BlockNode;

  constructor(chains: VoteChains, root: BlockNode) {
    this.#chains = chains;
    this.final = root;
    this.#nodes.set(toHex(root.hash), root);
  }

  add(block: HashedBlock): void {
    this.#blocks.set(toHex(block.hash), block);
  }

  body(hash: Hash): HashedBlock | undefined {
    return this.#blocks.get(toHex(hash));
  }

  /** For the checkers: entries a table. */
  sizes(): { blocks: number; nodes: number; gaps: number } {
    return { blocks: this.#blocks.size, nodes: this.#nodes.size, gaps: this.#gaps.size };
  }

  /** The node of a block, when every ancestor down to the final block is held; undefined while one is missing. */
  node(hash: Hash): BlockNode | undefined {
    const known = this.#nodes.get(toHex(hash));
    if (known !== undefined) return known;
    if (this.missingAncestor(hash) !== undefined) return undefined;
    const path: HashedBlock[] = [];
    let at = hash;
    let node = this.#nodes.get(toHex(at));
    while (node === undefined) {
      const block = this.body(at);
      // A walk below the final block cannot end in it.
      if (block === undefined || block.block.height <= this.final.height) return undefined;
      path.push(block);
      at = block.block.parentHash;
      node = this.#nodes.get(toHex(at));
    }
    for (const block of path.reverse()) node = this.#link(node, block);
    return node;
  }

  #link(parent: BlockNode, block: HashedBlock): BlockNode {
    const { view, height, timeMs, cut } = block.block;
    const node: BlockNode = {
      hash: block.hash,
      view,
      height,
      timeMs,
      cut: this.#chains.advance(parent.cut, cut),
      standings: advanceStandings(parent.standings, block),
      sealed: parent.sealed || block.block.reconfig !== undefined,
      block,
    };
    this.#nodes.set(toHex(block.hash), node);
    return node;
  }

  /**
   * The lowest ancestor of `hash` (itself included) whose body is missing. How far a walk came is remembered, so that
   * asking again and again while a long gap is open costs what has come since.
   */
  missingAncestor(hash: Hash): Gap | undefined {
    const key = toHex(hash);
    const known = this.#gaps.get(key);
    const gap = this.#walk(known?.hash ?? hash, known?.childHeight);
    if (gap === undefined) this.#gaps.delete(key);
    else this.#gaps.set(key, gap);
    return gap;
  }

  #walk(from: Hash, fromChildHeight: number | undefined): Gap | undefined {
    let at = from;
    let childHeight = fromChildHeight;
    while (!this.#nodes.has(toHex(at))) {
      const block = this.body(at);
      if (block === undefined) return { hash: at, childHeight };
      if (block.block.height <= this.final.height) return undefined;
      childHeight = block.block.height;
      at = block.block.parentHash;
    }
    return undefined;
  }

  /** Nodes above the final one up to `node`, ascending; undefined when `node` does not descend from the final one. */
  pathFromFinal(node: BlockNode): BlockNode[] | undefined {
    const path: BlockNode[] = [];
    let at: BlockNode | undefined = node;
    while (at !== undefined && at.height > this.final.height) {
      path.push(at);
      at = at.block === undefined ? undefined : this.#nodes.get(toHex(at.block.block.parentHash));
    }
    return at === this.final ? path.reverse() : undefined;
  }

  /** Go on from another final block: what was linked below is given up, bodies stay until they are pruned. */
  reroot(root: BlockNode): void {
    this.#nodes.clear();
    this.#nodes.set(toHex(root.hash), root);
    this.final = root;
    this.prune();
  }

  /** Forget blocks below the retained views, whatever height they claim; the final one and what is above stay. */
  prune(): void {
    const floor = this.final.view - LIMITS.viewsRetained;
    for (const [key, block] of this.#blocks) if (block.block.view < floor) this.#blocks.delete(key);
    this.#gaps.clear();
    for (const [key, node] of this.#nodes) {
      if (node.view < floor && node.height < this.final.height) this.#nodes.delete(key);
    }
  }
}
