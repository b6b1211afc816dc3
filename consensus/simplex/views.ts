import type { Certificate, ConsensusVote, VoteKind } from '../../protocol/certificate.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Propose } from '../types.ts';

/** What is known of one view. Votes are first come, first kept: one a signer and kind, never overwritten (S-08). */
export interface ViewState {
  readonly view: number;
  /** The first block proposal seen from the leader. */
  proposal: Propose | undefined;
  /** Blocks of this view that are invalid for ever, by hash, so that each is judged and told once (S-11). */
  readonly invalid: Set<string>;
  /** Own votes: set when signed, so that a rule never signs twice. They count only once synced (D-02). */
  readonly own: Map<VoteKind, ConsensusVote>;
  readonly votes: Readonly<Record<VoteKind, Map<number, ConsensusVote>>>;
  /** Added to by `Views.keep` alone. */
  readonly certificates: ReadonlyMap<VoteKind, Certificate>;
}

interface KeptView extends ViewState {
  readonly certificates: Map<VoteKind, Certificate>;
}

function createView(view: number): KeptView {
  return {
    view,
    proposal: undefined,
    invalid: new Set(),
    own: new Map(),
    votes: { notarize: new Map(), nullify: new Map(), finalize: new Map() },
    certificates: new Map(),
  };
}

/** The finalization of the highest view whose block or ancestors are not all held. */
export function highestUnresolved({
  unresolved,
}: {
  readonly unresolved: ReadonlyMap<number, Certificate>;
}): Certificate | undefined {
  let highest: Certificate | undefined;
  for (const certificate of unresolved.values())
    if (highest === undefined || certificate.view > highest.view) highest = certificate;
  return highest;
}

/**
 * All views with something in them, from R below the final one upwards. Votes open a view only up to one above the
 * current (S-10); certificates may come from far ahead, since nobody can forge them.
 */
export class Views {
  readonly #views = new Map<number, KeptView>();
  /** The views ascending, until one comes or goes: the rules walk them several times a step. */
  #ascending: readonly ViewState[] | undefined;
  #highestCertified = 0;

  /** The highest view a certificate was ever kept of; 0 without any. */
  get highestCertified(): number {
    return this.#highestCertified;
  }

  find(view: number): ViewState | undefined {
    return this.#views.get(view);
  }

  /** The view's state, made when missing. Only for views inside the viewport. */
  at(view: number): ViewState {
    return this.#at(view);
  }

  /** The first certificate of a view and kind stays. */
  keep(certificate: Certificate): void {
    const { certificates } = this.#at(certificate.view);
    if (!certificates.has(certificate.kind)) certificates.set(certificate.kind, certificate);
    this.#highestCertified = Math.max(this.#highestCertified, certificate.view);
  }

  #at(view: number): KeptView {
    let state = this.#views.get(view);
    if (state === undefined) {
      state = createView(view);
      this.#views.set(view, state);
      this.#ascending = undefined;
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
  ascending(): readonly ViewState[] {
    this.#ascending ??= [...this.#views.values()].sort((a, b) => a.view - b.view);
    return this.#ascending;
  }

  get size(): number {
    return this.#views.size;
  }

  forget(view: number): void {
    if (this.#views.delete(view)) this.#ascending = undefined;
  }

  prune(finalView: number): void {
    for (const view of this.#views.keys()) {
      if (view >= finalView - LIMITS.viewsRetained) continue;
      this.#views.delete(view);
      this.#ascending = undefined;
    }
  }
}
