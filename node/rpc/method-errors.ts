import type { ErrorType } from './error-codes.ts';
import type { Method } from './method.ts';

/** Of anything that is signed here and goes to the ledger. */
const WRITES: readonly ErrorType[] = ['network.busy', 'node.not-ready', 'storage.read-only', 'request.timeout'];

const OPERATIONS: readonly ErrorType[] = [
  ...WRITES,
  'operation.forbidden',
  'operation.stale',
  'operation.expired',
  'operation.too-large',
  'operation.malformed',
  'operation.wrong-chain',
  'operation.bad-signature',
];

/** What operations of any kind may come to, which clients bring whole. */
const SIGNED_ELSEWHERE: readonly ErrorType[] = [
  'space.unknown',
  'space.exists',
  'session.unknown',
  'session.exists',
  'session.invalid',
  'session.closed',
  'session.not-draft',
  'session.no-proposals',
  'session.rule-forbids',
  'proposal.exists',
  'proposal.unknown',
  'model.exists',
  'model.operator-unknown',
  'model.key-used',
  'observer.unknown',
  'observer.exists',
  'observer.refused',
];

const BALLOTS: readonly ErrorType[] = [
  ...WRITES,
  'session.unknown',
  'model.unknown',
  'ballot.closed',
  'ballot.not-open',
  'ballot.not-eligible',
  'ballot.already-voted',
  'ballot.conflict',
  'ballot.bad-signature',
  'ballot.incomplete',
  'ballot.unknown-proposal',
  'ballot.invalid-choice',
  'ballot.expired',
  'ballot.wrong-chain',
  'ballot.wrong-shard',
  'ballot.malformed',
  'ballot.duplicate-proposal',
  'ballot.too-large',
  'ballot.not-after',
  'ballot.not-operated',
  'ballot.no-key',
  'receipt.unavailable',
];

const IN_SESSION: readonly ErrorType[] = ['space.unknown', 'session.unknown'];
const ENDING: readonly ErrorType[] = [...OPERATIONS, 'session.unknown', 'session.closed', 'session.rule-forbids'];

/** What a method may refuse with, besides what any call may hear. */
const OWN: ReadonlyMap<string, readonly ErrorType[]> = new Map<string, readonly ErrorType[]>([
  ['chain_getBlock', ['chain.block-unknown', 'chain.pruned']],
  ['chain_getSegment', ['chain.segment-unknown', 'chain.pruned']],
  ['chain_getCheckpoint', ['chain.checkpoint-unknown']],
  ['session_open', [...OPERATIONS, 'space.unknown', 'session.exists', 'session.invalid', 'session.closed']],
  ['session_get', IN_SESSION],
  [
    'session_activate',
    [
      ...OPERATIONS,
      'session.unknown',
      'session.not-draft',
      'session.no-proposals',
      'session.closed',
      'proposal.unknown',
    ],
  ],
  ['session_close', [...ENDING, 'session.not-open']],
  ['session_cancel', ENDING],
  ['session_extend', ENDING],
  ['proposal_add', [...OPERATIONS, 'session.unknown', 'session.not-draft', 'proposal.exists']],
  ['proposal_get', [...IN_SESSION, 'proposal.unknown']],
  ['proposal_list', IN_SESSION],
  ['ballot_submit', [...BALLOTS, 'auth.missing', 'auth.forbidden']],
  ['ballot_get', ['ballot.unknown', 'chain.pruned']],
  ['ballot_list', IN_SESSION],
  ['tally_get', IN_SESSION],
  ['model_get', ['model.unknown']],
  ['model_register', [...OPERATIONS, 'model.exists', 'model.operator-unknown']],
  ['model_update', [...OPERATIONS, 'model.unknown', 'model.operator-unknown', 'model.key-used']],
  ['space_get', ['space.unknown']],
  ['space_create', [...OPERATIONS, 'space.exists']],
  ['observer_admit', [...OPERATIONS, 'observer.exists', 'observer.refused']],
  ['observer_remove', [...OPERATIONS, 'observer.unknown']],
  [
    'operation_submit',
    [
      ...OPERATIONS,
      ...SIGNED_ELSEWHERE,
      'validator.unknown',
      'change.exists',
      'change.refused',
      'change.unknown',
      'change.approved',
    ],
  ],
  ['sub_subscribe', [...IN_SESSION, 'method.unknown']],
  ['sub_unsubscribe', ['method.unknown']],
]);

/** What any call may hear, whatever it is; `request.*` where no method was found yet are not among them. */
export const COMMON_ERRORS: readonly ErrorType[] = [
  'params.invalid',
  'request.rate-limited',
  'response.too-large',
  'storage.damaged',
  'internal',
];

/** The errors of one method by type, those of every call left out. */
export function errorsOf({ name, scope }: Pick<Method, 'name' | 'scope'>): readonly ErrorType[] {
  const own = OWN.get(name) ?? [];
  return scope === 'operator' || scope === 'admin' ? ['auth.missing', 'auth.forbidden', ...own] : own;
}
