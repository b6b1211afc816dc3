import type { CborValue } from '../../protocol/codec/cbor.ts';
import { epochOf } from '../../protocol/governance/epochs.ts';
import type { OperationKind } from '../../protocol/governance/operation.ts';
import { sessionKey } from '../../protocol/governance/row-keys.ts';
import type { GovernanceState, SessionRow } from '../../protocol/governance/state.ts';
import { hashesEqual } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Outcome } from '../../protocol/outcome.ts';
import type { NodeApi } from './node-api.ts';
import type { ErrorDetail } from './rpc-error.ts';

/** What an operation that was refused is explained by: its own body, and the state that refused it. */
interface Refused {
  readonly fields: Readonly<Record<string, CborValue | undefined>>;
  readonly state: GovernanceState;
  readonly key: Uint8Array;
}

type Where = Pick<ErrorDetail, 'path' | 'detail' | 'facts'>;
type Explain = (refused: Refused) => Where;

/**
 * Where the fault of a refused operation is and what would be right, by the conditions of the ledger
 * (protocol/governance/operations); empty when the type of the error says it all. Bodies are made by this room.
 */
export function explainOperation(
  api: Pick<NodeApi, 'operatorKey' | 'state'>,
  kind: OperationKind,
  body: CborValue,
  outcome: Outcome,
): Where {
  const refused = { fields: body as Refused['fields'], state: api.state(), key: api.operatorKey.publicKey };
  if (outcome === 'unknown-session') return nowhere(refused);
  return EXPLAIN.get(`${kind} ${outcome}`)?.(refused) ?? {};
}

const NOT_OPENER: Where = { path: 'space', detail: 'the key of this node is no opener of the space' };
const NOT_HOLDER: Where = { detail: 'another key opened the session: its opener or the admins may' };
const PAST: Where = { path: 'closesAt', detail: 'not after the last block' };

const EXPLAIN: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  ['session.open forbidden', () => NOT_OPENER],
  ['session.open closed', () => PAST],
  ['session.close forbidden', closing],
  ['session.cancel forbidden', () => NOT_HOLDER],
  ['session.extend forbidden', extending],
  ['session.extend closed', (refused) => (rowOf(refused)?.status === 'active' ? PAST : {})],
  ['proposal.add forbidden', adding],
  ['proposal.add conflict', clashing],
  ['session.activate forbidden', () => NOT_OPENER],
  [
    'session.activate closed',
    (refused) => (rowOf(refused)?.status === 'draft' ? { detail: 'its deadline is over' } : {}),
  ],
  [
    'session.activate unknown-proposal',
    () => ({ detail: 'the threshold names one, or a category, that is not there' }),
  ],
  ['model.register conflict', (refused) => modelWhere(refused, ({ id }) => refused.state.models.has(String(id)))],
  ['model.update not-eligible', () => ({ path: 'operator' })],
  ['model.update conflict', () => ({ path: 'key' })],
  [
    'model.update forbidden',
    ({ fields }) => (fields.auth === 'voter' ? { path: 'auth', detail: 'it needs a key' } : {}),
  ],
]);

function nowhere({ fields, state }: Refused): Where {
  return state.spaces.has(String(fields.space)) ? { path: 'session' } : { path: 'space' };
}

function closing(refused: Refused): Where {
  const row = rowOf(refused);
  if (row === undefined || !isHolder(refused, row)) return NOT_HOLDER;
  return { path: 'reason', detail: `needed, as the rule says close: ${row.rule.close}` };
}

function extending(refused: Refused): Where {
  const row = rowOf(refused);
  if (row === undefined || !isHolder(refused, row)) return NOT_HOLDER;
  const detail = row.closesAtMs === undefined ? 'the session has no deadline' : 'a deadline only moves to later';
  return { path: 'closesAt', detail };
}

function adding(refused: Refused): Where {
  const { fields, state, key } = refused;
  const openers = state.spaces.get(String(fields.space))?.openers ?? [];
  if (!openers.some((opener) => hashesEqual(opener, key))) return NOT_OPENER;
  return { path: 'proposals', detail: `a session has at most ${LIMITS.proposalsMax} of them` };
}

function clashing(refused: Refused): Where {
  const taken = new Set<unknown>(rowOf(refused)?.proposals.map(({ id }) => id));
  const first = listOf(refused.fields.proposals).find(({ id }) => taken.has(id));
  return typeof first?.id === 'string' ? { facts: { proposal: first.id } } : {};
}

function modelWhere({ fields }: Refused, isFaulty: (model: Refused['fields']) => boolean): Where {
  const first = listOf(fields.models).find(isFaulty);
  return typeof first?.id === 'string' ? { facts: { model: first.id } } : {};
}

function listOf(value: CborValue | undefined): readonly Refused['fields'][] {
  return Array.isArray(value) ? (value as readonly Refused['fields'][]) : [];
}

function rowOf({ fields, state }: Refused): SessionRow | undefined {
  return state.sessions.get(sessionKey(String(fields.space), String(fields.session)));
}

/** The opener of the session, or the admins where one key is enough. */
function isHolder({ key, state }: Refused, row: SessionRow): boolean {
  const { admins } = epochOf(state);
  if (hashesEqual(row.opener, key)) return true;
  return admins.threshold <= 1 && admins.keys.some((admin) => hashesEqual(admin, key));
}

const FAULTS: ReadonlyMap<string, string> = new Map([
  ['electorate', 'an elector is named twice'],
  ['proposals', 'a proposal is named twice, or there is none'],
  ['rule.threshold', 'it names a proposal or category that is not there'],
  ['rule.quorum', 'more votes than electors'],
  ['closesAt', 'needed where the rule says close: deadline, and after opensAt'],
  ['reason', 'a word by which the ledger itself says why a session ended'],
  ['openers', 'a key is named twice'],
  ['models', 'a model is named twice'],
]);

/** The place the ledger's own reader refuses, with what is wrong there as far as the schema had let it pass. */
export function explainField(field: string): Where {
  const detail = FAULTS.get(field);
  return detail === undefined ? { path: field } : { path: field, detail };
}
