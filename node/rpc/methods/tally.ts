import { z } from 'zod';
import { liveResults } from '../../../protocol/governance/queries.ts';
import { sessionKey } from '../../../protocol/governance/row-keys.ts';
import type { ProposalResult } from '../../../protocol/governance/state.ts';
import type { Desk } from '../desk.ts';
import { id, out } from '../fields.ts';
import { defineMethod } from '../method.ts';
import { defined, toTime } from '../render.ts';
import { findSession } from './session.ts';

const stances = { approve: out.count.optional(), reject: out.count.optional(), abstain: out.count.optional() };

export const resultShape = z.strictObject({
  proposal: out.id,
  n: out.count,
  total: out.count,
  ...stances,
  /** Null without a vote: there is no percent of nothing. */
  percent: out.fraction.nullable(),
  threshold: z.strictObject({ op: z.enum(['>=', '>']), percent: out.fraction }).nullable(),
  approved: z.boolean().optional(),
  band: z.enum(['approved', 'hold', 'rejected']).nullable(),
  veto: z
    .strictObject({
      electors: out.count,
      low: out.count,
      lowWithText: out.count,
      lowAll: out.count,
      texts: out.count,
      share: out.fraction,
      resolution: z.enum(['none', 'revision', 'rejected']),
    })
    .nullable(),
  status: z.enum(['approved', 'hold', 'rejected', 'revision', 'none']),
  rank: z.int().min(1),
});

/** Exact integers and fractions, never floats. Stances are counted apart only where the method has them. */
export function renderResult(result: ProposalResult): z.output<typeof resultShape> {
  const { proposal, n, total, approve, reject, abstain, percent, threshold, approved, band, veto, status, rank } =
    result;
  const hasStances = approve + reject + abstain > 0;
  return defined({
    proposal,
    n,
    total,
    ...(hasStances ? { approve, reject, abstain } : {}),
    percent: percent ?? null,
    threshold: threshold ?? null,
    approved,
    band: band ?? null,
    veto: veto ?? null,
    status,
    rank,
  });
}

export const tallyGet = defineMethod('tally_get', {
  summary: 'The count of a session: exact, ranked, and final once the session has ended.',
  params: z.strictObject({ space: id, session: id }),
  result: z.strictObject({
    space: out.id,
    session: out.id,
    final: z.boolean(),
    height: out.height,
    time: out.time.optional(),
    quorumReached: z.boolean().optional(),
    proposals: z.array(resultShape),
  }),
  heavy: true,
  handle: ({ space, session }, desk) => {
    findSession(desk.api.state(), space, session);
    return renderTally(desk, space, session);
  },
});

/** The tally of a session that is there. */
export function renderTally({ api }: Desk, space: string, session: string) {
  const state = api.state();
  const recorded = state.results.get(sessionKey(space, session));
  const proposals = liveResults(state, space, session) ?? [];
  return defined({
    space,
    session,
    final: recorded !== undefined,
    height: recorded?.height ?? api.head().height,
    time: recorded === undefined ? undefined : toTime(recorded.timeMs),
    quorumReached: recorded?.quorumReached,
    proposals: proposals.map(renderResult),
  });
}
