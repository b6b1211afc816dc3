import type { Anchor } from '../../consensus/types.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import type { HeadFacts } from '../rpc/node-api.ts';

export type HeadListener = (head: HeadFacts) => void;

/** The last executed block, what finalized it, and who wants to hear of the next. */
export class Head {
  readonly #listeners = new Set<HeadListener>();
  readonly #onError: (error: unknown) => void;
  #facts: HeadFacts;
  #finalization: { readonly height: number; readonly certificate: Certificate } | undefined;

  constructor(anchor: Anchor, onError: (error: unknown) => void) {
    this.#facts = factsOf(anchor, undefined);
    this.#onError = onError;
  }

  get facts(): HeadFacts {
    return this.#facts;
  }

  /** What finalized the block this node booted with. */
  finalizedBy(certificate: Certificate | undefined): void {
    this.#facts = { ...this.#facts, certificate };
  }

  finalized(height: number, certificate: Certificate): void {
    this.#finalization = { height, certificate };
  }

  /** Blocks come in order. Without a finalization of its own, a block is final by that of a descendant. */
  executed(anchor: Anchor, direct: Certificate | undefined): void {
    const { height = 0, certificate } = this.#finalization ?? {};
    this.#facts = factsOf(anchor, direct ?? (height >= anchor.height ? certificate : undefined));
    for (const listener of this.#listeners) {
      try {
        listener(this.#facts);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  listen(listener: HeadListener): () => void {
    const own: HeadListener = (head) => listener(head);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}

function factsOf({ height, hash, timeMs, view }: Anchor, certificate: Certificate | undefined): HeadFacts {
  return { height, hash, timeMs, view, certificate };
}
