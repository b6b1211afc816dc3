import { encodeCanonical } from './codec/cbor.ts';
import { isRegistrableKey } from './crypto/keys.ts';
import { WaggleError } from './errors.ts';
import type { ModelRecord, SpaceRecord } from './governance/types.ts';
import { type Hash, hashesEqual, tagged } from './hash.ts';
import { fromHex, toHex } from './hex.ts';
import { type Id, isId, parseId } from './ids.ts';
import { LIMITS } from './limits.ts';
import { createRoster, type Roster, type Validator } from './roster.ts';
import { TAGS } from './tags.ts';

/** What all nodes must share; local options live in the node's configuration (protocol.md, Genesis). */
export interface Params {
  /** Ballot shards 1…S; the control shard 0 is beside them. */
  readonly shards: number;
  /** Base of the view timers, D (consensus.md 2.5). */
  readonly viewTimerMs: number;
  /** Floor of the block interval, T (consensus.md 2.7). */
  readonly blockIntervalMs: number;
  /** Blocks between two snapshots; LIMITS says where it is absent. */
  readonly snapshotIntervalBlocks?: number;
  /** Version of the protocol every node must speak; 1 where it is absent. */
  readonly version?: number;
  /** The ballot shard of each slot; where it is absent, slots are dealt in turn. Never in a genesis. */
  readonly slots?: Uint8Array;
}

/** Who may change the network: so many of these keys together. */
export interface Admins {
  readonly keys: readonly Uint8Array[];
  readonly threshold: number;
}

export interface Genesis {
  readonly network: Id;
  /** RFC 3339 UTC; a label, nothing is computed from it. */
  readonly createdAt: string;
  readonly validators: readonly Validator[];
  readonly models: readonly ModelRecord[];
  readonly spaces: readonly SpaceRecord[];
  readonly admins: Admins;
  readonly params: Params;
}

/** genesis.json: hex for bytes, RFC 3339 for the time. */
export interface GenesisJson {
  v: 1;
  network: string;
  createdAt: string;
  validators: { name: string; key: string; peer: string; addrs: string[] }[];
  models: ModelJson[];
  spaces: { id: string; title: string; openers: string[] }[];
  admins: { keys: string[]; threshold: number };
  params: {
    shards: number;
    viewTimerMs: number;
    blockIntervalMs: number;
    snapshotIntervalBlocks?: number;
    version?: number;
  };
}

export interface ModelJson {
  id: string;
  key?: string;
  operator: string;
  auth: string;
  label?: string;
  provider?: string;
  role?: string;
  sizeClass?: string;
}

/** The chain id: H("waggle/genesis/1", canonical(genesis)). */
export function chainId(genesis: Genesis): Hash {
  const json = genesisToJson(genesis);
  return tagged(TAGS.genesis.tag, encodeCanonical(JSON.parse(JSON.stringify(json))));
}

/** The roster of epoch 0. */
export function genesisRoster(genesis: Genesis): Roster {
  return createRoster(chainId(genesis), 0, genesis.validators);
}

export function genesisToJson(genesis: Genesis): GenesisJson {
  return {
    v: 1,
    network: genesis.network,
    createdAt: genesis.createdAt,
    validators: genesis.validators.map(({ name, key, peer, addrs }) => ({
      name,
      key: toHex(key),
      peer,
      addrs: [...addrs],
    })),
    models: genesis.models.map(modelToJson),
    spaces: genesis.spaces.map(({ id, title, openers }) => ({ id, title, openers: openers.map(toHex) })),
    admins: { keys: genesis.admins.keys.map(toHex), threshold: genesis.admins.threshold },
    params: paramsToJson(genesis.params),
  };
}

function paramsToJson({ slots: _, ...params }: Params): GenesisJson['params'] {
  return params;
}

function modelToJson(model: ModelRecord): ModelJson {
  const { id, key, operator, auth, label, provider, role, sizeClass } = model;
  return {
    id,
    operator,
    auth,
    ...(key === undefined ? {} : { key: toHex(key) }),
    ...(label === undefined ? {} : { label }),
    ...(provider === undefined ? {} : { provider }),
    ...(role === undefined ? {} : { role }),
    ...(sizeClass === undefined ? {} : { sizeClass }),
  };
}

/**
 * Read genesis.json, refusing whatever two nodes could read differently.
 * @throws WaggleError WAGGLE_GENESIS_FORM with the path of the first fault
 */
export function parseGenesis(value: unknown): Genesis {
  const json = value as Partial<GenesisJson> | null;
  if (json === null || typeof json !== 'object') throw fault('$', 'not an object');
  if (json.v !== 1) throw fault('v', 'not 1');
  const validators = list(json.validators, 'validators').map(parseValidator);
  const names = new Set(validators.map(({ name }) => name));
  const { length } = validators;
  if (length === 0 || length > LIMITS.validatorsMax) throw fault('validators', `${length} of them`);
  if (names.size !== length) throw fault('validators', 'a name twice');
  if (new Set(validators.map(({ key }) => toHex(key))).size !== length) throw fault('validators', 'a key twice');
  const models = list(json.models, 'models').map((model, at) => parseModel(model, `models[${at}]`, names));
  if (new Set(models.map(({ id }) => id)).size !== models.length) throw fault('models', 'an id twice');
  return {
    network: id(json.network, 'network'),
    createdAt: time(json.createdAt, 'createdAt'),
    validators,
    models,
    spaces: list(json.spaces, 'spaces').map(parseSpace),
    admins: parseAdmins(json.admins),
    params: parseParams(json.params),
  };
}

function parseValidator(json: GenesisJson['validators'][number], at: number): Validator {
  const path = `validators[${at}]`;
  const addrs = list(json?.addrs, `${path}.addrs`).map((addr) => text(addr, `${path}.addrs`));
  return {
    name: id(json?.name, `${path}.name`),
    key: key(json?.key, `${path}.key`),
    peer: text(json?.peer, `${path}.peer`),
    addrs,
  };
}

function parseModel(json: ModelJson, path: string, operators: ReadonlySet<string>): ModelRecord {
  const operator = id(json?.operator, `${path}.operator`);
  if (!operators.has(operator)) throw fault(`${path}.operator`, 'no validator of that name');
  const auth = json.auth;
  if (auth !== 'voter' && auth !== 'operator') throw fault(`${path}.auth`, 'voter or operator');
  if (auth === 'voter' && json.key === undefined) throw fault(`${path}.key`, 'needed for auth voter');
  return {
    id: id(json.id, `${path}.id`),
    operator,
    auth,
    ...(json.key === undefined ? {} : { key: key(json.key, `${path}.key`) }),
    ...(json.label === undefined ? {} : { label: text(json.label, `${path}.label`) }),
    ...(json.provider === undefined ? {} : { provider: text(json.provider, `${path}.provider`) }),
    ...(json.role === undefined ? {} : { role: text(json.role, `${path}.role`) }),
    ...(json.sizeClass === undefined ? {} : { sizeClass: text(json.sizeClass, `${path}.sizeClass`) }),
  };
}

function parseSpace(json: GenesisJson['spaces'][number], at: number): SpaceRecord {
  const path = `spaces[${at}]`;
  const openers = list(json?.openers, `${path}.openers`).map((opener) => key(opener, `${path}.openers`));
  return { id: id(json?.id, `${path}.id`), title: text(json?.title, `${path}.title`), openers };
}

function parseAdmins(json: GenesisJson['admins'] | undefined): Genesis['admins'] {
  const keys = list(json?.keys, 'admins.keys').map((admin) => key(admin, 'admins.keys'));
  const distinct = keys.every((one, at) => keys.findIndex((other) => hashesEqual(one, other)) === at);
  if (!distinct) throw fault('admins.keys', 'a key twice');
  const threshold = whole(json?.threshold, 'admins.threshold', 1, Math.max(1, keys.length));
  return { keys, threshold };
}

function parseParams(json: GenesisJson['params'] | undefined): Params {
  const { snapshotIntervalBlocks: interval, version } = json ?? {};
  return {
    shards: whole(json?.shards, 'params.shards', 1, LIMITS.shardsMax),
    viewTimerMs: whole(json?.viewTimerMs, 'params.viewTimerMs', 10, 10_000),
    blockIntervalMs: whole(json?.blockIntervalMs, 'params.blockIntervalMs', 1, 10_000),
    ...(interval === undefined
      ? {}
      : { snapshotIntervalBlocks: whole(interval, 'params.snapshotIntervalBlocks', 2, 1_000_000) }),
    ...(version === undefined ? {} : { version: whole(version, 'params.version', 1, 0xffff) }),
  };
}

function list<Item>(value: Item[] | undefined, path: string): Item[] {
  if (!Array.isArray(value)) throw fault(path, 'not a list');
  return value;
}

function text(value: unknown, path: string): string {
  if (typeof value !== 'string' || value.length > 1_024) throw fault(path, 'not a text');
  return value;
}

function id(value: unknown, path: string): Id {
  if (typeof value !== 'string' || !isId(value)) throw fault(path, 'not an id');
  return parseId(value);
}

function key(value: unknown, path: string): Uint8Array {
  const bytes = typeof value === 'string' && /^[0-9a-f]{64}$/.test(value) ? fromHex(value, 32) : undefined;
  if (bytes === undefined || !isRegistrableKey(bytes)) throw fault(path, 'not a usable ed25519 public key');
  return bytes;
}

function whole(value: unknown, path: string, min: number, max: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw fault(path, `not a whole number ${min}…${max}`);
}

function time(value: unknown, path: string): string {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return value;
  throw fault(path, 'not an RFC 3339 UTC time with milliseconds');
}

function fault(path: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_GENESIS_FORM', { path, reason });
}
