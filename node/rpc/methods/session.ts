import { z } from 'zod';
import { progressOf } from '../../../protocol/governance/closing.ts';
import { sessionKey } from '../../../protocol/governance/row-keys.ts';
import type { GovernanceState, SessionRow } from '../../../protocol/governance/state.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { Desk } from '../desk.ts';
import { id, out, page, pageOf } from '../fields.ts';
import { RPC_LIMITS } from '../limits.ts';
import { defineMethod } from '../method.ts';
import { keyPage } from '../page.ts';
import { defined, toTime } from '../render.ts';
import { RpcError } from '../rpc-error.ts';

export const sessionStatus = z.enum(['draft', 'active', 'completed', 'cancelled']);

/** When it opened, when and why it ended: in summaries as in the whole record. */
const dates = {
  openedHeight: out.height,
  opensAt: out.time,
  closesAt: out.time.optional(),
  closedHeight: out.height.optional(),
  closedAt: out.time.optional(),
  reason: z.string().optional(),
};
const names = {
  space: out.id,
  session: out.id,
  title: z.string(),
  label: z.string().optional(),
  status: sessionStatus,
};

export const proposalShape = {
  id: out.id,
  title: z.string(),
  label: z.string().optional(),
  category: z.string().optional(),
  author: z.string().optional(),
  body: z.string().optional(),
};

const summary = z.strictObject({
  ...names,
  method: z.enum(['score', 'stance']),
  ...dates,
  proposalsCount: out.count,
  progress: z.strictObject({ ballots: out.count, voters: out.count, electors: out.count, complete: out.count }),
});

const record = z.strictObject({
  ...names,
  ...dates,
  /** As it was signed. */
  rule: z.looseObject({ method: z.enum(['score', 'stance']) }),
  electorate: z.array(z.strictObject({ voter: out.id, role: z.string(), weight: z.int().min(1) })),
  proposals: z.array(z.strictObject(proposalShape)),
  opener: out.hex,
  operation: out.hex,
  progress: summary.shape.progress.extend({ missing: z.array(out.id), missingCount: out.count }),
  at: z.strictObject({ height: out.height }),
});

export const sessionGet = defineMethod('session_get', {
  summary: 'Record, state and progress of a session, with the voters that are missing (the first 1,000).',
  params: z.strictObject({ space: id, session: id }),
  result: record,
  heavy: true,
  handle: async ({ space, session }, desk) => {
    const state = desk.api.state();
    const row = findSession(state, space, session);
    const missing = await desk.api.missingVoters(space, session);
    const { rule, electorate, proposals, opener, operation } = row;
    return {
      ...renderNames(row),
      ...renderDates(row),
      rule,
      electorate,
      proposals,
      opener: toHex(opener),
      operation: toHex(operation),
      progress: {
        ...renderProgress(state, row),
        missing: missing.slice(0, RPC_LIMITS.missingMax),
        missingCount: missing.length,
      },
      at: { height: desk.api.head().height },
    };
  },
});

export const sessionList = defineMethod('session_list', {
  summary: 'Sessions by space and id.',
  params: z.strictObject({ space: id.optional(), status: sessionStatus.optional(), ...page }),
  result: pageOf(summary),
  heavy: true,
  handle: ({ space, status, ...query }, desk) => {
    const state = desk.api.state();
    const keys = sessionKeys(desk, space, status === undefined ? () => true : (row) => row.status === status);
    return keyPage(keys, query, (key) => renderSummary(state, key), desk.api.head().height);
  },
});

function* sessionKeys(
  desk: Desk,
  space: string | undefined,
  isWanted: (row: SessionRow) => boolean,
): Generator<string> {
  for (const [key, row] of desk.api.state().sessions.entries()) {
    if ((space === undefined || row.space === space) && isWanted(row)) yield key;
  }
}

/** @throws RpcError space.unknown, session.unknown */
export function findSession(state: GovernanceState, space: string, session: string): SessionRow {
  const row = state.sessions.get(sessionKey(space, session));
  if (row !== undefined) return row;
  if (!state.spaces.has(space)) throw new RpcError('space.unknown', { path: 'space' });
  throw new RpcError('session.unknown', { path: 'session' });
}

function renderNames({ space, session, title, label, status }: SessionRow) {
  return defined({ space, session, title, label, status });
}

function renderDates(row: SessionRow) {
  const { openedHeight, opensAtMs, closesAtMs, closedHeight, closedAtMs, reason } = row;
  return defined({
    openedHeight,
    opensAt: toTime(opensAtMs),
    closesAt: closesAtMs === undefined ? undefined : toTime(closesAtMs),
    closedHeight,
    closedAt: closedAtMs === undefined ? undefined : toTime(closedAtMs),
    reason,
  });
}

function renderProgress(state: GovernanceState, row: SessionRow) {
  const { ballots, voters, complete } = progressOf(state, row);
  return { ballots, voters, electors: row.electorate.length, complete };
}

function renderSummary(state: GovernanceState, key: string) {
  const row = state.sessions.get(key);
  if (row === undefined) throw new RpcError('session.unknown');
  return {
    ...renderNames(row),
    method: row.rule.method,
    ...renderDates(row),
    proposalsCount: row.proposals.length,
    progress: renderProgress(state, row),
  };
}
