import { type CborValue, encodeCanonical } from '../../protocol/codec/cbor.ts';
import { admittedObserver } from '../../protocol/governance/lookups.ts';
import type { OperationKind } from '../../protocol/governance/operation.ts';
import { toBody } from '../../protocol/governance/operations/fields.ts';
import { readSessionOpen, type SessionOpen } from '../../protocol/governance/operations/session-open.ts';
import { sessionKey } from '../../protocol/governance/row-keys.ts';
import type { GovernanceState } from '../../protocol/governance/state.ts';
import { hashesEqual } from '../../protocol/hash.ts';

/*
 * A call whose answer was lost is made again, and this node signs it anew: another operation, which the ledger refuses,
 * because what it makes is there. If what is there is exactly what was asked for, the caller has what it wanted.
 */

type Body = { readonly [field: string]: CborValue };

/** Whether the ledger holds exactly what the refused operation asked for. */
export function isRepeat(state: GovernanceState, kind: OperationKind, body: CborValue): boolean {
  const asked = body as Body;
  switch (kind) {
    case 'space.create':
      return isSame(state.spaces.get(textOf(asked.id)), asked, ['id', 'title', 'label', 'openers']);
    case 'model.register':
      return (asked.models as readonly Body[]).every((model) =>
        isSame(state.models.get(textOf(model.id)), model, MODEL_FIELDS),
      );
    case 'model.update': {
      const row = state.models.get(textOf(asked.id));
      const fields = Object.keys(asked);
      if (row !== undefined && asked.key === null) return row.key === undefined && fields.length === 2;
      return isSame(row, asked, fields);
    }
    case 'session.open':
      return isSameSession(state, readSessionOpen(body));
    case 'proposal.add': {
      const row = state.sessions.get(sessionKey(textOf(asked.space), textOf(asked.session)));
      const known = new Map(row?.proposals.map((proposal) => [proposal.id as string, proposal]));
      return (asked.proposals as readonly Body[]).every((one) =>
        isSame(known.get(textOf(one.id)), one, PROPOSAL_FIELDS),
      );
    }
    case 'observer.admit': {
      const row = admittedObserver(state, textOf(asked.name));
      return row !== undefined && row.peer === asked.peer;
    }
    default:
      return false;
  }
}

const MODEL_FIELDS = ['id', 'key', 'operator', 'auth', 'label', 'provider', 'role', 'sizeClass', 'aliases'];
const PROPOSAL_FIELDS = ['id', 'title', 'label', 'category', 'author', 'body'];
const SESSION_FIELDS = ['space', 'session', 'title', 'label', 'rule', 'electorate', 'proposals'];

/** What opening settles for good, and the times as they were asked for. */
function isSameSession(state: GovernanceState, asked: SessionOpen): boolean {
  const row = state.sessions.get(sessionKey(asked.space, asked.session));
  if (row === undefined || !isSame(row, toBody(asked) as Body, SESSION_FIELDS)) return false;
  const isDraft = row.status === 'draft';
  const opensAlike = asked.opensAtMs === undefined || asked.opensAtMs === row.opensAtMs;
  return opensAlike && asked.closesAtMs === row.closesAtMs && asked.draft === isDraft;
}

/** The named fields of both, as they would be encoded. */
function isSame(row: object | undefined, asked: Body, fields: readonly string[]): boolean {
  if (row === undefined) return false;
  const given = new Map(Object.entries(row));
  const pick = (read: (field: string) => unknown) =>
    encodeCanonical(toBody(Object.fromEntries(fields.map((field) => [field, read(field)]))));
  const wanted = new Map(Object.entries(asked));
  return hashesEqual(
    pick((field) => given.get(field)),
    pick((field) => wanted.get(field)),
  );
}

function textOf(value: CborValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
