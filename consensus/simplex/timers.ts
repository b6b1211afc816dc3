import { quorum } from '../../protocol/roster.ts';
import type { Replica, Turn } from '../replica-state.ts';

/** A leader nobody heard for this long is taken for dead (T-03), but never before t_a at its base is over. */
const SILENT_MS = 2_000;
const SILENT_TIMERS = 4;
const BACKOFF_MAX_MS = 20_000;

/**
 * D_eff = D·1.5^k, k = max(0, v − finalView − 2), at most 20 s (T-02). Only a new finalization resets it: a reset on any
 * progress is a known liveness bug (consensus.md 2.5).
 */
export function effectiveTimerMs(replica: Replica): number {
  const steps = Math.max(0, replica.view - replica.finalView - 2);
  const base = replica.config.viewTimerMs;
  if (steps > 40) return Math.max(base, BACKOFF_MAX_MS);
  return Math.min(Math.max(base, BACKOFF_MAX_MS), Math.round(base * 1.5 ** steps));
}

/** t_l = 2·D: how long to wait for a block proposal; t_a = 3·D: for a notarization (T-01). */
export function leaderTimeoutMs(replica: Replica): number {
  return 2 * effectiveTimerMs(replica);
}

export function advanceTimeoutMs(replica: Replica): number {
  return 3 * effectiveTimerMs(replica);
}

/** Whether the leader was silent while a quorum was heard: else a partitioned node would nullify everything (T-03). */
export function isLeaderSilent({ replica, now }: Turn, leader: number): boolean {
  const { self } = replica.config;
  if (leader === self) return false;
  const since = now.monoMs - Math.max(SILENT_MS, SILENT_TIMERS * replica.config.viewTimerMs);
  const heard = replica.peers.filter((peer, index) => index === self || peer.heardAtMs > since).length;
  const peer = replica.peers[leader];
  return heard >= quorum(replica.peers.length) && peer !== undefined && peer.heardAtMs <= since;
}

/** When this view's wait for a proposal, and for its end, are over. Undefined while dormant. */
export function deadlines(turn: Turn, leader: number): { leaderAtMs: number; advanceAtMs: number } | undefined {
  const { replica } = turn;
  const { armedAtMs, late } = replica.clock;
  if (armedAtMs === undefined) return undefined;
  if (isLeaderSilent(turn, leader)) return { leaderAtMs: armedAtMs, advanceAtMs: armedAtMs };
  const grace = late ? replica.config.viewTimerMs : 0;
  return {
    leaderAtMs: armedAtMs + leaderTimeoutMs(replica) + grace,
    advanceAtMs: armedAtMs + advanceTimeoutMs(replica) + grace,
  };
}
