import { z } from 'zod';
import { epochOf, openChange } from '../../../protocol/governance/epochs.ts';
import { decodeSignedOperation } from '../../../protocol/governance/operation.ts';
import type { ChangeRow, EpochRow } from '../../../protocol/governance/state.ts';
import { toHex } from '../../../protocol/hex.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { Validator } from '../../../protocol/roster.ts';
import { awaitFinal, bytesOfHex, out, publicKey } from '../fields.ts';
import { defineMethod } from '../method.ts';
import { submitSigned } from '../operation-desk.ts';
import { defined } from '../render.ts';
import { RpcError } from '../rpc-error.ts';
import { operationResult } from './session-write.ts';

const validator = z.strictObject({
  name: out.id,
  key: out.hex,
  peer: z.string(),
  addrs: z.array(z.string()),
});

const epochFacts = {
  epoch: out.count,
  validators: z.array(validator),
  admins: z.strictObject({ keys: z.array(out.hex), threshold: out.count }),
  params: z.strictObject({
    shards: out.count,
    viewTimerMs: out.count,
    blockIntervalMs: out.count,
    snapshotIntervalBlocks: out.count.optional(),
    version: out.count,
    /** Whether the ballot shard of each slot is named one by one. */
    slots: z.enum(['dealt', 'listed']),
  }),
};

export const networkGet = defineMethod('network_get', {
  summary: 'Who votes and what holds in the current epoch, and the change that is to follow it, if one is open.',
  params: z.strictObject({ actor: publicKey.optional() }),
  result: z.strictObject({
    ...epochFacts,
    /** The block that ended the epoch before; 0 in the first. */
    sealedHeight: out.height,
    change: z
      .strictObject({
        operation: out.hex,
        proposedHeight: out.height,
        /** Keys that are new in it and have not said yet that their node is there. */
        waitsFor: z.array(z.strictObject({ name: out.id, key: out.hex })),
        /** The proposal that has to be approved, while its session has not ended with that. */
        decidedBy: z.strictObject({ space: out.id, session: out.id, proposal: out.id }).optional(),
        approvedHeight: out.height.optional(),
        next: z.strictObject(epochFacts),
      })
      .optional(),
    /** The next seq of `actor`. */
    seq: out.count.optional(),
  }),
  handle: ({ actor }, { api }) => {
    const state = api.state();
    const row = epochOf(state);
    const change = openChange(state);
    const seq = actor === undefined ? undefined : (state.seqs.get(toHex(actor)) ?? 0) + 1;
    return defined({
      ...renderEpoch(row),
      sealedHeight: row.sealedHeight,
      change: change === undefined ? undefined : renderChange(change),
      seq,
    });
  },
});

function renderEpoch({ epoch, validators, admins, params }: Omit<EpochRow, 'sealedHeight' | 'shardsMost'>) {
  const { slots, version = 1, ...rest } = params;
  return {
    epoch,
    validators: validators.map(renderValidator),
    admins: { keys: admins.keys.map(toHex), threshold: admins.threshold },
    params: defined({ ...rest, version, slots: slots === undefined ? ('dealt' as const) : ('listed' as const) }),
  };
}

function renderValidator({ name, key, peer, addrs }: Validator) {
  return { name, key: toHex(key), peer, addrs: [...addrs] };
}

function renderChange(change: ChangeRow) {
  const { operation, proposedHeight, waitsFor, decidedBy, decidedHeight, approvedHeight, next } = change;
  const awaited = waitsFor.map(toHex);
  const named = next.validators.map(renderValidator).filter(({ key }) => awaited.includes(key));
  return defined({
    operation: toHex(operation),
    proposedHeight,
    waitsFor: named.map(({ name, key }) => ({ name, key })),
    decidedBy: decidedHeight === undefined ? decidedBy : undefined,
    approvedHeight,
    next: renderEpoch(next),
  });
}

const HEX_MAX = 2 * (LIMITS.operationBytesMax + 128 * LIMITS.operationSignaturesMax);

export const operationSubmit = defineMethod('operation_submit', {
  summary: 'Submit an operation that is signed already, by one key or by several: this node adds nothing to it.',
  scope: 'operator',
  params: z.strictObject({
    operation: z
      .string()
      .max(HEX_MAX)
      .regex(/^(?:[0-9a-f]{2})+$/)
      .meta({ description: 'the signed operation in hex' }),
    await: awaitFinal,
  }),
  result: operationResult,
  handle: async ({ operation, await: level }, desk) => await submitSigned(desk, read(operation), level),
});

function read(hex: string) {
  try {
    return decodeSignedOperation(bytesOfHex(hex));
  } catch {
    throw new RpcError('params.invalid', { path: 'operation', detail: 'no signed operation' });
  }
}
