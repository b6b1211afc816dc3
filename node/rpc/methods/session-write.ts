import { z } from 'zod';
import { proposalAddBody, sessionActivateBody } from '../../../protocol/governance/operations/session-draft.ts';
import {
  sessionCancelBody,
  sessionCloseBody,
  sessionExtendBody,
} from '../../../protocol/governance/operations/session-end.ts';
import { type SessionOpen, sessionOpenBody } from '../../../protocol/governance/operations/session-open.ts';
import type { ProposalRecord } from '../../../protocol/governance/types.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { awaitFinal, id, out, reason, time, title } from '../fields.ts';
import { defineMethod } from '../method.ts';
import { submitOperation } from '../operation-desk.ts';
import { RpcError } from '../rpc-error.ts';
import { electorField, proposalField, ruleField, toRule, withoutUndefined } from './rule-fields.ts';

export const operationResult = z.strictObject({
  operation: out.hex,
  outcome: z.enum(['applied', 'duplicate']).optional(),
  height: out.height.optional(),
});

const at = { space: id, session: id };

const openParams = z.strictObject({
  ...at,
  title: title.optional(),
  proposals: z.array(proposalField).max(LIMITS.proposalsMax).default([]),
  rule: ruleField,
  electorate: z.array(electorField).min(1).max(LIMITS.electorsMax),
  opensAt: time.optional(),
  closesAt: time.optional(),
  draft: z.boolean().default(false),
  label: title.optional(),
  await: awaitFinal,
});

export const sessionOpen = defineMethod('session_open', {
  summary: 'Open a session, or with draft keep it back until session_activate. The record is signed and never changes.',
  scope: 'operator',
  params: openParams,
  result: operationResult.extend({
    session: out.id,
    status: z.enum(['accepted', 'draft', 'active', 'completed', 'cancelled']),
  }),
  handle: async ({ await: level, title: given, rule, opensAt, closesAt, ...rest }, desk) => {
    const record = withoutUndefined({ ...rest, opensAtMs: opensAt, closesAtMs: closesAt });
    const open = { ...record, title: given ?? rest.session, rule: toRule(rule) } as SessionOpen;
    const answer = await submitOperation(desk, 'session.open', sessionOpenBody(open), level);
    const row = desk.api.state().sessions.get(`${rest.space}/${rest.session}`);
    const status = answer.outcome === undefined ? 'accepted' : (row?.status ?? (rest.draft ? 'draft' : 'active'));
    return { ...answer, session: rest.session, status };
  },
});

export const proposalAdd = defineMethod('proposal_add', {
  summary: 'Add a proposal, or several, to a draft.',
  scope: 'operator',
  params: z.strictObject({
    ...at,
    proposal: proposalField.optional(),
    proposals: z.array(proposalField).min(1).max(LIMITS.proposalsMax).optional(),
    await: awaitFinal,
  }),
  result: operationResult,
  handle: async ({ space, session, proposal, proposals, await: level }, desk) => {
    const added = proposals ?? (proposal === undefined ? [] : [proposal]);
    if (added.length === 0 || (proposal !== undefined && proposals !== undefined)) {
      throw new RpcError('params.invalid', { path: 'proposal', detail: 'give proposal or proposals' });
    }
    const records = withoutUndefined(added) as readonly ProposalRecord[];
    return await submitOperation(desk, 'proposal.add', proposalAddBody({ space, session, proposals: records }), level);
  },
});

export const sessionActivate = defineMethod('session_activate', {
  summary: 'Open a draft for votes.',
  scope: 'operator',
  params: z.strictObject({ ...at, await: awaitFinal }),
  result: operationResult,
  handle: async ({ await: level, ...rest }, desk) =>
    await submitOperation(desk, 'session.activate', sessionActivateBody(rest), level),
});

export const sessionClose = defineMethod('session_close', {
  summary: 'Close a session and record its result. Without a reason only where the rule says close: opener.',
  scope: 'operator',
  params: z.strictObject({ ...at, reason: reason.optional(), await: awaitFinal }),
  result: operationResult,
  handle: async ({ await: level, ...rest }, desk) =>
    await submitOperation(
      desk,
      'session.close',
      sessionCloseBody(withoutUndefined(rest) as typeof rest & { reason: string }),
      level,
    ),
});

export const sessionCancel = defineMethod('session_cancel', {
  summary: 'Cancel a session: no result is recorded.',
  scope: 'operator',
  params: z.strictObject({ ...at, reason, await: awaitFinal }),
  result: operationResult,
  handle: async ({ await: level, ...rest }, desk) =>
    await submitOperation(desk, 'session.cancel', sessionCancelBody(rest), level),
});

export const sessionExtend = defineMethod('session_extend', {
  summary: 'Move an announced deadline to a later time.',
  scope: 'operator',
  params: z.strictObject({ ...at, reason, closesAt: time, await: awaitFinal }),
  result: operationResult,
  handle: async ({ await: level, closesAt, ...rest }, desk) =>
    await submitOperation(desk, 'session.extend', sessionExtendBody({ ...rest, closesAtMs: closesAt }), level),
});
