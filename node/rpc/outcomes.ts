import type { OperationKind } from '../../protocol/governance/operation.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { ErrorType } from './error-codes.ts';

/** Outcomes that are a success for who submitted. */
export type Taken = 'counted' | 'applied' | 'duplicate';
type Refused = Exclude<Outcome, Taken>;

export function isTaken(outcome: Outcome): outcome is Taken {
  return outcome === 'counted' || outcome === 'applied' || outcome === 'duplicate';
}

const BALLOT: Readonly<Record<Refused, ErrorType>> = {
  malformed: 'ballot.malformed',
  'wrong-chain': 'ballot.wrong-chain',
  'wrong-shard': 'ballot.wrong-shard',
  expired: 'ballot.expired',
  stale: 'ballot.malformed',
  'unknown-session': 'session.unknown',
  'bad-signature': 'ballot.bad-signature',
  'not-eligible': 'ballot.not-eligible',
  forbidden: 'ballot.bad-signature',
  'not-open': 'ballot.not-open',
  closed: 'ballot.closed',
  'already-voted': 'ballot.already-voted',
  conflict: 'ballot.conflict',
  'unknown-proposal': 'ballot.unknown-proposal',
  incomplete: 'ballot.incomplete',
  'invalid-choice': 'ballot.invalid-choice',
};

const OPERATION: Readonly<Record<Refused, ErrorType>> = {
  malformed: 'operation.malformed',
  'wrong-chain': 'operation.wrong-chain',
  'wrong-shard': 'operation.malformed',
  expired: 'operation.expired',
  stale: 'operation.stale',
  'unknown-session': 'session.unknown',
  'bad-signature': 'operation.bad-signature',
  'not-eligible': 'model.operator-unknown',
  forbidden: 'operation.forbidden',
  'not-open': 'session.not-open',
  closed: 'session.closed',
  'already-voted': 'operation.malformed',
  conflict: 'session.exists',
  'unknown-proposal': 'proposal.unknown',
  incomplete: 'session.no-proposals',
  'invalid-choice': 'operation.malformed',
};

/** Where an outcome means something else for one kind of operation. */
const BY_KIND: ReadonlyMap<OperationKind, Partial<Readonly<Record<Refused, ErrorType>>>> = new Map([
  ['session.open', { malformed: 'session.invalid', 'unknown-session': 'space.unknown' }],
  ['proposal.add', { conflict: 'proposal.exists', closed: 'session.not-draft' }],
  ['session.activate', { closed: 'session.not-draft' }],
  ['session.close', { forbidden: 'session.rule-forbids' }],
  ['session.cancel', { forbidden: 'session.rule-forbids' }],
  ['session.extend', { forbidden: 'session.rule-forbids' }],
  ['space.create', { conflict: 'space.exists' }],
  ['model.register', { conflict: 'model.exists' }],
  ['model.update', { conflict: 'model.key-used' }],
  ['observer.admit', { conflict: 'observer.exists', forbidden: 'observer.refused' }],
  ['observer.remove', { 'not-eligible': 'observer.unknown' }],
  ['roster.propose', { 'not-eligible': 'validator.unknown', forbidden: 'change.refused', conflict: 'change.exists' }],
  ['params.propose', { forbidden: 'change.refused', conflict: 'change.exists' }],
  ['change.withdraw', { 'not-eligible': 'change.unknown', conflict: 'change.approved' }],
  ['roster.ready', { 'not-eligible': 'change.unknown' }],
]);

export function ballotErrorType(outcome: Refused): ErrorType {
  return BALLOT[outcome];
}

export function operationErrorType(kind: OperationKind, outcome: Refused): ErrorType {
  return BY_KIND.get(kind)?.[outcome] ?? OPERATION[outcome];
}
