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

/**
 * G-01: a deadline on an idle network is ordinary work. A validator whose clock passes closesAt by 250 ms × its rank, the
 * session still being open, submits `session.due`; whether it is due is judged by block time alone (protocol.md).
 */
export function tellDeadlines({ replica, now, out }: Turn): boolean {
  let told = false;
  // Who may not seal leaves it to the others.
  if (!maySeal(replica)) return false;
  for (const row of activeSessions(replica.state)) {
    if (row.closesAtMs === undefined) continue;
    const key = `${row.space}/${row.session}`;
    const waitMs = tellAtMs(replica, row, row.closesAtMs, now.wallMs) - now.wallMs;
    if (waitMs > 0) {
      out.wakeAt(now.monoMs + Math.min(waitMs, LOOK_AHEAD_MS));
      continue;
    }
    replica.deadlinesTold.set(key, now.wallMs);
    out.wakeAt(now.monoMs + AGAIN_AFTER_MS);
    submitDue(replica, row, now);
    told = true;
  }
  return told;
}

/** When this validator speaks, as far as it matters now: ranks are drawn only once the deadline has passed. */
function tellAtMs({ config, deadlinesTold }: Replica, row: SessionRow, closesAtMs: number, wallMs: number): number {
  const last = deadlinesTold.get(`${row.space}/${row.session}`);
  if (last !== undefined) return last + AGAIN_AFTER_MS;
  return closesAtMs > wallMs ? closesAtMs : closesAtMs + RANK_DELAY_MS * rankOf(config.roster, seatOf(config), row);
}

/** Forget what was told of sessions that ended. */
export function forgetDeadlines(replica: Replica): void {
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
