import type { Certificate, ConsensusVote, VoteKind } from '../../protocol/certificate.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Propose } from '../types.ts';

/** What is known of one view. Votes are first come, first kept: one a signer and kind, never overwritten (S-08). */
export interface ViewState {
  readonly view: number;
  /** The first block proposal seen from the leader. */
  proposal: Propose | undefined;
  /** A permanent verdict on it, kept so that it is judged once (S-11). */
  verdict: 'valid' | 'invalid' | undefined;
  /** Own votes: set when signed, so that a rule never signs twice. They count only once synced (D-02). */
  readonly own: Map<VoteKind, ConsensusVote>;
  readonly votes: Readonly<Record<VoteKind, Map<number, ConsensusVote>>>;
  readonly certificates: Map<VoteKind, Certificate>;
}

function createView(view: number): ViewState {
  return {
    view,
    proposal: undefined,
    verdict: undefined,
    own: new Map(),
    votes: { notarize: new Map(), nullify: new Map(), finalize: new Map() },
    certificates: new Map(),
  };
}

/**
 * All views with something in them, from R below the final one upwards. Votes open a view only up to one above the
 * current (S-10); certificates may come from far ahead, since nobody can forge them.
 */
export class Views {
  readonly #views = new Map<number, ViewState>();

  find(view: number): ViewState | undefined {
    return this.#views.get(view);
  }

  /** The view's state, made when missing. Only for views inside the viewport. */
  at(view: number): ViewState {
    let state = this.#views.get(view);
    if (state === undefined) {
      state = createView(view);
      this.#views.set(view, state);
    }
    return state;
  }

  certificate(view: number, kind: VoteKind): Certificate | undefined {
    return this.#views.get(view)?.certificates.get(kind);
  }

  /** A notarization or finalization: the view has this one block (L2, S-04 of 4.1). */
  blockCertificate(view: number): Certificate | undefined {
    return this.certificate(view, 'finalize') ?? this.certificate(view, 'notarize');
  }

  /** Views with anything in them, ascending. */
  ascending(): ViewState[] {
    return [...this.#views.values()].sort((a, b) => a.view - b.view);
  }

  get size(): number {
    return this.#views.size;
  }

  prune(finalView: number): void {
    for (const view of this.#views.keys()) if (view < finalView - LIMITS.viewsRetained) this.#views.delete(view);
  }
}
