import type { CborValue } from '../../../protocol/codec/cbor.ts';
import { isRegistrableKey } from '../../../protocol/crypto/keys.ts';
import { PROTOCOL_VERSION } from '../../../protocol/epoch.ts';
import {
  type ParamsPropose,
  paramsProposeBody,
  type RosterPropose,
  rosterProposeBody,
} from '../../../protocol/governance/operations/network-change.ts';
import { fromHex } from '../../../protocol/hex.ts';
import { type Id, isId } from '../../../protocol/ids.ts';
import type { Validator } from '../../../protocol/roster.ts';
import { usage } from '../arguments.ts';

/** What `waggle admin propose` may be told. */
export interface ChangeOptions {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
  readonly rotate?: readonly string[];
  readonly admin?: readonly string[];
  readonly threshold?: number;
  readonly shards?: number;
  readonly viewTimerMs?: number;
  readonly blockIntervalMs?: number;
  readonly protocolVersion?: number;
  readonly decidedBy?: string;
}

export interface Change {
  readonly kind: 'roster.propose' | 'params.propose';
  readonly body: CborValue;
}

/** @throws WaggleError WAGGLE_CLI_USAGE */
export function changeOf(options: ChangeOptions, epoch: number, now: Readonly<Record<string, unknown>>): Change {
  const params = paramsOf(options);
  const hasParams = Object.keys(params).length > 0;
  const hasRoster = [options.add, options.remove, options.rotate, options.admin].some((list) => list !== undefined);
  if (hasParams === hasRoster) {
    const reason = hasParams ? 'validators and parameters change one after the other' : 'nothing to change';
    throw usage(reason, 'waggle admin propose --help');
  }
  if (hasParams && Object.entries(params).every(([name, value]) => now[name] === value))
    throw usage('that is what holds already', 'waggle admin show');
  if (hasRoster) return rosterChange(options, epoch);
  return { kind: 'params.propose', body: paramsProposeBody({ epoch, ...params, ...decidedByOf(options) }) };
}

function decidedByOf({ decidedBy }: ChangeOptions): Pick<RosterPropose, 'decidedBy'> {
  if (decidedBy === undefined) return {};
  const [space = '', session = '', proposal = '', ...rest] = decidedBy.split('/');
  if (rest.length > 0) throw usage(`--decided-by ${decidedBy}: expected SPACE/SESSION/PROPOSAL`);
  const id = (text: string): Id => idOf(text, '--decided-by', 'id');
  return { decidedBy: { space: id(space), session: id(session), proposal: id(proposal) } };
}

function paramsOf(options: ChangeOptions): Omit<ParamsPropose, 'epoch'> {
  const { shards, viewTimerMs, blockIntervalMs, protocolVersion: version } = options;
  if (version !== undefined && version > PROTOCOL_VERSION)
    throw usage(`this build speaks protocol version ${PROTOCOL_VERSION}`, 'a build that speaks it');
  const given = { shards, viewTimerMs, blockIntervalMs, version };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function rosterChange(options: ChangeOptions, epoch: number): Change {
  const add = options.add?.map(validatorOf);
  const remove = options.remove?.map((name) => idOf(name, '--remove'));
  const rotate = options.rotate?.map((text) => {
    const [name = '', key = ''] = text.split('=');
    return { name: idOf(name, '--rotate'), key: keyOf(key, '--rotate') };
  });
  const { threshold } = options;
  const keys = options.admin?.map((key) => keyOf(key, '--admin'));
  if ((keys === undefined) !== (threshold === undefined)) throw usage('--admin and --threshold go together');
  const propose: RosterPropose = {
    epoch,
    ...(add === undefined ? {} : { add }),
    ...(remove === undefined ? {} : { remove }),
    ...(rotate === undefined ? {} : { rotate }),
    ...(keys === undefined || threshold === undefined ? {} : { admins: { keys, threshold } }),
    ...decidedByOf(options),
  };
  return { kind: 'roster.propose', body: rosterProposeBody(propose) };
}

/** NAME=KEY,PEER[,ADDRESS…] */
function validatorOf(text: string): Validator {
  const [name = '', rest = ''] = text.split('=');
  const [key = '', peer = '', ...addrs] = rest.split(',');
  if (!/^12D3KooW/.test(peer)) throw usage(`--add ${text}: expected NAME=KEY,PEER,ADDRESS`);
  return { name: idOf(name, '--add'), key: keyOf(key, '--add'), peer, addrs };
}

function idOf(text: string, flag: string, what = 'name of a validator'): Id {
  if (!isId(text)) throw usage(`${flag} ${text}: no ${what}`);
  return text;
}

function keyOf(text: string, flag: string): Uint8Array {
  const key = /^[0-9a-f]{64}$/.test(text) ? fromHex(text, 32) : undefined;
  if (key === undefined || !isRegistrableKey(key))
    throw usage(`${flag} ${text}: no usable public key, 64 digits of hex`);
  return key;
}
