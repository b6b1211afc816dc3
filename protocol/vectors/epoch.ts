import { type Epoch, encodeEpoch } from '../epoch.ts';
import { GENESIS, NEXT_EPOCH } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

const { validators, admins, params } = GENESIS;
const [FIRST] = validators;

/** The least an epoch can be, that of a genesis, and one with everything. */
const EPOCHS: readonly Epoch[] = [
  { epoch: 1, validators: FIRST === undefined ? [] : [FIRST], admins: { keys: [], threshold: 1 }, params },
  { epoch: 4_294_967_295, validators, admins, params },
  NEXT_EPOCH,
];

export function vectors(): unknown {
  return show(EPOCHS.map((epoch) => ({ epoch, bytes: encodeEpoch(epoch) })));
}
