import { chainId, type Genesis } from '../genesis.ts';
import { CURRENT_EPOCH } from './epochs.ts';
import type { GovernanceState, ObserverRow, SessionRow, TallyRow } from './state.ts';
import { Table } from './table.ts';

/** The state before the first block: the spaces and models of genesis. */
export function createState(genesis: Genesis): GovernanceState {
  const state: GovernanceState = {
    chain: chainId(genesis),
    spaces: new Table(),
    models: new Table(),
    sessions: new Table<SessionRow>(({ status }) => status === 'active'),
    progress: new Table(),
    heads: new Table(),
    tallies: new Table<TallyRow>(),
    results: new Table(),
    seqs: new Table(),
    observers: new Table<ObserverRow>(({ removedHeight }) => removedHeight === undefined),
    epochs: new Table(),
    changes: new Table(),
  };
  const { validators, admins, params } = genesis;
  const first = { epoch: 0, validators, admins, params, sealedHeight: 0, shardsMost: params.shards };
  state.epochs.restore(CURRENT_EPOCH, first);
  for (const space of genesis.spaces) state.spaces.restore(space.id, space);
  for (const model of genesis.models) state.models.restore(model.id, { ...model, registeredHeight: 0 });
  return state;
}
