import { chainId, genesisToJson, parseGenesis } from '../genesis.ts';
import { createState } from '../governance/create.ts';
import { encodeRow } from '../governance/rows.ts';
import { GENESIS } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

/** genesis.json, the chain id it gives, and the rows of the first state. */
export function vectors(): unknown {
  const json = genesisToJson(GENESIS);
  const state = createState(parseGenesis(json));
  return show({
    json,
    chain: chainId(GENESIS),
    rows: {
      spaces: [...state.spaces.entries()].map(([key, row]) => ({ key, bytes: encodeRow(row) })),
      models: [...state.models.entries()].map(([key, row]) => ({ key, bytes: encodeRow(row) })),
    },
  });
}
