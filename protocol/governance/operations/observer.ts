import type { CborValue } from '../../codec/cbor.ts';
import { hashesEqual } from '../../hash.ts';
import type { Id } from '../../ids.ts';
import { LIMITS } from '../../limits.ts';
import { validatorIndex } from '../../roster.ts';
import { admittedObserver, admittedObservers } from '../lookups.ts';
import { bodyFault, Fields, type Read, readId, toBody } from './fields.ts';
import { hasKey, isByAdmins, isValidator, type ReadPlan, type Scene } from './plan.ts';

export interface ObserverAdmit {
  /** The operator's name; models may name it as their operator. */
  readonly name: Id;
  /** libp2p peer id of its node. */
  readonly peer: string;
}

export interface ObserverRemove {
  readonly name: Id;
}

export function observerAdmitBody(admit: ObserverAdmit): CborValue {
  return toBody(admit);
}

export function observerRemoveBody(remove: ObserverRemove): CborValue {
  return toBody(remove);
}

/** The text of an ed25519 peer id: multihash "identity" of the 36-byte key, in base58btc. */
const PEER_TEXT = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/;

export function isPeerText(text: string): boolean {
  return PEER_TEXT.test(text);
}

const readPeer: Read<string> = (value, field) => {
  if (typeof value !== 'string' || !isPeerText(value)) throw bodyFault(field);
  return value;
};

/**
 * A validator lets the node of another operator connect: it syncs, serves RPC and hands in signed ballots, and has no say
 * in consensus (protocol.md, Roles). Every validator learns of it from the ledger, so one invitation serves everywhere.
 */
export const admitObserver: ReadPlan = (body) => {
  const fields = new Fields(body);
  const name = fields.required('name', readId);
  const peer = fields.required('peer', readPeer);
  fields.end();
  return {
    target: () => undefined,
    permit: (scene) => {
      if (!isByAdmins(scene) && !isByValidator(scene)) return 'forbidden';
      if (isTaken(scene, name, peer)) return 'conflict';
      return isFull(scene, name) ? 'forbidden' : undefined;
    },
    apply: ({ state, context, operation }) =>
      state.observers.set(name, { name, peer, sponsor: operation.actor.slice(), admittedHeight: context.height }),
  };
};

/** By the admins or by who let it in. The name may be admitted again; models that name it keep voting by their keys. */
export const removeObserver: ReadPlan = (body) => {
  const fields = new Fields(body);
  const name = fields.required('name', readId);
  fields.end();
  return {
    target: () => undefined,
    permit: (scene) => {
      const row = admittedObserver(scene.state, name);
      if (row === undefined) return 'not-eligible';
      return isByAdmins(scene) || hasKey(scene.signers, row.sponsor) ? undefined : 'forbidden';
    },
    apply: ({ state, context }) => {
      const row = admittedObserver(state, name);
      if (row !== undefined) state.observers.set(name, { ...row, removedHeight: context.height });
    },
  };
};

function isByValidator({ context, operation }: Scene): boolean {
  return validatorIndex(context.roster, operation.actor) >= 0;
}

function isTaken(scene: Scene, name: Id, peer: string): boolean {
  if (isValidator(scene, name) || admittedObserver(scene.state, name) !== undefined) return true;
  if (scene.context.roster.validators.some((validator) => validator.peer === peer)) return true;
  return admittedObservers(scene.state).some((row) => row.peer === peer);
}

/** One validator cannot use up the places of all; removed rows stay, so they are bounded too. */
function isFull({ state, operation }: Scene, name: Id): boolean {
  const rows = admittedObservers(state);
  const own = rows.filter(({ sponsor }) => hashesEqual(sponsor, operation.actor)).length;
  const isNew = !state.observers.has(name);
  if (isNew && state.observers.size >= LIMITS.observerRowsMax) return true;
  return rows.length >= LIMITS.observersMax || own >= LIMITS.observersPerSponsorMax;
}
