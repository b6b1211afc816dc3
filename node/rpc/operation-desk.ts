import type { CborValue } from '../../protocol/codec/cbor.ts';
import type { KeyPair } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { type OperationKind, type SignedOperation, signOperation } from '../../protocol/governance/operation.ts';
import { proposeParams, proposeRoster, withdrawChange } from '../../protocol/governance/operations/network-change.ts';
import { admitObserver, removeObserver } from '../../protocol/governance/operations/observer.ts';
import type { ReadPlan } from '../../protocol/governance/operations/plan.ts';
import { createSpace, registerModels, updateModel } from '../../protocol/governance/operations/registry.ts';
import { activateSession, addProposals } from '../../protocol/governance/operations/session-draft.ts';
import { cancelSession, closeSession, extendSession } from '../../protocol/governance/operations/session-end.ts';
import { openSession } from '../../protocol/governance/operations/session-open.ts';
import { judgeOperation } from '../../protocol/governance/queries.ts';
import { toHex } from '../../protocol/hex.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { Desk } from './desk.ts';
import type { FinalFacts } from './node-api.ts';
import { explainField, explainOperation } from './operation-refusal.ts';
import { isRepeat } from './operation-repeat.ts';
import { isTaken, operationErrorType } from './outcomes.ts';
import { RpcError } from './rpc-error.ts';

/** What a governance call answers: `outcome` and `height` once it is final. */
export interface OperationAnswer {
  readonly operation: string;
  readonly outcome?: 'applied' | 'duplicate';
  readonly height?: number;
}

/** Kinds that a client can ask this node to sign. */
const READERS: ReadonlyMap<OperationKind, ReadPlan> = new Map<OperationKind, ReadPlan>([
  ['space.create', createSpace],
  ['model.register', registerModels],
  ['model.update', updateModel],
  ['session.open', openSession],
  ['proposal.add', addProposals],
  ['session.activate', activateSession],
  ['session.close', closeSession],
  ['session.cancel', cancelSession],
  ['session.extend', extendSession],
  ['observer.admit', admitObserver],
  ['observer.remove', removeObserver],
  ['roster.propose', proposeRoster],
  ['params.propose', proposeParams],
  ['change.withdraw', withdrawChange],
]);

const QUEUE = 'operations';

/**
 * Sign an operation with the node's operator key, or the one given, and submit it. One at a time, so that calls at once do not use the
 * same seq; if another process used it meanwhile (`stale`), once more with the next.
 * @throws RpcError of the outcome; network.busy, node.not-ready, storage.read-only, request.timeout
 */
export async function submitOperation(
  desk: Desk,
  kind: OperationKind,
  body: CborValue,
  level: 'accepted' | 'final',
  signer: KeyPair = desk.api.operatorKey,
): Promise<OperationAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<OperationAnswer>();
  const turn = desk.operationQueue.run(QUEUE, async () => {
    const onAccepted = level === 'accepted' ? resolve : undefined;
    const first = await attempt(desk, signer, kind, body, onAccepted);
    const { signed, final } =
      first.final.outcome === 'stale' ? await attempt(desk, signer, kind, body, onAccepted) : first;
    resolve(answerOf(desk, kind, body, signed, final));
  });
  turn.catch(reject);
  return await promise;
}

/**
 * Submit what others signed. As `submitOperation`, but nothing is signed here, so nothing is tried twice.
 * @throws as submitOperation
 */
export async function submitSigned(
  desk: Desk,
  signed: SignedOperation,
  level: 'accepted' | 'final',
): Promise<OperationAnswer> {
  const { kind, body } = signed.operation;
  const { promise, resolve, reject } = Promise.withResolvers<OperationAnswer>();
  const onAccepted = level === 'accepted' ? resolve : undefined;
  submit(desk, signed, onAccepted)
    .then((final) => resolve(answerOf(desk, kind, body, signed, final)))
    .catch(reject);
  return await promise;
}

interface Attempt {
  readonly signed: SignedOperation;
  readonly final: FinalFacts;
}

async function attempt(
  desk: Desk,
  signer: KeyPair,
  kind: OperationKind,
  body: CborValue,
  onAccepted: ((answer: OperationAnswer) => void) | undefined,
): Promise<Attempt> {
  desk.checkWritable();
  const signed = sign(desk, signer, kind, body);
  return { signed, final: await submit(desk, signed, onAccepted) };
}

async function submit(
  desk: Desk,
  signed: SignedOperation,
  onAccepted: ((answer: OperationAnswer) => void) | undefined,
): Promise<FinalFacts> {
  desk.checkWritable();
  const judged = await settledJudgement(desk, signed);
  if (judged !== 'applied') return { outcome: judged, height: desk.api.head().height };
  const submission = desk.api.submitOperation(signed);
  const facts = { operation: toHex(signed.id) };
  if (onAccepted !== undefined) {
    await desk.settled(submission.accepted, facts);
    onAccepted(facts);
  }
  return await desk.settled(submission.final, facts);
}

function sign(desk: Desk, signer: KeyPair, kind: OperationKind, body: CborValue): SignedOperation {
  const { api } = desk;
  const actor = signer.publicKey;
  const seq = (api.state().seqs.get(toHex(actor)) ?? 0) + 1;
  const timeMs = desk.nowMs();
  const notAfterMs = timeMs + LIMITS.ballotLifetimeMs;
  const signed = signOperation({ chain: api.chain, actor, seq, notAfterMs, timeMs, kind, body }, [signer]);
  if (signed.bodyBytes.length > LIMITS.operationBytesMax) throw new RpcError('operation.too-large');
  return signed;
}

/** A session opened at another node a moment ago may be unknown here for as long as one block takes. */
async function settledJudgement(desk: Desk, signed: SignedOperation): Promise<Outcome> {
  const settled = await desk.settle(() => {
    const outcome = judge(desk, signed);
    return outcome === 'unknown-session' ? undefined : outcome;
  });
  return settled ?? judge(desk, signed);
}

/** As the ledger would, but for deadlines that only this clock has passed: those are the ledger's to judge. */
function judge(desk: Desk, signed: SignedOperation): Outcome {
  const { api } = desk;
  const outcome = judgeOperation(api.state(), desk.context(), signed, { shard: 0, author: desk.author });
  if (outcome !== 'closed') return outcome;
  const context = { ...desk.context(), timeMs: api.head().timeMs + 1 };
  return judgeOperation(api.state(), context, signed, { shard: 0, author: desk.author });
}

function answerOf(
  { api }: Desk,
  kind: OperationKind,
  body: CborValue,
  { id }: SignedOperation,
  final: FinalFacts,
): OperationAnswer {
  const { outcome, height } = final;
  const operation = toHex(id);
  if (outcome === 'applied' || outcome === 'duplicate') return { operation, outcome, height };
  if (isTaken(outcome)) throw new RpcError('internal');
  if (outcome === 'conflict' && isRepeat(api.state(), kind, body)) return { operation, outcome: 'duplicate', height };
  const field = outcome === 'malformed' ? faultyField(kind, body) : undefined;
  const { facts, ...where } = field === undefined ? explainOperation(api, kind, body, outcome) : explainField(field);
  throw new RpcError(operationErrorType(kind, outcome), { ...where, facts: { operation, outcome, height, ...facts } });
}

/** Which field the ledger's own reader refuses. */
function faultyField(kind: OperationKind, body: CborValue): string | undefined {
  try {
    READERS.get(kind)?.(body);
    return undefined;
  } catch (error) {
    if (!(error instanceof WaggleError)) throw error;
    const { field } = error.facts;
    return typeof field === 'string' ? field : undefined;
  }
}
