import type { CborValue } from '../../codec/cbor.ts';
import type { Id } from '../../ids.ts';
import { LIMITS } from '../../limits.ts';
import type { Outcome } from '../../outcome.ts';
import { sessionKey } from '../row-keys.ts';
import type { SessionRow } from '../state.ts';
import type { ProposalRecord } from '../types.ts';
import { bodyFault, Fields, readId, readList, toBody } from './fields.ts';
import { isByOpener, type ReadPlan, type Scene } from './plan.ts';
import { areReferencesKnown } from './rule.ts';
import { areUnique, readProposal } from './session-open.ts';

export interface ProposalAdd {
  readonly space: Id;
  readonly session: Id;
  readonly proposals: readonly ProposalRecord[];
}

export interface SessionActivate {
  readonly space: Id;
  readonly session: Id;
}

export function proposalAddBody(add: ProposalAdd): CborValue {
  return toBody(add);
}

export function sessionActivateBody(activate: SessionActivate): CborValue {
  return toBody(activate);
}

function readProposalAdd(body: CborValue): ProposalAdd {
  const fields = new Fields(body);
  const add = {
    space: fields.required('space', readId),
    session: fields.required('session', readId),
    proposals: fields.required('proposals', readList(1, LIMITS.proposalsMax, readProposal)),
  };
  fields.end();
  if (!areUnique(add.proposals.map(({ id }) => id))) throw bodyFault('proposals');
  return add;
}

function readSessionActivate(body: CborValue): SessionActivate {
  const fields = new Fields(body);
  const activate = { space: fields.required('space', readId), session: fields.required('session', readId) };
  fields.end();
  return activate;
}

function rowOf({ state }: Scene, at: { space: Id; session: Id }): SessionRow | undefined {
  return state.sessions.get(sessionKey(at.space, at.session));
}

/** A draft may be changed; whatever has been active is settled (interface.md, Rule and electorate). */
function judgeDraft(scene: Scene, row: SessionRow): Outcome | undefined {
  if (!isByOpener(scene, row.space)) return 'forbidden';
  return row.status === 'draft' ? undefined : 'closed';
}

/** All proposals of one operation are added, or none. */
export const addProposals: ReadPlan = (body) => {
  const add = readProposalAdd(body);
  return {
    target: (scene) => (rowOf(scene, add) === undefined ? 'unknown-session' : undefined),
    permit: (scene) => {
      const row = rowOf(scene, add);
      if (row === undefined) return 'unknown-session';
      const refused = judgeDraft(scene, row);
      if (refused !== undefined) return refused;
      const all = [...row.proposals, ...add.proposals];
      if (all.length > LIMITS.proposalsMax) return 'forbidden';
      return areUnique(all.map(({ id }) => id)) ? undefined : 'conflict';
    },
    apply: (scene) => {
      const row = rowOf(scene, add);
      if (row === undefined) return;
      const proposals = [...row.proposals, ...add.proposals];
      scene.state.sessions.set(sessionKey(add.space, add.session), { ...row, proposals });
    },
  };
};

/** From draft to active. Only here must the proposals be complete: `incomplete` without any, `unknown-proposal`
 * when a threshold names one, or a category, that is not there. */
export const activateSession: ReadPlan = (body) => {
  const activate = readSessionActivate(body);
  return {
    target: (scene) => (rowOf(scene, activate) === undefined ? 'unknown-session' : undefined),
    permit: (scene) => {
      const row = rowOf(scene, activate);
      if (row === undefined) return 'unknown-session';
      const refused = judgeDraft(scene, row);
      if (refused !== undefined) return refused;
      if (row.closesAtMs !== undefined && row.closesAtMs <= scene.context.timeMs) return 'closed';
      if (!areReferencesKnown(row.rule, row.proposals)) return 'unknown-proposal';
      return row.proposals.length === 0 ? 'incomplete' : undefined;
    },
    apply: (scene) => {
      const row = rowOf(scene, activate);
      if (row === undefined) return;
      const { height, timeMs } = scene.context;
      const opensAtMs = Math.max(row.opensAtMs, timeMs);
      const opened = { ...row, status: 'active', openedHeight: height, opensAtMs } as const;
      scene.state.sessions.set(sessionKey(activate.space, activate.session), opened);
    },
  };
};
