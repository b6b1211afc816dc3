import type { CborValue } from '../../codec/cbor.ts';
import { isRegistrableKey } from '../../crypto/keys.ts';
import { type Epoch, isSlotTable, readAdmins, readParamFields, readValidator } from '../../epoch.ts';
import type { Admins, Params } from '../../genesis.ts';
import { hashesEqual } from '../../hash.ts';
import type { Id } from '../../ids.ts';
import { LIMITS } from '../../limits.ts';
import type { Outcome } from '../../outcome.ts';
import { faultBound, type Validator } from '../../roster.ts';
import { judgeStatus } from '../ballots.ts';
import { isClosing, progressOf } from '../closing.ts';
import { approvedIn, changeKey, epochOf, isDecided, newKeys, openChange } from '../epochs.ts';
import { sessionKey } from '../row-keys.ts';
import type { DecidedBy } from '../state.ts';
import { bodyFault, Fields, type Read, readId, readKey, readList, readWhole, toBody } from './fields.ts';
import { isPeerText } from './observer.ts';
import { hasKey, isByAdmins, type ReadPlan, type Scene } from './plan.ts';
import { areUnique } from './session-open.ts';

/*
 * What changes the network itself. A change is proposed by the admins for the epoch that is current and for no other, is
 * approved once every key that is new in it has said that it is there, and then ends the epoch with the next block
 * (consensus/README.md, N-01). One change an epoch; what is approved cannot be taken back, since a block may carry it already.
 */

/** A validator that stays and signs with another key from the next epoch on. */
export interface KeyRotation {
  readonly name: Id;
  readonly key: Uint8Array;
}

export interface RosterPropose {
  readonly epoch: number;
  readonly add?: readonly Validator[];
  readonly remove?: readonly Id[];
  readonly rotate?: readonly KeyRotation[];
  readonly admins?: Admins;
  /** The admins leave it to the models: it holds once that proposal is approved, and falls with it (G-03). */
  readonly decidedBy?: DecidedBy;
}

/** Fields that are there replace the current ones; with `shards` alone the slots are dealt anew. */
export type ParamsPropose = Pick<RosterPropose, 'epoch' | 'decidedBy'> & Partial<Params>;

/** `change` is the id of the operation that proposed it. */
export interface ChangeName {
  readonly epoch: number;
  readonly change: Uint8Array;
}

export function rosterProposeBody(propose: RosterPropose): CborValue {
  return toBody(propose);
}

export function paramsProposeBody(propose: ParamsPropose): CborValue {
  return toBody(propose);
}

export function changeNameBody(name: ChangeName): CborValue {
  return toBody(name);
}

const readEpochNumber = readWhole(0, 0xffff_ffff);

const readRotation: Read<KeyRotation> = (value, field) => {
  const fields = new Fields(value, `${field}.`);
  const rotation = { name: fields.required('name', readId), key: fields.required('key', readKey) };
  fields.end();
  return rotation;
};

const readDecidedBy: Read<DecidedBy> = (value, field) => {
  const fields = new Fields(value, `${field}.`);
  const [space, session] = [fields.required('space', readId), fields.required('session', readId)];
  const by = { space, session, proposal: fields.required('proposal', readId) };
  fields.end();
  return by;
};

/** By the admins; `conflict` for another epoch than the current one, or beside a change that is open. */
export const proposeRoster: ReadPlan = (body) => {
  const fields = new Fields(body);
  const epoch = fields.required('epoch', readEpochNumber);
  const add = fields.optional('add', readList(1, LIMITS.validatorsMax, readValidator)) ?? [];
  const remove = fields.optional('remove', readList(1, LIMITS.validatorsMax, readId)) ?? [];
  const rotate = fields.optional('rotate', readList(1, LIMITS.validatorsMax, readRotation)) ?? [];
  const admins = fields.optional('admins', readAdmins);
  const decidedBy = fields.optional('decidedBy', readDecidedBy);
  fields.end();
  if (add.length + remove.length + rotate.length === 0 && admins === undefined) throw bodyFault('add');
  if (!areUnique([...remove, ...rotate.map(({ name }) => name)])) throw bodyFault('remove');
  return propose({ epoch, decidedBy }, (before) => {
    const touched = [...remove, ...rotate.map(({ name }) => name)];
    if (!touched.every((name) => before.validators.some((one) => one.name === name))) return 'not-eligible';
    const kept = before.validators.filter(({ name }) => !remove.includes(name));
    const rotated = kept.map((one) => ({ ...one, key: rotate.find(({ name }) => name === one.name)?.key ?? one.key }));
    const led = admins ?? successorsOf(before, rotated);
    const next = { ...nextOf(before), validators: [...rotated, ...add], admins: led };
    const changed = Math.max(add.length, remove.length) + rotate.length;
    const isUsable = changed <= changesMax(before) && add.every(isPlaced);
    // Those that stay were judged when they came, and a new key with its validator; two must not become one.
    const isLed = admins === undefined ? hasNoKeyTwice(led.keys) : isAdmins(led);
    return isUsable && isLed && isRoster(before, next) ? next : 'forbidden';
  });
};

export const proposeParams: ReadPlan = (body) => {
  const fields = new Fields(body);
  const epoch = fields.required('epoch', readEpochNumber);
  const decidedBy = fields.optional('decidedBy', readDecidedBy);
  const params = readParamFields(fields);
  fields.end();
  if (Object.keys(params).length === 0) throw bodyFault('shards');
  return propose({ epoch, decidedBy }, (before) => {
    const { slots: _, ...kept } = before.params;
    const isKept = params.shards === undefined && params.slots === undefined;
    const next = { ...nextOf(before), params: { ...(isKept ? before.params : kept), ...params } };
    const { shards, slots, version = 1 } = next.params;
    // Nobody could follow a version that is taken back: what it wrote stays.
    const isUsable = version >= (before.params.version ?? 1) && (slots === undefined || isSlotTable(slots, shards));
    return isUsable ? next : 'forbidden';
  });
};

/** A key that is new in the open change says that its node is there, after the vote where there is one; whoever carries it. */
export const readyForChange: ReadPlan = (body) => {
  const name = readChangeName(body);
  return {
    target: () => undefined,
    permit: ({ state, operation }) => {
      const change = openChange(state);
      if (change === undefined || !isNamed(change, name)) return 'not-eligible';
      if (!isDecided(change)) return 'not-open';
      return hasKey(change.waitsFor, operation.actor) ? undefined : 'forbidden';
    },
    apply: ({ state, operation, context }) => {
      const change = openChange(state);
      if (change === undefined) return;
      const waitsFor = change.waitsFor.filter((key) => !hashesEqual(key, operation.actor));
      state.changes.set(changeKey(change.epoch), approvedIn({ ...change, waitsFor }, context));
    },
  };
};

/** By the admins, while the change waits for somebody. */
export const withdrawChange: ReadPlan = (body) => {
  const name = readChangeName(body);
  return {
    target: () => undefined,
    permit: (scene) => {
      const change = openChange(scene.state);
      if (change === undefined || !isNamed(change, name)) return 'not-eligible';
      if (!isByAdmins(scene)) return 'forbidden';
      return change.approvedHeight === undefined ? undefined : 'conflict';
    },
    apply: ({ state, context }) => {
      const change = openChange(state);
      if (change === undefined) return;
      state.changes.set(changeKey(change.epoch), { ...change, withdrawnHeight: context.height });
    },
  };
};

function readChangeName(body: CborValue): ChangeName {
  const fields = new Fields(body);
  const name = { epoch: fields.required('epoch', readEpochNumber), change: fields.required('change', readKey) };
  fields.end();
  return name;
}

function isNamed(change: { readonly epoch: number; readonly operation: Uint8Array }, name: ChangeName): boolean {
  return change.epoch === name.epoch && hashesEqual(change.operation, name.change);
}

/** What both proposals share; `judge` says what is to follow the epoch, or why it may not. */
function propose(
  { epoch, decidedBy }: Pick<RosterPropose, 'epoch'> & { readonly decidedBy: DecidedBy | undefined },
  judge: (before: Epoch) => Epoch | Outcome,
): ReturnType<ReadPlan> {
  return {
    target: () => undefined,
    permit: (scene) => {
      if (!isByAdmins(scene)) return 'forbidden';
      const before = epochOf(scene.state);
      if (before.epoch !== epoch || openChange(scene.state) !== undefined) return 'conflict';
      const next = judge(before);
      return typeof next === 'string' ? next : judgeDecidedBy(scene, decidedBy);
    },
    apply: (scene) => open(scene, judge(epochOf(scene.state)), decidedBy),
  };
}

/**
 * The session votes, and nobody has yet: no ballot is given another meaning afterwards. Without a threshold nothing in it is
 * ever approved.
 */
function judgeDecidedBy({ state, context }: Scene, by: DecidedBy | undefined): Outcome | undefined {
  if (by === undefined) return undefined;
  const row = state.sessions.get(sessionKey(by.space, by.session));
  if (row === undefined) return 'unknown-session';
  if (!row.proposals.some(({ id }) => id === by.proposal)) return 'unknown-proposal';
  const status = isClosing(row) ? 'closed' : judgeStatus(row, context.timeMs);
  const isMeant = row.rule.threshold !== null && progressOf(state, row).ballots === 0;
  return status ?? (isMeant ? undefined : 'forbidden');
}

function open({ state, context, operation, id }: Scene, next: Epoch | Outcome, decidedBy: DecidedBy | undefined): void {
  if (typeof next === 'string') return;
  const before = epochOf(state);
  const waitsFor = newKeys(before, next);
  const row = {
    epoch: before.epoch,
    operation: id,
    proposer: operation.actor.slice(),
    proposedHeight: context.height,
    next,
    waitsFor,
    ...(decidedBy === undefined ? {} : { decidedBy }),
  };
  state.changes.set(changeKey(before.epoch), approvedIn(row, context));
}

/** The admins, by the new key where one of them is a validator whose key is rotated. */
function successorsOf({ admins, validators }: Epoch, rotated: readonly Validator[]): Admins {
  const keys = admins.keys.map((key) => {
    const name = validators.find((one) => hashesEqual(one.key, key))?.name;
    return rotated.find((one) => one.name === name)?.key ?? key;
  });
  return { ...admins, keys };
}

function nextOf({ epoch, validators, admins, params }: Epoch): Epoch {
  return { epoch: epoch + 1, validators, admins, params };
}

/** As far as a text can say it: nodes leave out what turns out to be no peer or no address all the same. */
const ADDRESS_TEXT = /^(?:\/[^/\s]+){2,}$/;

function isPlaced({ peer, addrs }: Validator): boolean {
  return isPeerText(peer) && addrs.every((address) => ADDRESS_TEXT.test(address));
}

/** Members that may change at once: what is honest in the old roster stays the most of the new one. */
function changesMax({ validators }: Epoch): number {
  return Math.max(1, faultBound(validators.length));
}

/** Below four there is no fault to bear: a network that has come so far does not go back. */
const VALIDATORS_MIN = 4;

function isRoster({ validators: before }: Epoch, { validators }: Epoch): boolean {
  const { length } = validators;
  if (length > LIMITS.validatorsMax || length < Math.min(VALIDATORS_MIN, before.length)) return false;
  if (!areUnique(validators.map(({ name }) => name)) || !areUnique(validators.map(({ peer }) => peer))) return false;
  if (!validators.every(({ key }, at) => !validators.slice(0, at).some((one) => hashesEqual(one.key, key))))
    return false;
  const added = validators.filter((one) => !before.some(({ key }) => hashesEqual(key, one.key)));
  return added.every(({ key }) => isRegistrableKey(key));
}

function isAdmins({ keys, threshold }: Admins): boolean {
  if (threshold > keys.length || !keys.every(isRegistrableKey)) return false;
  return hasNoKeyTwice(keys);
}

function hasNoKeyTwice(keys: readonly Uint8Array[]): boolean {
  return keys.every((key, at) => !hasKey(keys.slice(0, at), key));
}
