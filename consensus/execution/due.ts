import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import { Writer } from '../../protocol/codec/writer.ts';
import { compareBytes, encodeSignedOperation, signOperation } from '../../protocol/governance/operation.ts';
import { activeSessions } from '../../protocol/governance/queries.ts';
import type { SessionRow } from '../../protocol/governance/state.ts';
import { tagged } from '../../protocol/hash.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Roster } from '../../protocol/roster.ts';
import { TAGS } from '../../protocol/tags.ts';
import { maySeal } from '../chains/restart.ts';
import type { Replica, Turn } from '../replica-state.ts';
import { seatOf } from '../seat.ts';

/** Validators tell a deadline one after the other, so that one operation is enough as a rule. */
const RANK_DELAY_MS = 250;
const AGAIN_AFTER_MS = 3_000;
/** The farthest ahead a wake-up is set; timers reach no farther than some weeks. */
const LOOK_AHEAD_MS = 3_600_000;

/** When this validator has to look at the deadlines again, so that a step does not walk every open session. */
export interface Agenda {
  /** Some session was opened, changed or ended since the last look. */
  isStale: boolean;
  /** Wall time of the last look: a clock that was set back since has to look again. */
  lookedAtMs: number;
  /** Wall time of the next thing to do; undefined without a deadline. */
  nextAtMs: number | undefined;
}

export function createAgenda(): Agenda {
  return { isStale: true, lookedAtMs: 0, nextAtMs: undefined };
}

/**
 * G-01: a deadline on an idle network is ordinary work. A validator whose clock passes closesAt by 250 ms × its rank, the
 * session still being open, submits `session.due`; whether it is due is judged by block time alone (protocol.md).
 */
export function tellDeadlines(turn: Turn): boolean {
  const { replica, now, out } = turn;
  // Who may not seal leaves it to the others.
  if (!maySeal(replica)) return false;
  const { agenda } = replica;
  const isDue = agenda.nextAtMs !== undefined && now.wallMs >= agenda.nextAtMs;
  const told = (agenda.isStale || isDue || now.wallMs < agenda.lookedAtMs) && lookAtDeadlines(turn);
  if (agenda.nextAtMs !== undefined)
    out.wakeAt(now.monoMs + Math.min(Math.max(1, agenda.nextAtMs - now.wallMs), LOOK_AHEAD_MS));
  return told;
}

/** Tell what is due, and note when the next is. */
function lookAtDeadlines({ replica, now }: Turn): boolean {
  forgetDeadlines(replica);
  let told = false;
  let nextAtMs: number | undefined;
  for (const row of activeSessions(replica.state)) {
    if (row.closesAtMs === undefined) continue;
    let atMs = tellAtMs(replica, row, row.closesAtMs, now.wallMs);
    if (atMs <= now.wallMs) {
      replica.deadlinesTold.set(`${row.space}/${row.session}`, now.wallMs);
      submitDue(replica, row, now);
      told = true;
      atMs = now.wallMs + AGAIN_AFTER_MS;
    }
    nextAtMs = Math.min(atMs, nextAtMs ?? atMs);
  }
  Object.assign(replica.agenda, { isStale: false, lookedAtMs: now.wallMs, nextAtMs });
  return told;
}

/** When this validator speaks, as far as it matters now: ranks are drawn only once the deadline has passed. */
function tellAtMs({ config, deadlinesTold }: Replica, row: SessionRow, closesAtMs: number, wallMs: number): number {
  const last = deadlinesTold.get(`${row.space}/${row.session}`);
  // What was told by a clock that has been set back since was perhaps too early to count.
  if (last !== undefined && last <= wallMs) return last + AGAIN_AFTER_MS;
  return closesAtMs > wallMs ? closesAtMs : closesAtMs + RANK_DELAY_MS * rankOf(config.roster, seatOf(config), row);
}

/** Forget what was told of sessions that ended. */
function forgetDeadlines(replica: Replica): void {
  for (const key of replica.deadlinesTold.keys()) {
    if (replica.state.sessions.get(key)?.status !== 'active') replica.deadlinesTold.delete(key);
  }
}

/** Rendezvous hash of session and validator: every node knows who speaks first. */
function rankOf(roster: Roster, self: number, row: SessionRow): number {
  const draws = roster.validators.map(({ name }, index) => {
    const bytes = new Writer(64).text16(row.space).text16(row.session).text16(name).finish();
    return { index, draw: tagged(TAGS.rank.tag, bytes) };
  });
  draws.sort((a, b) => compareBytes(a.draw, b.draw));
  return draws.findIndex(({ index }) => index === self);
}

function submitDue(replica: Replica, row: SessionRow, now: Turn['now']): void {
  const { chain, roster, sign } = replica.config;
  const publicKey = roster.validators[seatOf(replica.config)]?.key;
  if (publicKey === undefined) return;
  const timeMs = Math.floor(now.wallMs);
  const body = { space: row.space, session: row.session };
  const operation = { chain, actor: publicKey, seq: 0, notAfterMs: timeMs + LIMITS.ballotLifetimeMs, timeMs } as const;
  const signed = signOperation({ ...operation, kind: 'session.due', body }, [{ publicKey, sign }]);
  const item = { kind: ITEM_KINDS.operation, bytes: encodeSignedOperation(signed) };
  replica.pool.add(0, item, signed.id, now.monoMs);
}
