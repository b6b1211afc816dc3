import { type Ballot, type SignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import type { BallotVerdict } from '../../protocol/governance/ballots.ts';
import { placeOf } from '../../protocol/governance/epochs.ts';
import { judgeBallot } from '../../protocol/governance/queries.ts';
import { headKey, sessionKey } from '../../protocol/governance/row-keys.ts';
import type { SessionRow } from '../../protocol/governance/state.ts';
import type { Entry } from '../../protocol/governance/types.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import { duplicateOf, fly, knownOf, type Ready, refusalOf, type Waiting } from './ballot-flight.ts';
import type { Desk } from './desk.ts';
import { ERRORS } from './error-codes.ts';
import type { BallotParams, BallotResult } from './methods/ballot-submit.ts';
import { RpcError } from './rpc-error.ts';

/** What a voter (or its tool) signed elsewhere: the very bytes are rebuilt, so every field is the caller's. */
type SignedParams = BallotParams & { readonly notAfter: number; readonly time: number; readonly signature: Uint8Array };

/**
 * Refuse what is certain, submit the rest. Resending the same ballot is safe at any time.
 * @throws RpcError of the 4xxx family, session.unknown, network.busy, node.not-ready, storage.read-only, request.timeout
 */
export function submitSignedBallot(desk: Desk, given: SignedParams, entries: readonly Entry[]): Promise<BallotResult> {
  const ballot = ballotOf(desk, given, entries, given.previous, given.notAfter, given.time);
  const signed = signBallot(ballot, () => given.signature);
  const { promise, resolve: answer, reject: refuse } = Promise.withResolvers<BallotResult>();
  const waiting = { answer, refuse, land: () => undefined };
  const go = (row: SessionRow) => launch(desk, signed, row, given, waiting);
  const row = knownSession(desk, given);
  if (row === undefined) sessionOf(desk, given).then(go, refuse);
  else go(row);
  return promise;
}

export function ballotOf(
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

export function knownSession(desk: Desk, { space, session }: BallotParams): SessionRow | undefined {
  return desk.api.state().sessions.get(sessionKey(space, session));
}

export async function sessionOf(desk: Desk, given: BallotParams): Promise<SessionRow> {
  const row = await desk.settle(() => knownSession(desk, given));
  if (row !== undefined) return row;
  // A node that is behind says so, and not that there is no such session.
  desk.checkWritable();
  throw new RpcError('session.unknown', { path: 'session' });
}

/** Outcomes that a block this node has not executed yet may turn into another. */
const MAY_SETTLE: ReadonlySet<Outcome> = new Set<Outcome>(['conflict']);

/** One byte that says how it is authenticated; with 1 a signature. */
const UNSIGNED_BYTES = 1;
const SIGNED_BYTES = 65;

/** Never throws: whoever waits is told. */
export function launch(desk: Desk, signed: SignedBallot, row: SessionRow, given: BallotParams, waiting: Waiting): void {
  try {
    const sizeBytes = signed.body.length + (signed.signature === undefined ? UNSIGNED_BYTES : SIGNED_BYTES);
    if (sizeBytes > LIMITS.ballotBytesMax) throw new RpcError('ballot.too-large');
    const ready = { signed, row, given, shard: placeOf(desk.api.state(), given.space, given.voter) };
    const verdict = judge(desk, ready);
    if (verdict.outcome === 'counted') fly(desk, ready, waiting);
    else void launchDoubtful(desk, ready, verdict, waiting);
  } catch (error) {
    failed(error, waiting);
  }
}

/** What counts already is answered, what another block may turn is waited for, and the rest refused. */
async function launchDoubtful(desk: Desk, ready: Ready, first: BallotVerdict, waiting: Waiting): Promise<void> {
  try {
    const verdict = MAY_SETTLE.has(first.outcome) ? await settledVerdict(desk, ready) : first;
    if (verdict.outcome === 'counted') fly(desk, ready, waiting);
    else {
      waiting.answer(await answerOf(desk, ready, verdict));
      waiting.land('decided');
    }
  } catch (error) {
    failed(error, waiting);
  }
}

async function settledVerdict(desk: Desk, ready: Ready): Promise<BallotVerdict> {
  const settled = await desk.settle(() => {
    const now = judge(desk, ready);
    return MAY_SETTLE.has(now.outcome) ? undefined : now;
  });
  return settled ?? judge(desk, ready);
}

/** A refusal settles a ballot; a node that takes nothing now does not. */
function failed(error: unknown, waiting: Waiting): void {
  waiting.refuse(error);
  waiting.land(error instanceof RpcError && !ERRORS[error.type].retryable ? 'decided' : 'untouched');
}

/** The answer to a ballot that is not submitted. @throws RpcError of its outcome */
async function answerOf(desk: Desk, ready: Ready, { outcome, counted }: BallotVerdict): Promise<BallotResult> {
  if (outcome === 'duplicate') return duplicateOf(desk, ready, counted);
  const known = await desk.api.ballot(ready.signed.id);
  if (known?.outcome === 'counted') return knownOf(ready, known.height);
  desk.checkWritable();
  throw await refusalOf(desk, ready, outcome);
}

function judge(desk: Desk, { signed, shard }: Ready): BallotVerdict {
  const state = desk.api.state();
  const context = desk.context();
  const { space, session, voter } = signed.ballot;
  const head = state.heads.get(headKey(space, session, voter));
  if (head !== undefined && hashesEqual(head.ballot, signed.id)) return { outcome: 'duplicate', counted: head.ballot };
  const place = { shard, author: desk.author };
  const verdict = judgeBallot(state, context, signed, place);
  if (verdict.outcome !== 'closed') return verdict;
  const row = state.sessions.get(sessionKey(space, session));
  if (row?.status !== 'active' || row.closesAtMs === undefined) return verdict;
  // Only block time closes a session: past the deadline by this clock alone, the ledger decides (rule 5).
  return judgeBallot(state, { ...context, timeMs: row.closesAtMs - 1 }, signed, place);
}
