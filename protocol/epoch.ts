import { type CborValue, decodeCanonical, encodeCanonical } from './codec/cbor.ts';
import { WaggleError } from './errors.ts';
import type { Admins, Params } from './genesis.ts';
import {
  bodyFault,
  compact,
  Fields,
  type Read,
  readId,
  readKey,
  readList,
  readWhole,
  toBody,
} from './governance/operations/fields.ts';
import { LIMITS } from './limits.ts';
import type { Validator } from './roster.ts';

/**
 * What holds for one epoch: who votes, who administers, and the parameters all share. Genesis is that of epoch 0; the
 * block that ends an epoch carries that of the next one whole, so that proofs chain from genesis (protocol.md, Blocks).
 */
export interface Epoch {
  readonly epoch: number;
  readonly validators: readonly Validator[];
  readonly admins: Admins;
  readonly params: Params;
}

/** What this build speaks: rules and formats a ledger may ask for by `params.version`, which only ever rises (N-05). */
export const PROTOCOL_VERSION = 1;

/** Whether a build that speaks `spoken` can live in an epoch. */
export function isSpoken({ params }: Pick<Epoch, 'params'>, spoken: number = PROTOCOL_VERSION): boolean {
  return (params.version ?? 1) <= spoken;
}

/** @throws WaggleError WAGGLE_EPOCH_VERSION {epoch, version, spoken}: only a newer build can go on */
export function requireSpoken(
  { epoch, params }: Pick<Epoch, 'epoch' | 'params'>,
  spoken: number = PROTOCOL_VERSION,
): void {
  if (isSpoken({ params }, spoken)) return;
  throw new WaggleError('WAGGLE_EPOCH_VERSION', { epoch, version: params.version ?? 1, spoken });
}

const EPOCH_LIMITS = { bytesMax: LIMITS.epochBytesMax, depthMax: 6, itemsMax: 4_096 };

export function encodeEpoch(epoch: Epoch): Uint8Array {
  return encodeCanonical(toBody(epoch));
}

/**
 * The layout alone: whether keys are usable and names unique is judged where an epoch is proposed.
 * @throws WaggleError WAGGLE_OPERATION_BODY, WAGGLE_CBOR_*, WAGGLE_CODEC_* when not canonical
 */
export function decodeEpoch(bytes: Uint8Array): Epoch {
  const fields = new Fields(decodeCanonical(bytes, EPOCH_LIMITS));
  const epoch = {
    epoch: fields.required('epoch', readWhole(0, 0xffff_ffff)),
    validators: fields.required('validators', readList(1, LIMITS.validatorsMax, readValidator)),
    admins: fields.required('admins', readAdmins),
    params: fields.required('params', readParams),
  };
  fields.end();
  return epoch;
}

const readPlain: Read<string> = (value, field) => {
  if (typeof value !== 'string' || value.length === 0 || value.length > LIMITS.addressCharsMax) throw bodyFault(field);
  return value;
};

export const readValidator: Read<Validator> = (value, field) => {
  const fields = new Fields(value, `${field}.`);
  const validator = {
    name: fields.required('name', readId),
    key: fields.required('key', readKey),
    peer: fields.required('peer', readPlain),
    addrs: fields.required('addrs', readList(0, LIMITS.addressesMax, readPlain)),
  };
  fields.end();
  return validator;
};

export const readAdmins: Read<Admins> = (value, field) => {
  const fields = new Fields(value, `${field}.`);
  const admins = {
    keys: fields.required('keys', readList(0, LIMITS.operationSignaturesMax, readKey)),
    threshold: fields.required('threshold', readWhole(1, LIMITS.operationSignaturesMax)),
  };
  fields.end();
  return admins;
};

/** Numbers as genesis has them; `slots` names the ballot shard of each of the 1,024 slots. */
export function readParamFields(fields: Fields): Partial<Params> {
  return compact<Partial<Params>>({
    shards: fields.optional('shards', readWhole(1, LIMITS.shardsMax)),
    viewTimerMs: fields.optional('viewTimerMs', readWhole(10, 10_000)),
    blockIntervalMs: fields.optional('blockIntervalMs', readWhole(1, 10_000)),
    snapshotIntervalBlocks: fields.optional('snapshotIntervalBlocks', readWhole(2, 1_000_000)),
    version: fields.optional('version', readWhole(1, 0xffff)),
    slots: fields.optional('slots', readSlots),
  });
}

const readSlots: Read<Uint8Array> = (value: CborValue, field) => {
  if (!(value instanceof Uint8Array) || value.length !== LIMITS.slots) throw bodyFault(field);
  return new Uint8Array(value);
};

const readParams: Read<Params> = (value, field) => {
  const fields = new Fields(value, `${field}.`);
  const { shards, viewTimerMs, blockIntervalMs, ...rest } = readParamFields(fields);
  fields.end();
  if (shards === undefined || viewTimerMs === undefined || blockIntervalMs === undefined) throw bodyFault(field);
  return { shards, viewTimerMs, blockIntervalMs, ...rest };
};

/** Whether a slot table names ballot shards only, and leaves none out: a shard without slots would stand idle for ever. */
export function isSlotTable(slots: Uint8Array, shards: number): boolean {
  return slots.every((shard) => shard >= 1 && shard <= shards) && new Set(slots).size === shards;
}
