import type { CborValue } from '../../codec/cbor.ts';
import type { Id } from '../../ids.ts';
import { LIMITS } from '../../limits.ts';
import type { Outcome } from '../../outcome.ts';
import { validatorIndex } from '../../roster.ts';
import { judgeStatus } from '../ballots.ts';
import { END_REASONS, endOf, isClosing, isDue } from '../closing.ts';
import { decideChange } from '../epochs.ts';
import { sessionKey } from '../row-keys.ts';
import type { SessionRow } from '../state.ts';
import { bodyFault, Fields, type Read, readId, readText, readWhole, toBody } from './fields.ts';
import { hasKey, isByAdmins, type ReadPlan, type Scene } from './plan.ts';

export interface SessionClose {
  readonly space: Id;
  readonly session: Id;
  /** Needed to force a session whose rule closes it by deadline or by all votes (domain.md 2). */
  readonly reason?: string;
}

export interface SessionCancel {
  readonly space: Id;
  readonly session: Id;
  readonly reason: string;
}

export interface SessionExtend {
  readonly space: Id;
  readonly session: Id;
  /** The new deadline, later than the old one. Unix milliseconds. */
  readonly closesAtMs: number;
  readonly reason: string;
}

export interface SessionDue {
  readonly space: Id;
  readonly session: Id;
}

export function sessionCloseBody(close: SessionClose): CborValue {
  return toBody(close);
}

export function sessionCancelBody(cancel: SessionCancel): CborValue {
  return toBody(cancel);
}

export function sessionExtendBody({ closesAtMs, ...rest }: SessionExtend): CborValue {
  return toBody({ ...rest, closesAt: closesAtMs });
}

export function sessionDueBody(due: SessionDue): CborValue {
  return toBody(due);
}

const OWN_REASONS: readonly string[] = Object.values(END_REASONS);

/** Any text but the words by which the ledger itself says why a session ended. */
const readReason: Read<string> = (value, field) => {
  const reason = readText(LIMITS.reasonBytesMax)(value, field);
  if (OWN_REASONS.includes(reason)) throw bodyFault(field);
  return reason;
};

/** Space, session and what else the kind has; nothing more. */
function readWith<Rest extends object>(body: CborValue, read: (fields: Fields) => Rest) {
  const fields = new Fields(body);
  const at = { space: fields.required('space', readId), session: fields.required('session', readId) };
  const rest = read(fields);
  fields.end();
  return { ...at, ...rest };
}

function rowOf({ state }: Scene, at: { space: Id; session: Id }): SessionRow | undefined {
  return state.sessions.get(sessionKey(at.space, at.session));
}

/** The opener of the session or the admins. */
function judgeHolder(scene: Scene, row: SessionRow): Outcome | undefined {
  if (!hasKey(scene.signers, row.opener) && !isByAdmins(scene)) return 'forbidden';
  return undefined;
}

/** Ended, or about to end by an earlier operation of this block. */
function hasEnded(row: SessionRow): boolean {
  return row.status === 'completed' || row.status === 'cancelled' || isClosing(row);
}

type Judge = (scene: Scene, row: SessionRow) => Outcome | undefined;

/** A plan on a session that must exist, changed by `change`. */
function onSession(
  at: { space: Id; session: Id },
  permit: Judge,
  change: (scene: Scene, row: SessionRow) => SessionRow,
) {
  return {
    target: (scene: Scene) => (rowOf(scene, at) === undefined ? ('unknown-session' as const) : undefined),
    permit: (scene: Scene) => {
      const row = rowOf(scene, at);
      return row === undefined ? 'unknown-session' : permit(scene, row);
    },
    apply: (scene: Scene) => {
      const row = rowOf(scene, at);
      if (row !== undefined) scene.state.sessions.set(sessionKey(at.space, at.session), change(scene, row));
    },
  };
}

/** Ballots of the block still count; `closeAfter` records the result. */
export const closeSession: ReadPlan = (body) => {
  const close = readWith(body, (fields) => ({ reason: fields.optional('reason', readReason) }));
  const permit: Judge = (scene, row) => {
    const refused = judgeHolder(scene, row);
    if (refused !== undefined) return refused;
    if (row.rule.close !== 'opener' && close.reason === undefined) return 'forbidden';
    return isClosing(row) ? 'closed' : judgeStatus(row, scene.context.timeMs);
  };
  return onSession(close, permit, ({ context }, row) => ({ ...row, ...endOf(context, close.reason) }));
};

/** At once: ballots later in the block are `closed`, and no result is recorded. */
export const cancelSession: ReadPlan = (body) => {
  const cancel = readWith(body, (fields) => ({ reason: fields.required('reason', readReason) }));
  const permit: Judge = (scene, row) => judgeHolder(scene, row) ?? (hasEnded(row) ? 'closed' : undefined);
  return onSession(cancel, permit, ({ state, context }, row) => {
    decideChange(state, context, cancel, []);
    return { ...row, ...endOf(context, cancel.reason), status: 'cancelled' };
  });
};

/** Only a deadline that was announced moves, and only to later; its reason stands in the operation. */
export const extendSession: ReadPlan = (body) => {
  const extend = readWith(body, (fields) => ({
    reason: fields.required('reason', readReason),
    closesAtMs: fields.required('closesAt', readWhole(1)),
  }));
  const { closesAtMs } = extend;
  const permit: Judge = (scene, row) => {
    const refused = judgeHolder(scene, row);
    if (refused !== undefined) return refused;
    if (row.closesAtMs === undefined || closesAtMs <= row.closesAtMs) return 'forbidden';
    return hasEnded(row) || closesAtMs <= scene.context.timeMs ? 'closed' : undefined;
  };
  return onSession(extend, permit, (_, row) => ({ ...row, closesAtMs }));
};

/**
 * A validator's word that a deadline has passed, which makes a block where there would be none. Idempotent: `applied`
 * in the block that closes the session by its deadline, whoever sends how many; `stale` before, `closed` after.
 */
export const dueSession: ReadPlan = (body) => {
  const due = readWith(body, () => ({}));
  const isOpen = (scene: Scene): boolean => {
    const row = rowOf(scene, due);
    return (
      row !== undefined && !isDue(row, scene.context.timeMs) && (row.status === 'draft' || row.status === 'active')
    );
  };
  return {
    isStale: isOpen,
    target: (scene) => (rowOf(scene, due) === undefined ? 'unknown-session' : undefined),
    permit: (scene) => {
      const { roster, height, timeMs } = scene.context;
      if (validatorIndex(roster, scene.operation.actor) === -1) return 'forbidden';
      const row = rowOf(scene, due);
      if (row === undefined) return 'unknown-session';
      const isByDeadline = row.closedHeight === height && row.reason === END_REASONS.deadline;
      return isDue(row, timeMs) || isByDeadline ? undefined : 'closed';
    },
    apply: () => undefined,
  };
};
