import type { CborValue } from '../../codec/cbor.ts';
import { isRegistrableKey } from '../../crypto/keys.ts';
import { hashesEqual } from '../../hash.ts';
import type { Id } from '../../ids.ts';
import { LIMITS } from '../../limits.ts';
import { admittedObserver } from '../lookups.ts';
import type { AuthMode, ModelRecord, SpaceRecord } from '../types.ts';
import {
  bodyFault,
  compact,
  Fields,
  type Read,
  readId,
  readKey,
  readList,
  readText,
  readWord,
  toBody,
} from './fields.ts';
import { hasKey, isByAdmins, isValidator, type ReadPlan, type Scene } from './plan.ts';
import { readRole } from './rule.ts';
import { areUnique } from './session-open.ts';

export interface ModelRegister {
  readonly models: readonly ModelRecord[];
}

/** Fields that are there replace the registered ones; `key: null` revokes the key. */
export interface ModelUpdate {
  readonly id: Id;
  readonly key?: Uint8Array | null;
  readonly operator?: Id;
  readonly auth?: AuthMode;
  readonly label?: string;
  readonly provider?: string;
  readonly role?: string;
  readonly sizeClass?: string;
  readonly aliases?: readonly string[];
}

export function spaceCreateBody(space: SpaceRecord): CborValue {
  return toBody(space);
}

export function modelRegisterBody(register: ModelRegister): CborValue {
  return toBody(register);
}

export function modelUpdateBody(update: ModelUpdate): CborValue {
  return toBody(update);
}

const readTitle = readText(LIMITS.titleBytesMax);
const readAuth = readWord('voter', 'operator');

function readSpace(body: CborValue): SpaceRecord {
  const fields = new Fields(body);
  const space = compact<SpaceRecord>({
    id: fields.required('id', readId),
    title: fields.required('title', readTitle),
    label: fields.optional('label', readTitle),
    openers: fields.required('openers', readList(1, LIMITS.openersMax, readKey)),
  });
  fields.end();
  if (!space.openers.every((key, at) => !hasKey(space.openers.slice(0, at), key))) throw bodyFault('openers');
  return space;
}

export const createSpace: ReadPlan = (body) => {
  const space = readSpace(body);
  return {
    target: () => undefined,
    permit: (scene) => {
      if (!isByAdmins(scene) || !space.openers.every(isRegistrableKey)) return 'forbidden';
      return scene.state.spaces.has(space.id) ? 'conflict' : undefined;
    },
    apply: ({ state }) => state.spaces.set(space.id, space),
  };
};

/** What a model says about itself, the same in a registration and in an update. */
function readFacts(fields: Fields) {
  return {
    label: fields.optional('label', readTitle),
    provider: fields.optional('provider', readTitle),
    role: fields.optional('role', readRole),
    sizeClass: fields.optional('sizeClass', readRole),
    aliases: fields.optional('aliases', readList(1, LIMITS.aliasesMax, readTitle)),
  };
}

const readModel: Read<ModelRecord> = (value, field) => {
  const fields = new Fields(value, `${field}.`);
  const model = compact<ModelRecord>({
    id: fields.required('id', readId),
    key: fields.optional('key', readKey),
    operator: fields.required('operator', readId),
    auth: fields.required('auth', readAuth),
    ...readFacts(fields),
  });
  fields.end();
  if (model.auth === 'voter' && model.key === undefined) throw bodyFault(`${field}.key`);
  return model;
};

/** All models of one operation are registered, or none. */
export const registerModels: ReadPlan = (body) => {
  const fields = new Fields(body);
  const models = fields.required('models', readList(1, LIMITS.modelsPerOperationMax, readModel));
  fields.end();
  if (!areUnique(models.map(({ id }) => id))) throw bodyFault('models');
  return {
    target: () => undefined,
    permit: (scene) => {
      if (!models.every(({ operator, auth }) => mayOperate(scene, operator, auth))) return 'not-eligible';
      if (!isByAdmins(scene)) return 'forbidden';
      if (!models.every(({ key }) => key === undefined || isRegistrableKey(key))) return 'forbidden';
      return models.some(({ id }) => scene.state.models.has(id)) ? 'conflict' : undefined;
    },
    apply: ({ state, context }) => {
      for (const model of models) state.models.set(model.id, { ...model, registeredHeight: context.height });
    },
  };
};

function readModelUpdate(body: CborValue): ModelUpdate {
  const fields = new Fields(body);
  const update = compact<ModelUpdate>({
    id: fields.required('id', readId),
    key: fields.optional('key', (value, field) => (value === null ? null : readKey(value, field))),
    operator: fields.optional('operator', readId),
    auth: fields.optional('auth', readAuth),
    ...readFacts(fields),
  });
  fields.end();
  if (Object.keys(update).length === 1) throw bodyFault('id');
  return update;
}

/**
 * By the admins, or by the model's own key for its key alone. A key that was given up never returns, and
 * `auth: voter` is not set on a model without a key. An unknown model or operator is `not-eligible`.
 */
export const updateModel: ReadPlan = (body) => {
  const update = readModelUpdate(body);
  return {
    target: () => undefined,
    permit: (scene) => {
      const model = scene.state.models.get(update.id);
      if (model === undefined) return 'not-eligible';
      const { operator = model.operator, auth = model.auth } = update;
      const isMoved = update.operator !== undefined || update.auth !== undefined;
      if (isMoved && !mayOperate(scene, operator, auth)) return 'not-eligible';
      if (!isByAdmins(scene) && !isOwnKeyChange(scene, model, update)) return 'forbidden';
      const { key = model.key } = update;
      if (update.auth === 'voter' && (key === undefined || key === null)) return 'forbidden';
      return update.key === undefined ? undefined : judgeKey(model, update.key);
    },
    apply: (scene) => writeModel(scene, update),
  };
};

/** Unsigned ballots stand in a validator's segment; who carries signed ones may be an observer too. */
function mayOperate(scene: Scene, operator: Id, auth: AuthMode): boolean {
  return isValidator(scene, operator) || (auth === 'voter' && admittedObserver(scene.state, operator) !== undefined);
}

/** The model's own key may change that key and nothing else. */
function isOwnKeyChange({ signers }: Scene, model: ModelRecord, update: ModelUpdate): boolean {
  const keyOnly = update.key !== undefined && Object.keys(update).length === 2;
  return keyOnly && model.key !== undefined && hasKey(signers, model.key);
}

function judgeKey(model: ModelRecord & { readonly pastKeys?: readonly Uint8Array[] }, key: Uint8Array | null) {
  const { pastKeys = [] } = model;
  if (key !== null && (pastKeys.length >= LIMITS.pastKeysMax || !isRegistrableKey(key))) return 'forbidden' as const;
  const isSame = key === null ? model.key === undefined : model.key !== undefined && hashesEqual(key, model.key);
  return isSame || (key !== null && hasKey(pastKeys, key)) ? ('conflict' as const) : undefined;
}

function writeModel({ state }: Scene, update: ModelUpdate): void {
  const model = state.models.get(update.id);
  if (model === undefined) return;
  const { key, ...facts } = update;
  const { key: current, pastKeys, ...rest } = model;
  const isKept = key === undefined || current === undefined;
  const past = isKept ? pastKeys : [...(pastKeys ?? []), current];
  const kept = { ...rest, ...facts, key: key === undefined ? current : (key ?? undefined), pastKeys: past };
  state.models.set(update.id, compact<typeof model>(kept));
}
