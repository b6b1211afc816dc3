import { chainId, type Genesis } from '../genesis.ts';
import type { GovernanceState, ObserverRow, SessionRow, TallyRow } from './state.ts';
import { Table } from './table.ts';

/** The state before the first block: the spaces and models of genesis. */
export function createState(genesis: Genesis): GovernanceState {
  const state: GovernanceState = {
    chain: chainId(genesis),
    admins: genesis.admins,
    shards: genesis.params.shards,
    spaces: new Table(),
    models: new Table(),
    sessions: new Table<SessionRow>(({ status }) => status === 'active'),
    progress: new Table(),
    heads: new Table(),
    tallies: new Table<TallyRow>(),
    results: new Table(),
    seqs: new Table(),
    observers: new Table<ObserverRow>(({ removedHeight }) => removedHeight === undefined),
  };
  for (const space of genesis.spaces) state.spaces.restore(space.id, space);
  for (const model of genesis.models) state.models.restore(model.id, { ...model, registeredHeight: 0 });
  return state;
}
