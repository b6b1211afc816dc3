import { WaggleError } from './errors.ts';

/**
 * Stop the process when a local invariant does not hold. Stays on in production.
 * Only for what this program alone can break: remote input is refused with a typed error, never asserted.
 * @throws WaggleError WAGGLE_INVARIANT
 */
export function assert(condition: unknown, invariant: string): asserts condition {
  if (!condition) throw new WaggleError('WAGGLE_INVARIANT', { invariant });
}
