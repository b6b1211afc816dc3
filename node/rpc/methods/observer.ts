import { z } from 'zod';
import { isPeerText, observerAdmitBody, observerRemoveBody } from '../../../protocol/governance/operations/observer.ts';
import type { ObserverRow } from '../../../protocol/governance/state.ts';
import { hashesEqual } from '../../../protocol/hash.ts';
import { parseId } from '../../../protocol/ids.ts';
import { signInvite } from '../../../protocol/invite.ts';
import type { Desk } from '../desk.ts';
import { awaitFinal, id, out, page, pageOf } from '../fields.ts';
import { defineMethod } from '../method.ts';
import { submitOperation } from '../operation-desk.ts';
import { keyPage } from '../page.ts';
import { defined } from '../render.ts';
import { operationResult } from './session-write.ts';

const PEER_FORM = '^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$';

const peer = z
  .string()
  .refine(isPeerText, { error: 'expected the peer id of an ed25519 key, 12D3KooW…' })
  .meta({ type: 'string', pattern: PEER_FORM, description: 'the peer id of an ed25519 key, 12D3KooW…' });

const facts = z.strictObject({
  name: out.id,
  peer: z.string(),
  /** The validator that let it in; absent when that was the admins' key. */
  sponsor: out.id.optional(),
  status: z.enum(['admitted', 'removed']),
  admittedHeight: out.height,
  removedHeight: out.height.optional(),
});

export const observerList = defineMethod('observer_list', {
  summary: 'Operators without a validator seat whose nodes may connect, by name.',
  params: z.strictObject(page),
  result: pageOf(facts),
  handle: (query, desk) => {
    const { observers } = desk.api.state();
    const render = (key: string) => {
      const row = observers.get(key);
      return row === undefined ? undefined : renderObserver(desk, row);
    };
    return keyPage(observers.keys(), query, render, desk.api.head().height);
  },
});

function renderObserver({ roster }: Desk, { name, peer: id, sponsor, admittedHeight, removedHeight }: ObserverRow) {
  const by = roster.validators.find(({ key }) => hashesEqual(key, sponsor))?.name;
  const status = removedHeight === undefined ? 'admitted' : 'removed';
  return defined({ name, peer: id, sponsor: by, status, admittedHeight, removedHeight });
}

const invite = z.strictObject({
  format: z.literal('waggle-invite/1'),
  network: z.string(),
  chain: out.hex,
  name: out.id,
  peer: z.string(),
  sponsor: out.id,
  /** As chain_genesis has it. */
  genesis: z.looseObject({}),
  signature: out.hex,
});

export const observerAdmit = defineMethod('observer_admit', {
  summary:
    'Let the node of another operator connect to every validator. The answer holds the invite this validator signed: the file for `waggle join`.',
  scope: 'operator',
  params: z.strictObject({ name: id, peer, await: awaitFinal }),
  result: operationResult.extend({ invite }),
  handle: async ({ await: level, ...rest }, desk) => {
    const answer = await submitOperation(desk, 'observer.admit', observerAdmitBody(rest), level);
    const { genesis, name, operatorKey } = desk.api;
    return { ...answer, invite: signInvite({ genesis, ...rest, sponsor: parseId(name) }, operatorKey) };
  },
});

export const observerRemove = defineMethod('observer_remove', {
  summary: 'Let an observer in no more: every validator ends its connections. By who admitted it, or by the admins.',
  scope: 'operator',
  params: z.strictObject({ name: id, await: awaitFinal }),
  result: operationResult,
  handle: async ({ await: level, name }, desk) =>
    await submitOperation(desk, 'observer.remove', observerRemoveBody({ name }), level),
});
