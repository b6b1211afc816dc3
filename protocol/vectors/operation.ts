import type { CborValue } from '../codec/cbor.ts';
import type { KeyPair } from '../crypto/keys.ts';
import { encodeSignedOperation, type OperationKind, signOperation } from '../governance/operation.ts';
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
import { ADMIN_KEY, CHAIN, keyOf, OPENER_KEY, SESSION, SPACE } from './fixtures/people.ts';
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
];

export function vectors(): unknown {
  return show(
    BODIES.map(([kind, body, signers]) => {
      const actor = (signers[0] ?? ADMIN_KEY).publicKey;
      const times = { notAfterMs: 1_767_225_660_000, timeMs: 1_767_225_600_000 };
      const seq = kind === 'session.due' ? 0 : 1;
      const signed = signOperation({ chain: CHAIN, actor, seq, ...times, kind, body }, signers);
      return { kind, body, id: signed.id, signatures: signed.signatures, bytes: encodeSignedOperation(signed) };
    }),
  );
}
