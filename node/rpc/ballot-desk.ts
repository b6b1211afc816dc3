import type { KeyPair } from '../../protocol/crypto/keys.ts';
import { type Ballot, encodeSignedBallot, type SignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import type { BallotVerdict } from '../../protocol/governance/ballots.ts';
import { judgeBallot } from '../../protocol/governance/queries.ts';
import { headKey, sessionKey } from '../../protocol/governance/row-keys.ts';
import type { SessionRow } from '../../protocol/governance/state.ts';
import type { Entry } from '../../protocol/governance/types.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import { shardOf } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import { ballotRefusal, notOperated } from './ballot-refusal.ts';
import type { Desk } from './desk.ts';
import { ERRORS } from './error-codes.ts';
import type { BallotParams, BallotResult } from './methods/ballot-submit.ts';
import { isTaken } from './outcomes.ts';
import { RpcError } from './rpc-error.ts';

/** How a flight ends whose fate nobody could tell in time. */
const UNDECIDED = 'undecided';

/** A ballot on its way: what its caller waits for, and when the voter's next one may be signed. `landed` never rejects. */
interface Flight {
  readonly answer: Promise<BallotResult>;
  readonly landed: Promise<unknown>;
}

/** What a voter (or its tool) signed elsewhere: the very bytes are rebuilt, so every field is the caller's. */
type SignedParams = BallotParams & { readonly notAfter: number; readonly time: number; readonly signature: Uint8Array };

/**
 * Refuse what is certain, submit the rest. Resending the same ballot is safe at any time.
 * @throws RpcError of the 4xxx family, session.unknown, network.busy, node.not-ready, storage.read-only, request.timeout
 */
export async function submitSignedBallot(
  desk: Desk,
  given: SignedParams,
  entries: readonly Entry[],
): Promise<BallotResult> {
  const ballot = ballotOf(desk, given, entries, given.previous, given.notAfter, given.time);
  const signed = signBallot(ballot, () => given.signature);
  const row = await sessionOf(desk, given);
  const flight = await launch(desk, signed, row, given);
  return await flight.answer;
}

/**
 * Sign for a model this node operates. One ballot of a voter in a session at a time, each on top of the one before.
 * @throws RpcError as submitSignedBallot; model.unknown, ballot.not-operated, ballot.no-key
 */
export async function submitOwnBallot(
  desk: Desk,
  given: BallotParams,
  entries: readonly Entry[],
): Promise<BallotResult> {
  const { promise, resolve, reject } = Promise.withResolvers<BallotResult>();
  const key = headKey(given.space, given.session, given.voter);
  const turn = desk.ballotQueue.run(key, async () => {
    const row = await sessionOf(desk, given);
    const signer = await signerOf(desk, row, given.voter);
    const nowMs = desk.nowMs();
    const head = desk.api.state().heads.get(key)?.ballot;
    const notAfterMs = given.notAfter ?? nowMs + LIMITS.ballotLifetimeMs;
    const isOpen = given.previous === undefined && given.notAfter === undefined && given.time === undefined;
    const again = isOpen ? desk.undecided.find(key, entries, nowMs) : undefined;
    const fresh = ballotOf(desk, given, entries, given.previous ?? head, notAfterMs, given.time ?? nowMs);
    const signed = again ?? signBallot(fresh, signer?.sign);
    const flight = await launch(desk, signed, row, given).catch((error: unknown) => {
      // A refusal settles it; a node that takes nothing now does not.
      if (error instanceof RpcError && !ERRORS[error.type].retryable) desk.undecided.settle(key);
      throw error;
    });
    flight.answer.then(resolve, reject);
    // What timed out may count yet; everything else is an answer.
    if ((await flight.landed) === UNDECIDED) desk.undecided.keep(key, signed, entries);
    else desk.undecided.settle(key);
  });
  turn.catch(reject);
  return await promise;
}

function ballotOf(
  desk: Desk,
  { space, session, voter }: BallotParams,
  entries: readonly Entry[],
  previous: Hash | undefined,
  notAfterMs: number,
  timeMs: number,
): Ballot {
  if (notAfterMs > desk.nowMs() + LIMITS.ballotLifetimeMsMax) {
    throw new RpcError('ballot.not-after', { path: 'notAfter' });
  }
  return { chain: desk.api.chain, space, session, voter, previous, notAfterMs, timeMs, entries };
}

async function sessionOf(desk: Desk, { space, session }: BallotParams): Promise<SessionRow> {
  const row = await desk.settle(() => desk.api.state().sessions.get(sessionKey(space, session)));
  if (row !== undefined) return row;
  // A node that is behind says so, and not that there is no such session.
  desk.checkWritable();
  throw new RpcError('session.unknown', { path: 'session' });
}

/** The key to sign with; undefined where the operator's segment is the signature (protocol.md, Ballots). */
async function signerOf(desk: Desk, row: SessionRow, voter: string): Promise<KeyPair | undefined> {
  const model = await desk.settle(() => desk.api.state().models.get(voter));
  if (model === undefined) throw new RpcError('model.unknown', { path: 'voter' });
  const isOwn = model.operator === desk.api.name;
  const needsKey = model.auth === 'voter' || row.rule.auth === 'voter';
  if (isOwn && !needsKey) return undefined;
  const pair = await desk.api.modelKey(voter);
  if (pair !== undefined && model.key !== undefined && hashesEqual(pair.publicKey, model.key)) return pair;
  if (isOwn) throw noKey(desk, voter);
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

/** Outcomes that a block this node has not executed yet may turn into another. */
const MAY_SETTLE: ReadonlySet<Outcome> = new Set<Outcome>(['conflict']);

async function launch(desk: Desk, signed: SignedBallot, row: SessionRow, given: BallotParams): Promise<Flight> {
  if (encodeSignedBallot(signed).length > LIMITS.ballotBytesMax) throw new RpcError('ballot.too-large');
  const settled = await desk.settle(() => {
    const now = judge(desk, signed);
    return MAY_SETTLE.has(now.outcome) ? undefined : now;
  });
  const verdict = settled ?? judge(desk, signed);
  if (verdict.outcome === 'duplicate') return landed(duplicateOf(desk, signed, verdict.counted));
  if (verdict.outcome !== 'counted') {
    const known = await desk.api.ballot(signed.id);
    if (known?.outcome === 'counted') {
      return landed({ ...base(desk, signed), status: 'final', outcome: 'duplicate', height: known.height });
    }
    desk.checkWritable();
    throw refusal(desk, signed, row, given, verdict.outcome);
  }
  return submit(desk, signed, row, given);
}

function judge(desk: Desk, signed: SignedBallot): BallotVerdict {
  const state = desk.api.state();
  const context = desk.context();
  const { space, session, voter } = signed.ballot;
  const head = state.heads.get(headKey(space, session, voter));
  if (head !== undefined && hashesEqual(head.ballot, signed.id)) return { outcome: 'duplicate', counted: head.ballot };
  const place = { shard: shardOf(space, voter, state.shards), author: desk.author };
  const verdict = judgeBallot(state, context, signed, place);
  const row = state.sessions.get(sessionKey(space, session));
  if (verdict.outcome !== 'closed' || row?.status !== 'active' || row.closesAtMs === undefined) return verdict;
  // Only block time closes a session: past the deadline by this clock alone, the ledger decides (rule 5).
  return judgeBallot(state, { ...context, timeMs: row.closesAtMs - 1 }, signed, place);
}

function submit(desk: Desk, signed: SignedBallot, row: SessionRow, given: BallotParams): Flight {
  desk.checkWritable();
  const startMs = performance.now();
  const submission = desk.api.submitBallot(signed);
  const facts = { ballot: toHex(signed.id) };
  const final = desk.settled(submission, submission.final, facts).then((seen): BallotResult => {
    if (!isTaken(seen.outcome)) throw refusal(desk, signed, row, given, seen.outcome, seen.height);
    if (seen.outcome === 'duplicate') return duplicateOf(desk, signed, seen.counted, seen.height);
    const finalMs = Math.round(performance.now() - startMs);
    return { ...base(desk, signed), status: 'final', outcome: 'counted', height: seen.height, finalMs };
  });
  const done = final.catch((error: unknown) =>
    error instanceof RpcError && error.type === 'request.timeout' ? UNDECIDED : undefined,
  );
  if (given.await !== 'accepted') return { answer: final, landed: done };
  const accepted = desk.settled(submission, submission.accepted, facts);
  const answer = accepted.then((): BallotResult => ({ ...base(desk, signed), status: 'accepted' }));
  return { answer, landed: done };
}

function landed(result: BallotResult): Flight {
  return { answer: Promise.resolve(result), landed: Promise.resolve() };
}

function base(desk: Desk, { id, ballot: { space, voter } }: SignedBallot) {
  return { ballot: toHex(id), shard: shardOf(space, voter, desk.api.state().shards) };
}

/** The ballot that counts already, with the height at which it was counted. */
function duplicateOf(desk: Desk, signed: SignedBallot, counted = signed.id, height?: number): BallotResult {
  const { space, session, voter } = signed.ballot;
  const head = desk.api.state().heads.get(headKey(space, session, voter));
  const isHead = head !== undefined && hashesEqual(head.ballot, counted);
  const at = isHead ? head.height : height;
  const facts = { ...base(desk, signed), ballot: toHex(counted), status: 'final', outcome: 'duplicate' } as const;
  return at === undefined ? facts : { ...facts, height: at };
}

function refusal(
  desk: Desk,
  signed: SignedBallot,
  row: SessionRow,
  { entries }: BallotParams,
  outcome: Outcome,
  height?: number,
): RpcError {
  const { space, session, voter } = signed.ballot;
  const counted = desk.api.state().heads.get(headKey(space, session, voter))?.ballot;
  const facts = {
    ballot: toHex(signed.id),
    outcome,
    height,
    counted: counted === undefined ? undefined : toHex(counted),
  };
  return ballotRefusal(outcome, row, entries, facts);
}
