import type { ReplicaConfig } from '../../consensus/types.ts';
import { FRAME_BYTES_MAX, SYNC_REQUEST_BYTES_MAX } from '../../consensus/wire.ts';
import { SEGMENT_ENCODED_BYTES_MAX } from '../../protocol/chain/segment.ts';
import { verify } from '../../protocol/crypto/verify.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { chainId } from '../../protocol/genesis.ts';
import { toHex } from '../../protocol/hex.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Roster, Validator } from '../../protocol/roster.ts';
import type { Identity } from '../config/identity.ts';
import { isPeerId } from '../network/identity.ts';
import type { NetworkOptions } from '../network/network.ts';
import type { PeerDescription } from '../network/peers.ts';

/** What of the engine's options says where it listens and whom it reaches. */
export interface Places {
  readonly identity: Identity;
  readonly listen: readonly string[];
  readonly dial?: ReadonlyMap<string, string>;
}

export function replicaConfigOf({ genesis, roster, self, operatorKey, keyring }: Identity): ReplicaConfig {
  const params = genesis.params;
  const sign = (message: Uint8Array): Uint8Array => operatorKey.sign(message);
  return { chain: chainId(genesis), roster, self, ...params, sign, verify, keyring: [...keyring] };
}

export function networkOptionsOf(options: Places, config?: ReplicaConfig): NetworkOptions {
  const { genesis, roster, nodeSeed, self } = options.identity;
  return {
    chain: toHex(chainId(genesis)),
    identitySeed: nodeSeed,
    listen: options.listen,
    peers: rosterPeers(options)(config?.roster ?? roster),
    dialsAll: (config ?? { self }).self === undefined,
    validatorsMax: LIMITS.validatorsMax,
    observersMax: LIMITS.observersMax,
    shards: config?.shards ?? genesis.params.shards,
    limits: {
      frameBytesMax: FRAME_BYTES_MAX,
      gossipBytesMax: SEGMENT_ENCODED_BYTES_MAX,
      syncRequestBytesMax: SYNC_REQUEST_BYTES_MAX,
    },
  };
}

/** A genesis that names no peer is for somebody to mend; in the ledger it must not keep a node from starting. */
export function rosterPeers(options: Pick<Places, 'dial'>): (roster: Roster) => PeerDescription[] {
  return ({ epoch, validators }) => {
    return peersOf(
      options,
      validators.filter(({ peer }) => epoch === 0 || isPeerId(peer)),
    );
  };
}

export function peersOf({ dial }: Pick<Places, 'dial'>, validators: readonly Validator[]): PeerDescription[] {
  return validators.map(({ name, peer, addrs }) => {
    return { name, peer, addrs: addressesOf(dial, name, addrs), validator: true };
  });
}

/**
 * A misspelt name would leave a validator to be dialled where the roster says, unnoticed. Names of genesis may stay when
 * their seats are gone; those of later validators are known once this node has come to their epoch.
 * @throws WaggleError WAGGLE_CONFIG_VALUE {field, rule}
 */
export function checkDialNames(
  { dial = new Map(), identity }: Pick<Places, 'dial'> & { readonly identity: Pick<Identity, 'roster'> },
  { validators }: Roster,
): void {
  const names = new Set<string>([...identity.roster.validators, ...validators].map(({ name }) => name));
  for (const name of dial.keys()) {
    if (names.has(name)) continue;
    const rule = `a validator of this network: ${[...names].join(', ')}`;
    throw new WaggleError('WAGGLE_CONFIG_VALUE', { field: `p2p.dial.${name}`, rule });
  }
}

function addressesOf(dial: Places['dial'], name: string, addrs: readonly string[]): readonly string[] {
  const address = dial?.get(name);
  return address === undefined ? addrs : [address];
}
