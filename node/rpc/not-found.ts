import type { ErrorType } from './error-codes.ts';
import type { HistoryRecord, NodeApi } from './node-api.ts';
import { RpcError } from './rpc-error.ts';

/** The refusal for what is not here: unknown, or not kept by this node, which a client must be able to tell apart. */
export async function notFound(
  api: Pick<NodeApi, 'isPruned' | 'firstHeight'>,
  what: HistoryRecord,
  unknown: ErrorType,
  path: string,
): Promise<RpcError> {
  if (!(await api.isPruned(what))) return new RpcError(unknown, { path });
  return new RpcError('chain.pruned', { path, facts: { from: api.firstHeight() } });
}
