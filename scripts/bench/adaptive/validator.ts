import type { BatchPolicy } from '../../../consensus/batching/pool.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { Author } from './author.ts';
import type { Block, Chains, Sealed } from './chains.ts';
import { COSTS, Processor, type World } from './world.ts';

export const BLOCK_INTERVAL_MS = 25;
const TIMERS_PER_VIEW = 3;
const VOTE_BYTES = 200;
const TIP_BYTES = 50;
const EXECUTE_BLOCK_US = 200;

type VoteKind = 'notarize' | 'finalize' | 'nullify';

/** What a node tells its surroundings. */
export interface Surroundings {
  readonly nodes: readonly Validator[];
  executed(node: Validator, sealed: Sealed, finalMs: number): void;
}

/**
 * One validator as a model: the vote kinds, the quorum, the pace of blocks and the rule that only what is held is voted
 * for are those of the protocol; nobody is faulty, and of a message only its size, its way and its cost are real.
 */
export class Validator {
  readonly seat: number;
  readonly processor: Processor;
  readonly author: Author;
  readonly #world: World;
  readonly #chains: Chains;
  readonly #around: Surroundings;
  readonly #quorum: number;
  /** Height held of each chain. */
  readonly #held: number[];
  readonly #blocks = new Map<number, Block>();
  readonly #votes = new Map<string, number>();
  readonly #cast = new Set<string>();
  readonly #toExecute: { readonly block: Block; readonly finalMs: number }[] = [];
  #certified: Block;
  #final: Block;
  #view = 1;
  #proposedAtMs = Number.NEGATIVE_INFINITY;
  #timedView = 0;

  constructor(world: World, seat: number, chains: Chains, policy: BatchPolicy, around: Surroundings) {
    const share = world.profile.cpuShares[seat] ?? 1;
    this.seat = seat;
    this.#world = world;
    this.#chains = chains;
    this.#around = around;
    this.#quorum = world.profile.cpuShares.length - Math.floor((world.profile.cpuShares.length - 1) / 3);
    this.#held = Array.from({ length: chains.count }, () => 0);
    this.#certified = { view: 0, parent: undefined, cut: this.#held.map(() => 0), added: [] };
    this.#final = this.#certified;
    this.processor = new Processor(world, share);
    this.author = new Author(world, this.processor, policy, chains, seat, (sealed) => this.#publish(sealed));
  }

  #publish(sealed: Sealed): void {
    this.#hold(sealed);
    this.#sendAll(sealed.bytes, (node) => node.#receive(sealed));
  }

  #sendAll(bytes: number, arrive: (node: Validator) => void): void {
    for (const node of this.#around.nodes) {
      if (node !== this) this.#world.carry(this.seat, node.seat, bytes, () => arrive(node));
    }
  }

  #receive(sealed: Sealed): void {
    const costUs = COSTS.segmentUs + COSTS.receiveItemUs * sealed.submittedMs.length;
    this.processor.run(
      () => costUs,
      () => this.#hold(sealed),
    );
  }

  #hold({ chain, height }: Sealed): void {
    this.#held[chain] = height;
    this.#proceed();
    this.#execute();
  }

  /** Everything that may be possible now. */
  #proceed(): void {
    this.#armTimer();
    this.#notarize();
    this.#propose();
  }

  get #hasWork(): boolean {
    return this.#held.some((height, chain) => height > (this.#certified.cut[chain] ?? 0));
  }

  #propose(): void {
    const view = this.#view;
    const { nodes } = this.#around;
    if (view % nodes.length !== this.seat || this.#blocks.has(view) || !this.#hasWork) return;
    const atMs = this.#proposedAtMs + BLOCK_INTERVAL_MS;
    if (atMs > this.#world.nowMs) {
      this.#world.at(atMs, () => this.#propose());
      return;
    }
    const block = this.#chains.block(
      view,
      this.#certified,
      this.#held,
      LIMITS.blockAddItemsMax,
      LIMITS.blockAddBytesMax,
    );
    const bytes = VOTE_BYTES + TIP_BYTES * block.added.length;
    this.#sendAll(bytes, (node) => node.#takeMessage(() => node.#learn(block)));
    this.#learn(block);
  }

  #takeMessage(end: () => void): void {
    this.processor.run(() => COSTS.messageUs, end);
  }

  #learn(block: Block): void {
    this.#blocks.set(block.view, block);
    this.#proposedAtMs = this.#world.nowMs;
    this.#notarize();
    this.#count(block.view);
  }

  #notarize(): void {
    const block = this.#blocks.get(this.#view);
    if (block === undefined || block.cut.some((height, chain) => height > (this.#held[chain] ?? 0))) return;
    if (!this.#cast.has(`nullify ${block.view}`)) this.#vote('notarize', block.view);
  }

  #vote(kind: VoteKind, view: number): void {
    const name = `${kind} ${view}`;
    if (this.#cast.has(name)) return;
    this.#cast.add(name);
    this.#sendAll(VOTE_BYTES, (node) => node.#takeMessage(() => node.#record(name, view)));
    this.#record(name, view);
  }

  #record(name: string, view: number): void {
    this.#votes.set(name, (this.#votes.get(name) ?? 0) + 1);
    this.#count(view);
  }

  #has(kind: VoteKind, view: number): boolean {
    return (this.#votes.get(`${kind} ${view}`) ?? 0) >= this.#quorum;
  }

  #count(view: number): void {
    const block = this.#blocks.get(view);
    if (block !== undefined && this.#has('notarize', view)) {
      if (block.view > this.#certified.view) this.#certified = block;
      if (!this.#cast.has(`nullify ${view}`)) this.#vote('finalize', view);
    }
    if (block !== undefined && this.#has('finalize', view)) this.#finalize(block);
    let moved = false;
    while (this.#isOver(this.#view)) {
      this.#view += 1;
      moved = true;
    }
    if (moved) this.#proceed();
  }

  #isOver(view: number): boolean {
    return (this.#blocks.has(view) && this.#has('notarize', view)) || this.#has('nullify', view);
  }

  /** W-02: only while there is work. */
  #armTimer(): void {
    const view = this.#view;
    if (this.#timedView >= view || !this.#hasWork) return;
    this.#timedView = view;
    this.#world.at(this.#world.nowMs + TIMERS_PER_VIEW * this.#world.profile.viewTimerMs, () => {
      if (this.#view !== view) return;
      // S-04: never after finalize.
      if (this.#hasWork && !this.#cast.has(`finalize ${view}`)) this.#vote('nullify', view);
      else this.#timedView = view - 1;
    });
  }

  #finalize(block: Block): void {
    const line: Block[] = [];
    for (let at: Block | undefined = block; at !== undefined && at.view > this.#final.view; at = at.parent)
      line.push(at);
    if (line.length === 0) return;
    this.#final = block;
    for (const one of line.reverse()) this.#toExecute.push({ block: one, finalMs: this.#world.nowMs });
    for (let shard = 1; shard <= this.#world.profile.shards; shard++) {
      this.author.final[shard] = block.cut[this.author.chainOf(shard)] ?? 0;
      this.author.trySeal(shard);
    }
    this.#execute();
  }

  /** in order, once the segments are held. */
  #execute(): void {
    for (;;) {
      const next = this.#toExecute[0];
      if (next === undefined || next.block.cut.some((height, chain) => height > (this.#held[chain] ?? 0))) return;
      this.#toExecute.shift();
      const items = next.block.added.reduce((sum, { submittedMs }) => sum + submittedMs.length, 0);
      this.processor.run(
        () => EXECUTE_BLOCK_US + COSTS.executeItemUs * items,
        () => {
          for (const sealed of next.block.added) this.#around.executed(this, sealed, next.finalMs);
        },
      );
    }
  }
}
