import type { SignedBallot } from '../../protocol/governance/ballot.ts';
import { headKey } from '../../protocol/governance/row-keys.ts';
import type { SessionRow } from '../../protocol/governance/state.ts';
import { type Hash, hashesEqual } from '../../protocol/hash.ts';
import { toHex } from '../../protocol/hex.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import { ballotRefusal } from './ballot-refusal.ts';
import type { Desk } from './desk.ts';
import type { BallotParams, BallotResult } from './methods/ballot-submit.ts';
import type { FinalFacts } from './node-api.ts';
import { isTaken } from './outcomes.ts';
import { RpcError } from './rpc-error.ts';

/** Whether anybody could tell in time what became of a ballot; one that this node did not take now is as it was before. */
type Fate = 'decided' | 'undecided' | 'untouched';

/** Who waits for a ballot: its caller for the answer, and the voter's next ballot for the landing. */
export interface Waiting {
  readonly answer: (result: BallotResult) => void;
  readonly refuse: (error: unknown) => void;
  /** Called once, after the answer of a ballot that is waited for until it is final. */
  readonly land: (fate: Fate) => void;
}

/** A ballot ready to go, with what its answers are made of. */
export interface Ready {
  readonly signed: SignedBallot;
  readonly shard: number;
  readonly row: SessionRow;
  readonly given: BallotParams;
}

/** Submit a ballot and tell who waits what becomes of it. @throws RpcError node.not-ready, storage.read-only */
export function fly(desk: Desk, ready: Ready, waiting: Waiting): void {
  desk.checkWritable();
  const { signed, shard, given } = ready;
  const isFinalAwaited = given.await !== 'accepted';
  const startMs = performance.now();
  const submission = desk.api.submitBallot(signed, shard);
  let isOver = false;
  const deadline = desk.deadlines.start(() => {
    isOver = true;
    waiting.refuse(new RpcError('request.timeout', { facts: { ballot: toHex(signed.id) } }));
    waiting.land('undecided');
  });
  const finish = (tellWhat: () => void) => {
    // What comes after the deadline was told to be undecided.
    if (isOver) return;
    desk.deadlines.callOff(deadline);
    tellWhat();
    waiting.land('decided');
  };
  submission.final.then(
    (seen) => {
      if (isFinalAwaited && seen.outcome === 'closed') tellClosed(desk, ready, seen, finish, waiting);
      else finish(() => isFinalAwaited && tell(desk, ready, seen, startMs, waiting));
    },
    (error) => finish(() => waiting.refuse(error)),
  );
  if (isFinalAwaited) return;
  submission.accepted.then(() => waiting.answer({ ...base(ready), status: 'accepted' }), waiting.refuse);
}

/** An ended session keeps no heads: one that was sealed twice, the second time too late, is found in the ledger. */
function tellClosed(
  desk: Desk,
  ready: Ready,
  { outcome, height }: FinalFacts,
  finish: (tellWhat: () => void) => void,
  waiting: Waiting,
): void {
  const answer = async (): Promise<BallotResult> => {
    const known = await desk.api.ballot(ready.signed.id);
    if (known?.outcome === 'counted') return knownOf(ready, known.height);
    throw await refusalOf(desk, ready, outcome, height);
  };
  answer().then(
    (result) => finish(() => waiting.answer(result)),
    (error) => finish(() => waiting.refuse(error)),
  );
}

function tell(desk: Desk, ready: Ready, seen: FinalFacts, startMs: number, waiting: Waiting): void {
  try {
    const { outcome, height, counted } = seen;
    if (!isTaken(outcome)) waiting.refuse(refusal(desk, ready, outcome, height));
    else if (outcome === 'duplicate') waiting.answer(duplicateOf(desk, ready, counted, height));
    else {
      const finalMs = Math.round(performance.now() - startMs);
      waiting.answer({ ...base(ready), status: 'final', outcome: 'counted', height, finalMs });
    }
  } catch (error) {
    waiting.refuse(error);
  }
}

function base({ signed, shard }: Ready) {
  return { ballot: toHex(signed.id), shard };
}

/** The ballot that counts already, with the height at which it was counted. */
export function duplicateOf(desk: Desk, ready: Ready, counted = ready.signed.id, height?: number): BallotResult {
  const { space, session, voter } = ready.signed.ballot;
  const head = desk.api.state().heads.get(headKey(space, session, voter));
  const isHead = head !== undefined && hashesEqual(head.ballot, counted);
  const at = isHead ? head.height : height;
  const facts = { ballot: toHex(counted), shard: ready.shard, status: 'final', outcome: 'duplicate' } as const;
  return at === undefined ? facts : { ...facts, height: at };
}

/** Found among the final ballots though another one is the head now. */
export function knownOf(ready: Ready, height: number): BallotResult {
  return { ...base(ready), status: 'final', outcome: 'duplicate', height };
}

function refusal(desk: Desk, ready: Ready, outcome: Outcome, height: number): RpcError {
  const { space, session, voter } = ready.signed.ballot;
  const counted = desk.api.state().heads.get(headKey(space, session, voter))?.ballot;
  return refused(ready, outcome, height, counted);
}

/** As `refusal`, also of a session that has ended. */
export async function refusalOf(desk: Desk, ready: Ready, outcome: Outcome, height?: number): Promise<RpcError> {
  const { space, session, voter } = ready.signed.ballot;
  return refused(ready, outcome, height, (await desk.api.headOf(space, session, voter))?.ballot);
}

function refused(
  { signed, row, given }: Ready,
  outcome: Outcome,
  height: number | undefined,
  counted: Hash | undefined,
): RpcError {
  const facts = {
    ballot: toHex(signed.id),
    outcome,
    height,
    counted: counted === undefined ? undefined : toHex(counted),
  };
  return ballotRefusal(outcome, row, given.entries, facts);
}
