import type { Villain } from './villain.ts';

/** Hears everything and says nothing. */
export function beSilent(): Villain {
  return { send: () => [], answer: () => [] };
}
