import { chainId, type Genesis, genesisRoster } from '../../protocol/genesis.ts';
import type { ModelRecord } from '../../protocol/governance/types.ts';
import type { Hash } from '../../protocol/hash.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Roster } from '../../protocol/roster.ts';
import type { Signatures, SimSigner } from './keys.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';

export const SPACE = parseId('council');

/** A model that votes, where it may be sent from, and its key if it has one. */
export interface Voter {
  readonly model: ModelRecord;
  readonly operator: number;
  readonly signer: SimSigner | undefined;
}

/** Who is who in one world. */
export interface People {
  readonly genesis: Genesis;
  readonly chain: Hash;
  readonly roster: Roster;
  readonly signers: readonly SimSigner[];
  readonly voters: readonly Voter[];
  readonly opener: SimSigner;
  readonly signatures: Signatures;
}

export function createPeople(plan: Plan, signatures: Signatures, random: Random): People {
  const signers = Array.from({ length: plan.n }, (_, index) => signatures.signer(`validator-${index}`));
  const opener = signatures.signer('opener');
  const voters = signers.flatMap((_, operator) =>
    Array.from({ length: plan.votersPerNode }, (_, at) => createVoter(operator, at, signatures, random)),
  );
  const genesis: Genesis = {
    network: parseId('sim'),
    createdAt: '2024-01-01T00:00:00.000Z',
    validators: signers.map(({ publicKey }, index) => ({
      name: parseId(`v${index}`),
      key: publicKey,
      peer: `peer-${index}`,
      addrs: [],
    })),
    models: voters.map(({ model }) => model),
    spaces: [{ id: SPACE, title: 'The council', openers: [opener.publicKey] }],
    admins: { keys: [signatures.signer('admin').publicKey], threshold: 1 },
    params: { shards: plan.shards, viewTimerMs: plan.viewTimerMs, blockIntervalMs: plan.blockIntervalMs },
  };
  return { genesis, chain: chainId(genesis), roster: genesisRoster(genesis), signers, voters, opener, signatures };
}

/** A third each: voter-signed, operator-signed, and operator-signed with a key that may be used as well. */
function createVoter(operator: number, at: number, signatures: Signatures, random: Random): Voter {
  const id = parseId(`m${operator}-${at}`);
  const kind = random.below(3);
  const signer = kind === 1 ? undefined : signatures.signer(id);
  const model: ModelRecord = {
    id,
    operator: parseId(`v${operator}`),
    auth: kind === 0 ? 'voter' : 'operator',
    ...(signer === undefined ? {} : { key: signer.publicKey }),
  };
  return { model, operator, signer };
}
