import { z } from 'zod';
import type { Entry } from '../../../protocol/governance/types.ts';
import type { Id } from '../../../protocol/ids.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { submitSignedBallot } from '../ballot-desk.ts';
import type { ErrorType } from '../error-codes.ts';
import { hash, id, optionalText, out, signature, time } from '../fields.ts';
import { defineMethod } from '../method.ts';
import { submitOwnBallot } from '../own-ballots.ts';
import { RpcError } from '../rpc-error.ts';
import { readUsualBallot } from './usual-ballot.ts';

const weight = z.int().min(1).max(10);
const stance = z.enum(['approve', 'reject', 'abstain']);

/** A bare number or word, or the long form that names its method. */
const choice = z
  .union([
    weight,
    stance,
    z.strictObject({ method: z.literal('score'), weight }),
    z.strictObject({ method: z.literal('stance'), stance }),
  ])
  .transform((given): Entry['choice'] => {
    if (typeof given === 'number') return { method: 'score', weight: given };
    return typeof given === 'string' ? { method: 'stance', stance: given } : given;
  })
  .meta({ description: 'a whole number 1…10, or one of approve, reject, abstain' });

const entry = z.strictObject({
  proposal: id,
  choice,
  comment: optionalText(LIMITS.commentBytesMax).optional(),
  veto: optionalText(LIMITS.commentBytesMax).optional(),
});

const params = z.strictObject({
  space: id,
  session: id,
  voter: id,
  entries: z.array(entry).min(1).max(LIMITS.ballotEntriesMax),
  previous: hash.optional(),
  notAfter: time.optional(),
  time: time.optional(),
  signature: signature.optional(),
  await: z.enum(['accepted', 'final', 'receipt']).default('final'),
});

const result = z.strictObject({
  ballot: out.hex,
  shard: z.int().min(1),
  status: z.enum(['accepted', 'final']),
  outcome: z.enum(['counted', 'duplicate']).optional(),
  height: out.height.optional(),
  finalMs: z.int().min(0).optional(),
});

export type BallotParams = z.output<typeof params>;
export type BallotResult = z.output<typeof result>;

function faultType(path: readonly PropertyKey[]): ErrorType | undefined {
  return path[0] === 'entries' && path[2] === 'choice' ? 'ballot.invalid-choice' : undefined;
}

export const ballotSubmit = defineMethod('ballot_submit', {
  summary:
    'Submit a ballot. With a signature no token is needed and notAfter and time are the signer\'s, previous absent for none. Without one the node signs for a model it operates (operator). A resend of the ballot that counts answers "duplicate".',
  scope: 'caller',
  params,
  result,
  faultType,
  readUsual: readUsualBallot,
  handle: (given, desk, caller) => {
    if (given.signature === undefined) caller.require('operator');
    if (given.await === 'receipt') throw new RpcError('receipt.unavailable', { path: 'await' });
    const entries = sortEntries(given.entries);
    if (given.signature === undefined) return submitOwnBallot(desk, given, entries);
    const { notAfter, time: claimed } = given;
    if (notAfter === undefined) throw missing('notAfter');
    if (claimed === undefined) throw missing('time');
    return submitSignedBallot(desk, { ...given, notAfter, time: claimed, signature: given.signature }, entries);
  },
});

function missing(path: string): RpcError {
  return new RpcError('params.invalid', { detail: 'needed with a signature', path });
}

/** The canonical order, whatever order the client wrote. @throws RpcError ballot.duplicate-proposal */
function sortEntries(given: BallotParams['entries']): Entry[] {
  const places = new Map<Id, number>();
  for (const [at, { proposal }] of given.entries()) {
    if (places.has(proposal)) {
      throw new RpcError('ballot.duplicate-proposal', { path: `entries[${at}].proposal` });
    }
    places.set(proposal, at);
  }
  const entries = given.map(({ proposal, choice: chosen, comment, veto }) => ({
    proposal,
    choice: chosen,
    ...(comment === undefined ? {} : { comment }),
    ...(veto === undefined ? {} : { veto }),
  }));
  return entries.sort((a, b) => (a.proposal < b.proposal ? -1 : 1));
}
