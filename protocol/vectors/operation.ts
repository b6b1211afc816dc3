import type { CborValue } from '../codec/cbor.ts';
import type { KeyPair } from '../crypto/keys.ts';
import { encodeSignedOperation, type OperationKind, signOperation } from '../governance/operation.ts';
import { changeNameBody, paramsProposeBody, rosterProposeBody } from '../governance/operations/network-change.ts';
import { modelRegisterBody, modelUpdateBody, spaceCreateBody } from '../governance/operations/registry.ts';
import { proposalAddBody, sessionActivateBody } from '../governance/operations/session-draft.ts';
import {
  sessionCancelBody,
  sessionCloseBody,
  sessionDueBody,
  sessionExtendBody,
} from '../governance/operations/session-end.ts';
import { sessionOpenBody } from '../governance/operations/session-open.ts';
import { parseId } from '../ids.ts';
import {
  ADMIN_KEY,
  CHAIN,
  filled,
  keyOf,
  NEXT_EPOCH,
  NEXT_VALIDATOR,
  NEXT_VALIDATOR_KEY,
  OPENER_KEY,
  SESSION,
  SPACE,
} from './fixtures/people.ts';
import { FULL_SESSION } from './fixtures/session.ts';
import { show } from './fixtures/show.ts';

const AT = { space: SPACE, session: SESSION };
const LAB = { id: parseId('lab'), title: 'Lab', label: 'The Lab', openers: [OPENER_KEY.publicKey] };
const NEW = {
  id: parseId('model-d'),
  key: keyOf(44).publicKey,
  operator: parseId('node4'),
  auth: 'voter',
  label: 'Model D',
  aliases: ['D', 'model d'],
} as const;
const THIRD = { id: parseId('003'), title: 'Three' };

const ROSTER_CHANGE = {
  epoch: 7,
  add: [NEXT_VALIDATOR],
  remove: [parseId('node4')],
  rotate: [{ name: parseId('node1'), key: keyOf(6).publicKey }],
  admins: { keys: [ADMIN_KEY.publicKey, keyOf(12).publicKey], threshold: 2 },
};
const PARAMS_CHANGE = { ...NEXT_EPOCH.params, epoch: 7, viewTimerMs: 200, blockIntervalMs: 50 };
const WITHOUT_SEQ: ReadonlySet<OperationKind> = new Set<OperationKind>(['session.due', 'roster.ready']);

/** One body of every kind that has one, with all it may hold. */
const BODIES: readonly (readonly [kind: OperationKind, body: CborValue, signers: readonly KeyPair[]])[] = [
  ['space.create', spaceCreateBody(LAB), [ADMIN_KEY]],
  ['model.register', modelRegisterBody({ models: [NEW] }), [ADMIN_KEY]],
  ['model.update', modelUpdateBody({ id: NEW.id, key: null }), [keyOf(44)]],
  ['session.open', sessionOpenBody(FULL_SESSION), [OPENER_KEY]],
  ['proposal.add', proposalAddBody({ ...AT, proposals: [THIRD] }), [OPENER_KEY]],
  ['session.activate', sessionActivateBody(AT), [OPENER_KEY]],
  ['session.close', sessionCloseBody({ ...AT, reason: 'agreed' }), [OPENER_KEY, ADMIN_KEY]],
  ['session.cancel', sessionCancelBody({ ...AT, reason: 'a mistake' }), [OPENER_KEY]],
  ['session.extend', sessionExtendBody({ ...AT, closesAtMs: 1_767_225_800_000, reason: 'more time' }), [OPENER_KEY]],
  ['session.due', sessionDueBody(AT), [keyOf(1)]],
  ['roster.propose', rosterProposeBody(ROSTER_CHANGE), [ADMIN_KEY]],
  ['params.propose', paramsProposeBody(PARAMS_CHANGE), [ADMIN_KEY]],
  ['roster.ready', changeNameBody({ epoch: 7, change: filled(7) }), [NEXT_VALIDATOR_KEY]],
  ['change.withdraw', changeNameBody({ epoch: 7, change: filled(7) }), [ADMIN_KEY]],
];

export function vectors(): unknown {
  return show(
    BODIES.map(([kind, body, signers]) => {
      const actor = (signers[0] ?? ADMIN_KEY).publicKey;
      const times = { notAfterMs: 1_767_225_660_000, timeMs: 1_767_225_600_000 };
      const seq = WITHOUT_SEQ.has(kind) ? 0 : 1;
      const signed = signOperation({ chain: CHAIN, actor, seq, ...times, kind, body }, signers);
      return { kind, body, id: signed.id, signatures: signed.signatures, bytes: encodeSignedOperation(signed) };
    }),
  );
}
