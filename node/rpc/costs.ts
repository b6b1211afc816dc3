import { RPC_LIMITS } from './limits.ts';
import type { Method } from './method.ts';

/** What a call of a method takes off its caller, in units: one is about a read of one record (25 µs of a core). */
export interface Cost {
  readonly base: number;
  /** For every item of the page that was asked for. */
  readonly perItem: number;
}

/** A name that is no method costs as much as the look at it. */
export const COST_MIN = 1;
const LIST: Cost = { base: 2, perItem: 0.1 };
const READ: Cost = { base: COST_MIN, perItem: 0 };
/** A whole session, block or segment; the document of this interface. */
const HEAVY_READ: Cost = { base: 10, perItem: 0 };
/** A signature is verified, here and at every other node. */
const BALLOT: Cost = { base: 5, perItem: 0 };
/** Ordered, executed and kept by every node; rare. */
const OPERATION: Cost = { base: 50, perItem: 0 };

export function costOf({ scope, heavy, params }: Pick<Method, 'scope' | 'heavy' | 'params'>): Cost {
  if (scope === 'operator' || scope === 'admin') return OPERATION;
  if (scope === 'caller') return BALLOT;
  if (Object.hasOwn(params.shape, 'limit')) return LIST;
  return heavy ? HEAVY_READ : READ;
}

/** Units of one call, before its params are checked: a limit that is none costs as the largest. */
export function unitsOf(method: Method, named: object): number {
  const { base, perItem } = costOf(method);
  if (perItem === 0) return base;
  const { limit = RPC_LIMITS.pageDefault } = named as { readonly limit?: unknown };
  const isLimit = typeof limit === 'number' && limit >= 1 && limit <= RPC_LIMITS.pageMax;
  return base + perItem * (isLimit ? limit : RPC_LIMITS.pageMax);
}
