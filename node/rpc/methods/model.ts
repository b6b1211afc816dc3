import { z } from 'zod';
import type { KeyPair } from '../../../protocol/crypto/keys.ts';
import {
  type ModelRegister,
  type ModelUpdate,
  modelRegisterBody,
  modelUpdateBody,
} from '../../../protocol/governance/operations/registry.ts';
import { hashesEqual } from '../../../protocol/hash.ts';
import { parseId } from '../../../protocol/ids.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { Desk } from '../desk.ts';
import { awaitFinal, id, out, page, pageOf, publicKey, text, title } from '../fields.ts';
import { defineMethod } from '../method.ts';
import { submitOperation } from '../operation-desk.ts';
import { keyPage } from '../page.ts';
import { defined, renderModel } from '../render.ts';
import { RpcError } from '../rpc-error.ts';
import { operationResult } from './session-write.ts';

const facts = z.strictObject({
  id: out.id,
  key: out.hex.optional(),
  operator: out.id,
  auth: z.enum(['voter', 'operator']),
  label: z.string().optional(),
  provider: z.string().optional(),
  role: z.string().optional(),
  sizeClass: z.string().optional(),
  aliases: z.array(z.string()).optional(),
  /** `revoked`: it votes by its own key only, and gave that key up. */
  status: z.enum(['active', 'revoked']),
  registeredHeight: out.height,
});

const short = text(LIMITS.roleBytesMax);
const about = {
  label: title.optional(),
  provider: title.optional(),
  role: short.optional(),
  sizeClass: short.optional(),
  aliases: z.array(title).min(1).max(LIMITS.aliasesMax).optional(),
};
const auth = z.enum(['voter', 'operator']);

const model = z.strictObject({
  id,
  key: publicKey.optional(),
  operator: id.optional(),
  auth: auth.optional(),
  ...about,
});

export const modelGet = defineMethod('model_get', {
  summary: 'A model of the registry.',
  params: z.strictObject({ model: id }),
  result: facts,
  handle: ({ model: wanted }, desk) => {
    const row = desk.api.state().models.get(wanted);
    if (row === undefined) throw new RpcError('model.unknown', { path: 'model' });
    return renderModel(row);
  },
});

export const modelList = defineMethod('model_list', {
  summary: 'Models of the registry by id, of one operator where asked.',
  params: z.strictObject({ ...page, operator: id.optional() }),
  result: pageOf(facts),
  heavy: true,
  handle: ({ operator, ...query }, desk) => {
    const render = (key: string) => {
      const row = desk.api.state().models.get(key);
      return row === undefined ? undefined : renderModel(row);
    };
    return keyPage(modelIds(desk, operator), query, render, desk.api.head().height);
  },
});

function* modelIds(desk: Desk, operator: string | undefined): Generator<string> {
  for (const [key, row] of desk.api.state().models.entries()) {
    if (operator === undefined || row.operator === operator) yield key;
  }
}

export const modelRegister = defineMethod('model_register', {
  summary:
    'Register a model, or up to 512 as models. The operator is this node unless another is named; auth is voter with a key and operator without.',
  scope: 'admin',
  params: model.partial({ id: true }).extend({
    models: z.array(model).min(1).max(LIMITS.modelsPerOperationMax).optional(),
    await: awaitFinal,
  }),
  result: operationResult,
  handle: async ({ await: level, models, id: one, ...rest }, desk) => {
    const isOne = one !== undefined;
    const hasMore = Object.values(rest).some((value) => value !== undefined);
    if (isOne === (models !== undefined) || (!isOne && hasMore)) {
      throw new RpcError('params.invalid', { path: 'id', detail: 'give the fields of one model, or models' });
    }
    const given = models ?? (isOne ? [{ id: one, ...rest }] : []);
    const records = given.map((each) => defined(withDefaults(desk, each)));
    const body = modelRegisterBody({ models: records } as ModelRegister);
    return await submitOperation(desk, 'model.register', body, level);
  },
});

function withDefaults(desk: Desk, given: z.output<typeof model>) {
  const mode = given.auth ?? (given.key === undefined ? 'operator' : 'voter');
  if (mode === 'voter' && given.key === undefined) {
    throw new RpcError('params.invalid', { path: 'key', detail: 'needed for auth voter' });
  }
  return { ...given, operator: given.operator ?? parseId(desk.api.name), auth: mode };
}

export const modelUpdate = defineMethod('model_update', {
  summary:
    'Change what is given of a model (admin). key: null gives its key up. A new key alone (operator) is signed by the current one, where this node holds it.',
  scope: 'operator',
  params: z.strictObject({
    id,
    key: publicKey.nullable().optional(),
    operator: id.optional(),
    auth: auth.optional(),
    ...about,
    await: awaitFinal,
  }),
  result: operationResult,
  handle: async ({ await: level, ...rest }, desk, caller) => {
    const update = defined(rest);
    const isKeyAlone = update.key !== undefined && Object.keys(update).length === 2;
    if (!isKeyAlone) caller.require('admin');
    if (Object.keys(update).length === 1) throw new RpcError('params.invalid', { detail: 'nothing to change' });
    if ((await desk.settle(() => desk.api.state().models.get(rest.id))) === undefined) {
      // A node that is behind says so, and not that there is no such model.
      desk.checkWritable();
      throw new RpcError('model.unknown', { path: 'id' });
    }
    // The model's own key may change itself; without it the admins may.
    const own = isKeyAlone ? await currentKey(desk, rest.id) : undefined;
    if (isKeyAlone && own === undefined) caller.require('admin');
    return await submitOperation(desk, 'model.update', modelUpdateBody(update as ModelUpdate), level, own);
  },
});

/** The key the registry knows for a model, where this node holds it. */
async function currentKey({ api }: Desk, id: string): Promise<KeyPair | undefined> {
  const pair = await api.modelKey(id);
  const registered = api.state().models.get(id)?.key;
  return pair !== undefined && registered !== undefined && hashesEqual(pair.publicKey, registered) ? pair : undefined;
}
