import type { CborValue } from '../../codec/cbor.ts';
import { hashesEqual } from '../../hash.ts';
import type { Id } from '../../ids.ts';
import { LIMITS } from '../../limits.ts';
import type { Outcome } from '../../outcome.ts';
import { PROGRESS_ZERO } from '../counting.ts';
import { sharedElector } from '../lookups.ts';
import { sessionKey } from '../row-keys.ts';
import type { SessionRow } from '../state.ts';
import type { Elector, ProposalRecord, SessionRule } from '../types.ts';
import {
  bodyFault,
  compact,
  Fields,
  type Read,
  readBoolean,
  readId,
  readList,
  readText,
  readWhole,
  toBody,
} from './fields.ts';
import { isByOpener, isSeqStale, type ReadPlan, type Scene } from './plan.ts';
import { areReferencesKnown, checkQuorum, readCategory, readRole, readRule } from './rule.ts';

/** Times in Unix milliseconds; without `opensAtMs` the session opens with the block that executes the operation. */
export interface SessionOpen {
  readonly space: Id;
  readonly session: Id;
  readonly title: string;
  readonly label?: string;
  readonly rule: SessionRule;
  readonly electorate: readonly Elector[];
  /** May be empty only for a draft. */
  readonly proposals: readonly ProposalRecord[];
  readonly draft: boolean;
  readonly opensAtMs?: number;
  readonly closesAtMs?: number;
}

/** An elector travels as [voter, role, weight]: 10,000 of them must fit one operation. */
export function sessionOpenBody(open: SessionOpen): CborValue {
  const { electorate, opensAtMs, closesAtMs, ...rest } = open;
  const electors = electorate.map(({ voter, role, weight }) => [voter, role, weight]);
  return toBody({ ...rest, electorate: electors, opensAt: opensAtMs, closesAt: closesAtMs });
}

const readElector: Read<Elector> = (value, field) => {
  if (!Array.isArray(value) || value.length !== 3) throw bodyFault(field);
  const [voter, role, weight] = value as readonly CborValue[];
  return sharedElector({
    voter: readId(voter ?? null, field),
    role: readRole(role ?? null, field),
    weight: readWhole(1, LIMITS.electorWeightMax)(weight ?? null, field),
  });
};

export const readProposal: Read<ProposalRecord> = (value, field) => {
  const fields = new Fields(value, `${field}.`);
  const proposal = compact<ProposalRecord>({
    id: fields.required('id', readId),
    title: fields.required('title', readText(LIMITS.titleBytesMax)),
    label: fields.optional('label', readText(LIMITS.titleBytesMax)),
    category: fields.optional('category', readCategory),
    author: fields.optional('author', readText(LIMITS.titleBytesMax)),
    body: fields.optional('body', readText(LIMITS.bodyTextBytesMax)),
  });
  fields.end();
  return proposal;
};

export function areUnique(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}

/** @throws WaggleError WAGGLE_OPERATION_BODY {field} */
export function readSessionOpen(body: CborValue): SessionOpen {
  const fields = new Fields(body);
  const open = compact<SessionOpen>({
    space: fields.required('space', readId),
    session: fields.required('session', readId),
    title: fields.required('title', readText(LIMITS.titleBytesMax)),
    label: fields.optional('label', readText(LIMITS.titleBytesMax)),
    rule: fields.required('rule', readRule),
    electorate: fields.required('electorate', readList(1, LIMITS.electorsMax, readElector)),
    proposals: fields.required('proposals', readList(0, LIMITS.proposalsMax, readProposal)),
    draft: fields.required('draft', readBoolean),
    opensAtMs: fields.optional('opensAt', readWhole(0)),
    closesAtMs: fields.optional('closesAt', readWhole(1)),
  });
  fields.end();
  checkWhole(open);
  return open;
}

function checkWhole(open: SessionOpen): void {
  const { rule, electorate, proposals, draft, opensAtMs, closesAtMs } = open;
  if (!areUnique(electorate.map(({ voter }) => voter))) throw bodyFault('electorate');
  if (!areUnique(proposals.map(({ id }) => id))) throw bodyFault('proposals');
  if (!draft && proposals.length === 0) throw bodyFault('proposals');
  if (!draft && !areReferencesKnown(rule, proposals)) throw bodyFault('rule.threshold');
  checkQuorum(rule, electorate);
  if (rule.close === 'deadline' && closesAtMs === undefined) throw bodyFault('closesAt');
  if (opensAtMs !== undefined && closesAtMs !== undefined && closesAtMs <= opensAtMs) throw bodyFault('closesAt');
}

function existing({ state }: Scene, open: SessionOpen): SessionRow | undefined {
  return state.sessions.get(sessionKey(open.space, open.session));
}

function isRepeated(scene: Scene, open: SessionOpen): boolean {
  const row = existing(scene, open);
  return row !== undefined && hashesEqual(row.operation, scene.id);
}

/**
 * A repeated operation is known by the record it made and answers `duplicate` though its seq is used up, so that who
 * resends one learns that it holds. Another operation for a taken id is a `conflict`.
 */
export const openSession: ReadPlan = (body) => {
  const open = readSessionOpen(body);
  return {
    isStale: (scene) => isSeqStale(scene) && !isRepeated(scene, open),
    target: (scene) => {
      if (!scene.state.spaces.has(open.space)) return 'unknown-session';
      return isRepeated(scene, open) ? 'duplicate' : undefined;
    },
    permit: (scene): Outcome | undefined => {
      if (!isByOpener(scene, open.space)) return 'forbidden';
      if (open.closesAtMs !== undefined && open.closesAtMs <= scene.context.timeMs) return 'closed';
      return existing(scene, open) === undefined ? undefined : 'conflict';
    },
    apply: (scene) => writeSession(scene, open),
  };
};

function writeSession({ state, context, operation, id }: Scene, open: SessionOpen): void {
  const { draft, opensAtMs = context.timeMs, ...record } = open;
  const key = sessionKey(open.space, open.session);
  state.sessions.set(key, {
    ...record,
    opener: new Uint8Array(operation.actor),
    operation: id,
    status: draft ? 'draft' : 'active',
    openedHeight: context.height,
    opensAtMs,
  });
  state.progress.set(key, PROGRESS_ZERO);
}
