import { encodeCanonical } from './codec/cbor.ts';
import type { KeyPair } from './crypto/keys.ts';
import type { Verify } from './crypto/verify.ts';
import { WaggleError } from './errors.ts';
import { chainId, type Genesis, type GenesisJson, genesisToJson, parseGenesis } from './genesis.ts';
import { isPeerText } from './governance/operations/observer.ts';
import { type Hash, tagged } from './hash.ts';
import { fromHex, toHex } from './hex.ts';
import { type Id, isId } from './ids.ts';
import { TAGS } from './tags.ts';

/** What a validator hands to an operator it let in: which network, and by whose word (interface.md, Commands). */
export interface Invite {
  readonly genesis: Genesis;
  readonly chain: Hash;
  /** Under which the operator was admitted. */
  readonly name: Id;
  /** Peer id that was admitted. */
  readonly peer: string;
  /** Name of the validator that signed. */
  readonly sponsor: Id;
}

/** The file. `nodeKey` is beside what is signed: who makes an invite may make the guest's network key with it. */
export interface InviteJson {
  format: 'waggle-invite/1';
  network: string;
  /** Hex; equal to the hash of `genesis`. */
  chain: string;
  name: string;
  peer: string;
  sponsor: string;
  genesis: GenesisJson;
  signature: string;
  nodeKey?: string;
}

export const INVITE_FORMAT = 'waggle-invite/1';

export function signInvite(invite: Omit<Invite, 'chain'>, sponsorKey: KeyPair): InviteJson {
  const { genesis, name, peer, sponsor } = invite;
  const chain = chainId(genesis);
  const signature = sponsorKey.sign(inviteDigest({ chain, name, peer, sponsor }));
  return {
    format: INVITE_FORMAT,
    network: genesis.network,
    chain: toHex(chain),
    name,
    peer,
    sponsor,
    genesis: genesisToJson(genesis),
    signature: toHex(signature),
  };
}

/**
 * Read an invite and check that it is whole: its genesis is the one its chain id names, and a validator of that genesis
 * signed it. Whether that network is the one meant is for whoever handed the file over to say.
 * @throws WaggleError WAGGLE_INVITE_FORM {field}, WAGGLE_INVITE_CHAIN, WAGGLE_INVITE_SIGNATURE {sponsor}; WAGGLE_GENESIS_FORM
 */
export function parseInvite(value: unknown, verify: Verify): Invite & { readonly nodeSeed: Uint8Array | undefined } {
  const fields = new Map(Object.entries(value !== null && typeof value === 'object' ? value : {}));
  const text = (field: string): string => {
    const found: unknown = fields.get(field);
    if (typeof found !== 'string') throw new WaggleError('WAGGLE_INVITE_FORM', { field });
    return found;
  };
  if (text('format') !== INVITE_FORMAT) throw new WaggleError('WAGGLE_INVITE_FORM', { field: 'format' });
  const genesis = parseGenesis(fields.get('genesis'));
  const chain = chainId(genesis);
  if (text('chain') !== toHex(chain) || text('network') !== genesis.network)
    throw new WaggleError('WAGGLE_INVITE_CHAIN');
  const [name, sponsor, peer] = [idOf(text('name'), 'name'), idOf(text('sponsor'), 'sponsor'), text('peer')];
  if (!isPeerText(peer)) throw new WaggleError('WAGGLE_INVITE_FORM', { field: 'peer' });
  const key = genesis.validators.find((validator) => validator.name === sponsor)?.key;
  const signature = bytesOf(text('signature'), 64, 'signature');
  if (key === undefined || !verify(key, inviteDigest({ chain, name, peer, sponsor }), signature)) {
    throw new WaggleError('WAGGLE_INVITE_SIGNATURE', { sponsor });
  }
  const nodeSeed = fields.has('nodeKey') ? bytesOf(text('nodeKey'), 32, 'nodeKey') : undefined;
  return { genesis, chain, name, peer, sponsor, nodeSeed };
}

function inviteDigest({ chain, name, peer, sponsor }: Omit<Invite, 'genesis'>): Hash {
  return tagged(TAGS.invite.tag, encodeCanonical({ chain, name, peer, sponsor }));
}

function idOf(text: string, field: string): Id {
  if (!isId(text)) throw new WaggleError('WAGGLE_INVITE_FORM', { field });
  return text;
}

function bytesOf(text: string, length: number, field: string): Uint8Array {
  try {
    return fromHex(text, length);
  } catch {
    throw new WaggleError('WAGGLE_INVITE_FORM', { field });
  }
}
