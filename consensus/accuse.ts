import type { Turn } from './replica-state.ts';

const ACCUSATIONS_MAX = 1_024;

/**
 * Tell of equivocation once per offender, kind and view: counted per slot, not per arrival, or one offender fills every
 * log (consensus.md 2.9).
 */
export function accuse({ replica, out }: Turn, what: string, offender: number, view: number): void {
  const key = `${offender}/${view}/${what}`;
  if (replica.accused.has(key)) return;
  if (replica.accused.size >= ACCUSATIONS_MAX) replica.accused.clear();
  replica.accused.add(key);
  out.tell({ kind: 'evidence', what, offender, view });
}
