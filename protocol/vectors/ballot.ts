import { type Ballot, encodeSignedBallot, signBallot } from '../governance/ballot.ts';
import { parseId } from '../ids.ts';
import { CHAIN, filled, SESSION, SPACE, scored, VOTER_KEY } from './fixtures/people.ts';
import { show } from './fixtures/show.ts';

const BALLOT: Ballot = {
  chain: CHAIN,
  space: SPACE,
  session: SESSION,
  voter: parseId('model-a'),
  previous: undefined,
  notAfterMs: 1_767_225_660_000,
  timeMs: 1_767_225_600_000,
  entries: [scored('001', 10)],
};

const WORDY: Ballot = {
  ...BALLOT,
  previous: filled(8),
  entries: [
    scored('001', 7, { comment: 'Überlegt, mit Grund.\nZwei Zeilen.' }),
    scored('002', 1, { comment: 'No.', veto: 'It breaks the bridge.' }),
    { proposal: parseId('003'), choice: { method: 'stance', stance: 'approve' } },
    { proposal: parseId('004'), choice: { method: 'stance', stance: 'reject' } },
    { proposal: parseId('005'), choice: { method: 'stance', stance: 'abstain' }, comment: '' },
  ],
};

/** Signed by its voter, and left to its operator's segment. */
export function vectors(): unknown {
  const signed = [signBallot(BALLOT, VOTER_KEY.sign), signBallot(WORDY, VOTER_KEY.sign), signBallot(BALLOT, undefined)];
  return show({
    voterKey: VOTER_KEY.publicKey,
    ballots: signed.map((one) => ({ ...one, bytes: encodeSignedBallot(one) })),
  });
}
