import { z } from 'zod';
import { liveResults } from '../../../protocol/governance/queries.ts';
import type { GovernanceState, ProposalResult, SessionRow } from '../../../protocol/governance/state.ts';
import type { ProposalRecord } from '../../../protocol/governance/types.ts';
import type { Desk } from '../desk.ts';
import { id, out, page, pageOf } from '../fields.ts';
import { defineMethod } from '../method.ts';
import { keyPage } from '../page.ts';
import { RpcError } from '../rpc-error.ts';
import { findSession, proposalShape, sessionStatus } from './session.ts';
import { renderResult, resultShape } from './tally.ts';

/** What stands in the record, where its session is, and for a finished session what became of the proposal. */
const proposalStatus = z.enum(['draft', 'active', 'cancelled', 'approved', 'hold', 'rejected', 'revision', 'none']);

const facts = z.strictObject({
  space: out.id,
  session: out.id,
  ...proposalShape,
  sessionStatus,
  status: proposalStatus,
});

export const proposalGet = defineMethod('proposal_get', {
  summary: 'A proposal, its status and its count so far or its result.',
  params: z.strictObject({ space: id, session: id, proposal: id }),
  result: facts.extend({ result: resultShape, at: z.strictObject({ height: out.height }) }),
  heavy: true,
  handle: ({ space, session, proposal }, desk) => {
    const state = desk.api.state();
    const row = findSession(state, space, session);
    const record = row.proposals.find((one) => one.id === proposal);
    const result = liveResults(state, space, session)?.find((one) => one.proposal === proposal);
    if (record === undefined || result === undefined) throw new RpcError('proposal.unknown', { path: 'proposal' });
    const at = { height: desk.api.head().height };
    return { ...renderProposal(row, record, result), result: renderResult(result), at };
  },
});

export const proposalList = defineMethod('proposal_list', {
  summary: 'Proposals of a space, of one session or with one status, by session and id.',
  params: z.strictObject({ space: id, session: id.optional(), status: proposalStatus.optional(), ...page }),
  result: pageOf(facts),
  heavy: true,
  handle: ({ space, session, status, ...query }, desk) => {
    const rows = session === undefined ? rowsOf(desk, space) : [findSession(desk.api.state(), space, session)];
    const found = new Map<string, ReturnType<typeof renderProposal>>();
    for (const row of rows) {
      for (const facts of proposalsOf(desk.api.state(), row)) {
        if (status === undefined || facts.status === status) found.set(`${row.session}/${facts.id}`, facts);
      }
    }
    return keyPage(found.keys(), query, (key) => found.get(key), desk.api.head().height);
  },
});

function* rowsOf(desk: Desk, space: string): Generator<SessionRow> {
  for (const row of desk.api.state().sessions.values()) if (row.space === space) yield row;
}

function proposalsOf(state: GovernanceState, row: SessionRow) {
  // A running session's proposals are all `active`: only a recorded result is looked up.
  const recorded = row.status === 'completed' ? liveResults(state, row.space, row.session) : undefined;
  const byId = new Map(recorded?.map((result) => [result.proposal, result]));
  return row.proposals.map((record) => renderProposal(row, record, byId.get(record.id)));
}

function renderProposal(row: SessionRow, record: ProposalRecord, result: ProposalResult | undefined) {
  const status = row.status === 'completed' ? (result?.status ?? 'none') : row.status;
  return { space: row.space, session: row.session, ...record, sessionStatus: row.status, status };
}
