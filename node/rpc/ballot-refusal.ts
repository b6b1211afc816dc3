import { hasProposal } from '../../protocol/governance/lookups.ts';
import type { SessionRow } from '../../protocol/governance/state.ts';
import type { Entry, SessionRule } from '../../protocol/governance/types.ts';
import type { Id } from '../../protocol/ids.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import { ballotErrorType, isTaken } from './outcomes.ts';
import { type ErrorDetail, RpcError } from './rpc-error.ts';

const MISSING_MAX = 256;
const CHOICES = { score: 'a whole number 1…10', stance: 'one of approve, reject, abstain' } as const;

/** An entry as a client wrote it: optional fields may be there and undefined. */
interface GivenEntry {
  readonly proposal: string;
  readonly choice: Entry['choice'];
  readonly comment?: string | undefined;
  readonly veto?: string | undefined;
}

/** The error for a ballot that does not count, with the place of the fault in the params where there is one. */
export function ballotRefusal(
  outcome: Outcome,
  row: SessionRow,
  entries: readonly GivenEntry[],
  facts: NonNullable<ErrorDetail['facts']>,
): RpcError {
  if (isTaken(outcome)) return new RpcError('internal');
  const { facts: more, ...where } = explain(outcome, row, entries);
  return new RpcError(ballotErrorType(outcome), { ...where, facts: { ...facts, ...more } });
}

/** This node may not sign for the voter: who may, and where to go. */
export function notOperated(operator: Id): RpcError {
  return new RpcError('ballot.not-operated', {
    path: 'voter',
    detail: `${operator} operates it`,
    hint: `submit it at the node of ${operator}, or here with a signature of the voter's own key`,
    facts: { operator },
  });
}

function explain(outcome: Outcome, row: SessionRow, entries: readonly GivenEntry[]): ErrorDetail {
  if (outcome === 'unknown-proposal') {
    const at = entries.findIndex(({ proposal }) => !hasProposal(row.proposals, proposal));
    return at === -1 ? {} : { path: `entries[${at}].proposal` };
  }
  if (outcome === 'incomplete') {
    const answered = new Set(entries.map(({ proposal }) => proposal));
    const missing = row.proposals.flatMap(({ id }) => (answered.has(id) ? [] : [id]));
    return { path: 'entries', facts: { missing: missing.slice(0, MISSING_MAX) } };
  }
  return outcome === 'invalid-choice' ? explainChoice(row.rule, entries) : {};
}

/** The first entry that the rule of the session refuses, by the same conditions as the ledger. */
function explainChoice(rule: SessionRule, entries: readonly GivenEntry[]): ErrorDetail {
  for (const [at, { choice, comment, veto }] of entries.entries()) {
    const path = `entries[${at}]`;
    if (choice.method !== rule.method) {
      return { path: `${path}.choice`, detail: `this session takes ${CHOICES[rule.method]}` };
    }
    if (rule.commentRequired === true && isBlank(comment)) {
      return { path: `${path}.comment`, detail: 'this session asks for a comment' };
    }
    if (veto !== undefined && (rule.veto === undefined || isBlank(veto))) {
      return {
        path: `${path}.veto`,
        detail: rule.veto === undefined ? 'this session has no veto' : 'a veto text is not blank',
      };
    }
  }
  return {};
}

function isBlank(text: string | undefined): boolean {
  return text === undefined || /^[\t\n ]*$/.test(text);
}
