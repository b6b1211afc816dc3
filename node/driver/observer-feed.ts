import type { ExecutedBlock } from '../../consensus/types.ts';
import { encodeMessage, FINAL_BLOCKS_MAX, FRAME_BYTES_MAX } from '../../consensus/wire.ts';
import type { HashedBlock } from '../../protocol/chain/block.ts';

/** Blocks that wait for a finalization of their own or of a descendant; more than that, observers fetch. */
const BLOCKS_MAX = 16;

/**
 * What observers are told of finality, on their streams: the blocks of this validator's making with what finalized
 * them. One teller a block is enough: who missed it hears of it by the next Status and fetches.
 */
export class ObserverFeed {
  readonly #self: () => number | undefined;
  readonly #out: { send(frame: Uint8Array): void; isHeard(): boolean };
  #blocks: HashedBlock[] = [];

  constructor(self: () => number | undefined, out: { send(frame: Uint8Array): void; isHeard(): boolean }) {
    this.#self = self;
    this.#out = out;
  }

  take({ block, certificate, seal }: ExecutedBlock): void {
    this.#blocks.push(block);
    if (this.#blocks.length > BLOCKS_MAX) this.#blocks.shift();
    // The end of an epoch may be final by empty blocks above it, which are told with it.
    const proof = certificate === undefined ? seal : { tail: [], certificate };
    if (proof === undefined) return;
    const blocks = [...this.#blocks, ...proof.tail];
    this.#blocks = [];
    if (block.block.proposer !== this.#self() || !this.#out.isHeard()) return;
    if (blocks.length > FINAL_BLOCKS_MAX) return;
    const frame = encodeMessage({ kind: 'final', blocks, certificate: proof.certificate });
    if (frame.length <= FRAME_BYTES_MAX) this.#out.send(frame);
  }
}
