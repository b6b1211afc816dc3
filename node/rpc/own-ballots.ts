import type { KeyPair } from '../../protocol/crypto/keys.ts';
import { type SignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import { headKey } from '../../protocol/governance/row-keys.ts';
import type { SessionRow } from '../../protocol/governance/state.ts';
import type { Entry, ModelRecord } from '../../protocol/governance/types.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { ballotOf, knownSession, launch, sessionOf } from './ballot-desk.ts';
import type { Waiting } from './ballot-flight.ts';
import { notOperated } from './ballot-refusal.ts';
import type { Desk } from './desk.ts';
import type { BallotParams, BallotResult } from './methods/ballot-submit.ts';
import { RpcError } from './rpc-error.ts';

/**
 * Sign for a model this node operates. One ballot of a voter in a session at a time, each on top of the one before. What
 * needs no waiting is done at once: most ballots are on their way when this returns.
 * @throws RpcError as submitSignedBallot; model.unknown, ballot.not-operated, ballot.no-key
 */
export function submitOwnBallot(desk: Desk, given: BallotParams, entries: readonly Entry[]): Promise<BallotResult> {
  const { promise, resolve, reject } = Promise.withResolvers<BallotResult>();
  const key = headKey(given.space, given.session, given.voter);
  const begin = (leave: () => void): void => {
    const own = { key, given, entries, waiting: { answer: resolve, refuse: reject, land: leave } };
    const row = knownSession(desk, given);
    const model = desk.api.state().models.get(given.voter);
    if (row !== undefined && model !== undefined && isSignedBySegment(desk, row, model)) launchOwn(desk, own, row);
    else void prepareOwn(desk, own);
  };
  desk.ballotQueue.enter(key, begin, reject);
  return promise;
}

/** A ballot this node signs, by the key of its voter's place in the session. */
interface Own {
  readonly key: string;
  readonly given: BallotParams;
  readonly entries: readonly Entry[];
  readonly waiting: Waiting;
}

/** Wait for what this node may not have executed yet, and for a key that must be read. */
async function prepareOwn(desk: Desk, own: Own): Promise<void> {
  try {
    const row = await sessionOf(desk, own.given);
    launchOwn(desk, own, row, await signerOf(desk, row, own.given.voter));
  } catch (error) {
    own.waiting.refuse(error);
    own.waiting.land('decided');
  }
}

/** Never throws. */
function launchOwn(desk: Desk, { key, given, entries, waiting }: Own, row: SessionRow, signer?: KeyPair): void {
  let signed: SignedBallot;
  try {
    signed = signOwn(desk, key, given, entries, signer);
  } catch (error) {
    waiting.refuse(error);
    waiting.land('decided');
    return;
  }
  launch(desk, signed, row, given, {
    answer: waiting.answer,
    refuse: waiting.refuse,
    // What timed out may count yet; everything else is an answer.
    land: (fate) => {
      if (fate === 'undecided') desk.undecided.keep(key, signed, entries);
      else if (fate === 'decided') desk.undecided.settle(key);
      waiting.land(fate);
    },
  });
}

function signOwn(
  desk: Desk,
  key: string,
  given: BallotParams,
  entries: readonly Entry[],
  signer: KeyPair | undefined,
): SignedBallot {
  const nowMs = desk.nowMs();
  const notAfterMs = given.notAfter ?? nowMs + LIMITS.ballotLifetimeMs;
  const isOpen = given.previous === undefined && given.notAfter === undefined && given.time === undefined;
  const again = isOpen ? desk.undecided.find(key, entries, nowMs) : undefined;
  if (again !== undefined) return again;
  const previous = given.previous ?? desk.api.state().heads.get(key)?.ballot;
  return signBallot(ballotOf(desk, given, entries, previous, notAfterMs, given.time ?? nowMs), signer?.sign);
}

/** Whether this node's segment is the signature: it operates the model, and nobody asks for a key (protocol.md, Ballots). */
function isSignedBySegment(desk: Desk, row: SessionRow, model: Pick<ModelRecord, 'operator' | 'auth'>): boolean {
  return model.operator === desk.api.name && model.auth !== 'voter' && row.rule.auth !== 'voter';
}

/** The key to sign with; undefined where the operator's segment is the signature. */
async function signerOf(desk: Desk, row: SessionRow, voter: string): Promise<KeyPair | undefined> {
  const model = await desk.settle(() => desk.api.state().models.get(voter));
  if (model === undefined) throw new RpcError('model.unknown', { path: 'voter' });
  if (isSignedBySegment(desk, row, model)) return undefined;
  const pair = await desk.api.modelKey(voter);
  if (pair !== undefined && model.key !== undefined && hashesEqual(pair.publicKey, model.key)) return pair;
  if (model.operator === desk.api.name) throw noKey(desk, voter);
  throw notOperated(model.operator);
}

/** A key that is here and cannot be used is another matter than one that is not. */
function noKey(desk: Desk, voter: string): RpcError {
  const code = desk.api.modelKeyFault(voter);
  if (code === undefined) return new RpcError('ballot.no-key', { path: 'voter' });
  return new RpcError('ballot.no-key', {
    path: 'voter',
    detail: `the key file of ${voter} cannot be used (${code})`,
    hint: 'mend the key file on this node, or import the key again; the log of the node has key.unusable',
    facts: { fault: code },
  });
}
