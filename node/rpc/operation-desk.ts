import type { CborValue } from '../../protocol/codec/cbor.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { type OperationKind, type SignedOperation, signOperation } from '../../protocol/governance/operation.ts';
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
]);

const QUEUE = 'operations';

/**
 * Sign an operation with the node's operator key and submit it. One at a time, so that calls at once do not use the
 * same seq; if another process used it meanwhile (`stale`), once more with the next.
 * @throws RpcError of the outcome; network.busy, node.not-ready, storage.read-only, request.timeout
 */
export async function submitOperation(
  desk: Desk,
  kind: OperationKind,
  body: CborValue,
  level: 'accepted' | 'final',
): Promise<OperationAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<OperationAnswer>();
  const turn = desk.operationQueue.run(QUEUE, async () => {
    const onAccepted = level === 'accepted' ? resolve : undefined;
    const first = await attempt(desk, kind, body, onAccepted);
    const { signed, final } = first.final.outcome === 'stale' ? await attempt(desk, kind, body, onAccepted) : first;
    resolve(answerOf(kind, body, signed, final));
  });
  turn.catch(reject);
  return await promise;
}

interface Attempt {
  readonly signed: SignedOperation;
  readonly final: FinalFacts;
}

async function attempt(
  desk: Desk,
  kind: OperationKind,
  body: CborValue,
  onAccepted: ((answer: OperationAnswer) => void) | undefined,
): Promise<Attempt> {
  desk.checkWritable();
  const signed = sign(desk, kind, body);
  const judged = await settledJudgement(desk, signed);
  if (judged !== 'applied') return { signed, final: { outcome: judged, height: desk.api.head().height } };
  const submission = desk.api.submitOperation(signed);
  const facts = { operation: toHex(signed.id) };
  if (onAccepted !== undefined) {
    await desk.settled(submission, submission.accepted, facts);
    onAccepted(facts);
  }
  return { signed, final: await desk.settled(submission, submission.final, facts) };
}

function sign(desk: Desk, kind: OperationKind, body: CborValue): SignedOperation {
  const { api } = desk;
  const actor = api.operatorKey.publicKey;
  const seq = (api.state().seqs.get(toHex(actor)) ?? 0) + 1;
  const timeMs = desk.nowMs();
  const notAfterMs = timeMs + LIMITS.ballotLifetimeMs;
  const signed = signOperation({ chain: api.chain, actor, seq, notAfterMs, timeMs, kind, body }, [api.operatorKey]);
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
  const outcome = judgeOperation(api.state(), desk.context(), signed, { shard: 0, author: api.self });
  if (outcome !== 'closed') return outcome;
  const context = { ...desk.context(), timeMs: api.head().timeMs + 1 };
  return judgeOperation(api.state(), context, signed, { shard: 0, author: api.self });
}

function answerOf(kind: OperationKind, body: CborValue, { id }: SignedOperation, final: FinalFacts): OperationAnswer {
  const { outcome, height } = final;
  const operation = toHex(id);
  if (outcome === 'applied' || outcome === 'duplicate') return { operation, outcome, height };
  if (isTaken(outcome)) throw new RpcError('internal');
  const path = outcome === 'malformed' ? faultyField(kind, body) : undefined;
  const facts = { operation, outcome, height };
  throw new RpcError(operationErrorType(kind, outcome), path === undefined ? { facts } : { facts, path });
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
