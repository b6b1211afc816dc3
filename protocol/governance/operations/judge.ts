import type { CborValue } from '../../codec/cbor.ts';
import { WaggleError } from '../../errors.ts';
import { hashesEqual } from '../../hash.ts';
import { toHex } from '../../hex.ts';
import type { Outcome } from '../../outcome.ts';
import type { ItemPlace } from '../ballots.ts';
import type { OperationKind, SignedOperation } from '../operation.ts';
import type { BlockContext, GovernanceState } from '../state.ts';
import { proposeParams, proposeRoster, readyForChange, withdrawChange } from './network-change.ts';
import { admitObserver, removeObserver } from './observer.ts';
import { hasKey, isSeqStale, type Plan, type ReadPlan, type Scene } from './plan.ts';
import { createSpace, registerModels, updateModel } from './registry.ts';
import { activateSession, addProposals } from './session-draft.ts';
import { cancelSession, closeSession, dueSession, extendSession } from './session-end.ts';
import { openSession } from './session-open.ts';

/** Kinds whose effect is for a later version: authentic ones are `forbidden`, whatever their body. */
const refuse: ReadPlan = () => ({ target: () => undefined, permit: () => 'forbidden', apply: () => undefined });

const PLANS: Readonly<Record<OperationKind, ReadPlan>> = {
  'space.create': createSpace,
  'model.register': registerModels,
  'model.update': updateModel,
  'roster.propose': proposeRoster,
  'params.propose': proposeParams,
  'session.open': openSession,
  'proposal.add': addProposals,
  'session.activate': activateSession,
  'session.close': closeSession,
  'session.cancel': cancelSession,
  'session.extend': extendSession,
  'session.due': dueSession,
  'chain.restart': refuse,
  'observer.admit': admitObserver,
  'observer.remove': removeObserver,
  'roster.ready': readyForChange,
  'change.withdraw': withdrawChange,
};

/** Idempotent by state: they carry seq 0 and consume none (governance/operation.ts). */
const WITHOUT_SEQ: ReadonlySet<OperationKind> = new Set<OperationKind>([
  'session.due',
  'chain.restart',
  'roster.ready',
]);

interface Examined {
  readonly outcome: Outcome;
  readonly plan?: Plan;
}

/** What an operation's outcome would be here and now; nothing changes. */
export function judgeOperation(
  state: GovernanceState,
  context: BlockContext,
  signed: SignedOperation,
  place: ItemPlace,
): Outcome {
  return examine(sceneOf(state, context, signed), signed, place).outcome;
}

/** Judge and, when nothing stands against it, do it. */
export function applyOperation(
  state: GovernanceState,
  context: BlockContext,
  signed: SignedOperation,
  place: ItemPlace,
): Outcome {
  const scene = sceneOf(state, context, signed);
  const { outcome, plan } = examine(scene, signed, place);
  if (outcome !== 'applied') return outcome;
  plan?.apply(scene);
  const { kind, actor, seq } = signed.operation;
  if (!WITHOUT_SEQ.has(kind)) state.seqs.set(toHex(actor), seq);
  return outcome;
}

function sceneOf(state: GovernanceState, context: BlockContext, signed: SignedOperation): Scene {
  const { operation, id, signatures } = signed;
  return { state, context, operation, id, signers: signatures.map(({ key }) => key) };
}

/** The checks in the order of the outcome codes; the first that fails answers (protocol.md, Execution). */
function examine(scene: Scene, signed: SignedOperation, place: ItemPlace): Examined {
  const { state, context, operation } = scene;
  const withoutSeq = WITHOUT_SEQ.has(operation.kind);
  const plan = readPlan(operation.kind, operation.body);
  if (plan === undefined || (withoutSeq && operation.seq !== 0)) return { outcome: 'malformed' };
  if (!hashesEqual(operation.chain, state.chain)) return { outcome: 'wrong-chain' };
  if (place.shard !== 0) return { outcome: 'wrong-shard' };
  if (context.timeMs > operation.notAfterMs) return { outcome: 'expired' };
  const isStale = plan.isStale?.(scene) ?? (!withoutSeq && isSeqStale(scene));
  if (isStale) return { outcome: 'stale' };
  const missed = plan.target(scene);
  if (missed !== undefined) return { outcome: missed };
  if (!isAuthentic(scene, signed)) return { outcome: 'bad-signature' };
  return { outcome: plan.permit(scene) ?? 'applied', plan };
}

function readPlan(kind: OperationKind, body: CborValue): Plan | undefined {
  try {
    return PLANS[kind](body);
  } catch (error) {
    if (error instanceof WaggleError) return undefined;
    throw error;
  }
}

/** The actor is among the signers and every signature holds: one false one spoils the operation. */
function isAuthentic({ context, operation, signers, id }: Scene, signed: SignedOperation): boolean {
  if (!hasKey(signers, operation.actor)) return false;
  return signed.signatures.every(({ key, signature }) => context.verify(key, id, signature));
}
