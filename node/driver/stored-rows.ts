import { isEnded } from '../../protocol/governance/queries.ts';
import { HEADS_TABLE, restoreRow, type TableName } from '../../protocol/governance/rows.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { stateRowKey } from '../storage/keys.ts';

/** What the ledger key of a head has behind its prefix; also of the beginning of a head's key. */
export function headSuffix(key: string): Uint8Array {
  return stateRowKey(HEADS_TABLE, key).subarray(1);
}

/**
 * Put a row of the ledger back into the state. Heads of an ended session stay in the ledger: no rule reads them (decision 015).
 * Rows come in the order of their tables, so a session comes before its heads.
 * @throws as `restoreRow`
 */
export function restoreStored(state: GovernanceState, table: TableName, key: string, bytes: Uint8Array): void {
  const session = state.sessions.get(key.slice(0, key.lastIndexOf('/')));
  if (table === 'heads' && session !== undefined && isEnded(session)) state.heads.restoreArchived();
  else restoreRow(state, table, key, bytes);
}
