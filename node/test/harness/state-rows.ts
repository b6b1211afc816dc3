import { headKey } from '../../../protocol/governance/row-keys.ts';
import { encodeRow, TABLES } from '../../../protocol/governance/rows.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { NodeApi } from '../../rpc/node-api.ts';

/** The whole governance state as sorted lines, with the heads that ended sessions left to the ledger (decision 015). */
export async function rowsOf(api: Pick<NodeApi, 'state' | 'headOf'>): Promise<string> {
  const state = api.state();
  const rows = TABLES.filter(({ name }) => name !== 'heads').flatMap(({ name }) =>
    [...state[name].entries()].map(([key, row]) => lineOf(name, key, row)),
  );
  for (const { space, session, electorate } of [...state.sessions.values()]) {
    for (const { voter } of electorate) {
      const head = await api.headOf(space, session, voter);
      if (head !== undefined) rows.push(lineOf('heads', headKey(space, session, voter), head));
    }
  }
  return rows.sort().join('\n');
}

function lineOf(table: string, key: string, row: object | number): string {
  return `${table} ${key} ${toHex(encodeRow(row))}`;
}
