import { toHex } from '../../protocol/hex.ts';
import { ofEpoch } from '../epoch-place.ts';
import type { Replica, Turn } from '../replica-state.ts';
import type { JournalEntry, Message } from '../types.ts';

/*
 * F-01, the amnesia fence (consensus.md 2.8, rule 8): a validator that does not know what it signed. It asks the others
 * in which view they are, and stays silent in every view up to the one after the highest. Sound, because before it forgot
 * it was at most in a view w whose predecessor is certified, and among q answers given since is one of an honest signer
 * of that certificate, who was in w − 1 at least. Others in the same state do not answer, so more than f cannot free each
 * other. Its own chains it does not continue, since nobody can tell it all that it sealed: it starts them anew (F-03).
 */
export interface Fence {
  /** Silent in all views up to this one; undefined while it is not known. */
  view: number | undefined;
  /** Made anew at each start: an answer of before the question proves nothing. */
  nonce: Uint8Array;
  /** Views that others said, by ValidatorIndex. */
  readonly answers: Map<number, number>;
  askAtMs: number;
  /** From the epoch before (F-04). */
  readonly isInherited: boolean;
}

export function createFence(view: number | undefined, nonce: Uint8Array, isInherited = false): Fence {
  return { view, nonce, answers: new Map(), askAtMs: 0, isInherited };
}

export function fenceEntry({ view, isInherited }: Pick<Fence, 'view' | 'isInherited'>): FenceEntry {
  return isInherited ? { kind: 'fence', view, isInherited } : { kind: 'fence', view };
}

export type FenceEntry = Extract<JournalEntry, { kind: 'fence' }>;

/**
 * F-04: who does not know what it signed in the epoch that ended may have been in the first view of the next, and may have
 * sealed there, but no farther: for a certificate of that epoch f + 1 honest validators would have been in it, and of the
 * quorum that answered from the one before (F-01) at least one was among them. Where answers are missing, they are asked
 * for anew.
 */
export function inheritFence(fence: Pick<Fence, 'view' | 'isInherited'> | undefined): FenceEntry | undefined {
  if (fence === undefined || (fence.view !== undefined && fence.isInherited)) return undefined;
  return fence.view === undefined ? { kind: 'fence', view: undefined } : { kind: 'fence', view: 1, isInherited: true };
}

/** Whether this node may have signed something in the view that it does not know of. */
export function isFenced({ fence }: Replica, view: number): boolean {
  return fence !== undefined && (fence.view === undefined || view <= fence.view);
}

/** An answer of a peer, authentic by its stream. */
export function admitPast(
  { replica: { fence, config } }: Turn,
  from: number,
  past: Extract<Message, { kind: 'past' }>,
) {
  if (fence === undefined || fence.view !== undefined) return undefined;
  const { epoch } = config.roster;
  if ((past.epoch ?? 0) !== epoch) return 'answer of another epoch';
  if (toHex(past.nonce) !== toHex(fence.nonce)) return 'answer to another question';
  if (!fence.answers.has(from)) fence.answers.set(from, past.view);
  return undefined;
}

/**
 * What a node answers: the highest view it is in, voted in or may have voted in before it forgot, and what proves it. Who
 * is fenced itself and does not know how far knows nothing.
 */
export function tellPast(replica: Replica, nonce: Uint8Array): Message[] {
  if (replica.fence !== undefined && replica.fence.view === undefined) return [];
  const voted = replica.views.ascending().filter(({ own }) => own.size > 0);
  const view = Math.max(replica.view, replica.fence?.view ?? 0, ...voted.map((state) => state.view));
  const proofs = [replica.views.blockCertificate(view - 1), replica.views.certificate(view - 1, 'nullify')];
  const certificates = proofs.flatMap((one) => one ?? []);
  return [
    { kind: 'past', ...ofEpoch(replica), nonce, view },
    ...certificates.map((certificate): Message => ({ kind: 'certificate', certificate })),
  ];
}
