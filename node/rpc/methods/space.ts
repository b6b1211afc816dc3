import { z } from 'zod';
import { spaceCreateBody } from '../../../protocol/governance/operations/registry.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import { awaitFinal, id, out, page, pageOf, publicKey, title } from '../fields.ts';
import { defineMethod } from '../method.ts';
import { submitOperation } from '../operation-desk.ts';
import { keyPage } from '../page.ts';
import { renderSpace } from '../render.ts';
import { RpcError } from '../rpc-error.ts';
import { operationResult } from './session-write.ts';

const facts = z.strictObject({
  id: out.id,
  title: z.string(),
  label: z.string().optional(),
  openers: z.array(out.hex),
});

export const spaceGet = defineMethod('space_get', {
  summary: 'A space and the keys that may open sessions in it.',
  params: z.strictObject({ space: id }),
  result: facts,
  handle: ({ space }, desk) => {
    const row = desk.api.state().spaces.get(space);
    if (row === undefined) throw new RpcError('space.unknown', { path: 'space' });
    return renderSpace(row);
  },
});

export const spaceList = defineMethod('space_list', {
  summary: 'Spaces by id.',
  params: z.strictObject(page),
  result: pageOf(facts),
  handle: (query, desk) => {
    const { spaces } = desk.api.state();
    const render = (key: string) => {
      const row = spaces.get(key);
      return row === undefined ? undefined : renderSpace(row);
    };
    return keyPage(spaces.keys(), query, render, desk.api.head().height);
  },
});

export const spaceCreate = defineMethod('space_create', {
  summary: "Create a space. Without openers this node's own operator key may open sessions in it.",
  scope: 'admin',
  params: z.strictObject({
    id,
    title,
    openers: z.array(publicKey).min(1).max(LIMITS.openersMax).optional(),
    label: title.optional(),
    await: awaitFinal,
  }),
  result: operationResult.extend({ space: out.id }),
  handle: async ({ await: level, openers, label, ...rest }, desk) => {
    const space = withLabel(label, { ...rest, openers: openers ?? [desk.api.operatorKey.publicKey] });
    return { ...(await submitOperation(desk, 'space.create', spaceCreateBody(space), level)), space: rest.id };
  },
});

function withLabel<Row extends object>(label: string | undefined, row: Row): Row & { label?: string } {
  return label === undefined ? row : { ...row, label };
}
