import type { CborValue } from '../../protocol/codec/cbor.ts';
import type { SignedOperation } from '../../protocol/governance/operation.ts';
import { signOperation } from '../../protocol/governance/operation.ts';
import { sessionCloseBody } from '../../protocol/governance/operations/session-end.ts';
import { sessionOpenBody } from '../../protocol/governance/operations/session-open.ts';
import type { SessionRule } from '../../protocol/governance/types.ts';
import { parseId } from '../../protocol/ids.ts';
import type { SessionPlan } from './checkers/recount.ts';
import { type People, SPACE } from './electorate.ts';
import { WORLD_STARTS_MS } from './node.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';

/** Sessions of a world: `alpha` once and for all, `beta` revisable with a deadline, `last` for the ballots after healing. */
export function drawSessions(plan: Plan, people: People, random: Random): readonly SessionPlan[] {
  const electorate = people.voters.map(({ model }) => ({
    voter: model.id,
    role: 'voter',
    weight: random.between(1, 3),
  }));
  const allVote = plan.villains.size === 0 && random.chance(0.5);
  const rule = (part: Partial<SessionRule>): SessionRule => ({
    method: 'score',
    threshold: null,
    revisable: false,
    complete: true,
    close: 'opener',
    ...part,
  });
  const deadlineMs = random.chance(0.5)
    ? random.between(1_500, plan.chaosMs)
    : plan.chaosMs + random.between(500, 3_000);
  const session = (name: string, own: Partial<SessionRule>, proposals: number, closesAtMs?: number): SessionPlan => ({
    name,
    rule: rule(own),
    electorate,
    proposals: Array.from({ length: proposals }, (_, at) => `p${at}`),
    closesAtMs,
  });
  return [
    session('alpha', allVote ? { close: 'all-voted' } : {}, 2),
    session(
      'beta',
      { method: 'stance', revisable: true, complete: false, close: 'deadline' },
      3,
      WORLD_STARTS_MS + deadlineMs,
    ),
    session('last', { revisable: true }, 1),
  ];
}

export function openOperation(people: People, session: SessionPlan, seq: number, timeMs: number): SignedOperation {
  const body = sessionOpenBody({
    space: SPACE,
    session: parseId(session.name),
    title: session.name,
    rule: session.rule,
    electorate: session.electorate,
    proposals: session.proposals.map((id) => ({ id: parseId(id), title: id })),
    draft: false,
    ...(session.closesAtMs === undefined ? {} : { closesAtMs: session.closesAtMs }),
  });
  return sign(people, 'session.open', body, seq, timeMs);
}

export function closeOperation(people: People, session: string, seq: number, timeMs: number): SignedOperation {
  const body = sessionCloseBody({ space: SPACE, session: parseId(session) });
  return sign(people, 'session.close', body, seq, timeMs);
}

function sign(
  { chain, opener }: People,
  kind: 'session.open' | 'session.close',
  body: CborValue,
  seq: number,
  timeMs: number,
): SignedOperation {
  const operation = { chain, actor: opener.publicKey, seq, notAfterMs: timeMs + 600_000, timeMs, kind, body };
  return signOperation(operation, [opener]);
}
