import { mkdir } from 'node:fs/promises';
import type { ModelResult, Page } from '../../node/cli/rpc-shapes.ts';
import { homePaths } from '../../node/storage/home.ts';
import { loadModelKeys, saveModelKey } from '../../node/storage/keystore.ts';
import { generateKeyPair, type KeyPair } from '../../protocol/crypto/keys.ts';
import type { AuthMode } from '../../protocol/governance/types.ts';
import { toHex } from '../../protocol/hex.ts';
import type { Id } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { askAny, type Member, operate } from './members.ts';

/** A model that is to vote: who operates it, and its key where this network holds it. */
export interface Voter {
  readonly id: Id;
  readonly operator: Member;
  readonly auth: AuthMode;
  readonly key: KeyPair | undefined;
}

export interface WantedModel {
  readonly id: Id;
  readonly label?: string;
  readonly provider?: string;
  readonly role?: string;
}

const PAGE = 1_000;

/**
 * Have all these models in the registry: those it knows as they are, new ones dealt to the members in turn, with a key in
 * the keystore of their operator when `auth` is voter.
 * @throws WaggleError WAGGLE_RPC_REFUSED, WAGGLE_CLI_UNAVAILABLE
 */
export async function registerModels(
  members: readonly Member[],
  wanted: readonly WantedModel[],
  auth: AuthMode,
): Promise<Map<Id, Voter>> {
  const known = await knownModels(members);
  const byName = new Map(members.map((member) => [member.name, member]));
  const voters = new Map<Id, Voter>();
  const fresh: { readonly model: WantedModel; readonly voter: Voter }[] = [];
  for (const [at, model] of wanted.entries()) {
    const found = known.get(model.id);
    const operator = byName.get(found?.operator ?? '') ?? members[at % members.length];
    if (operator === undefined) continue;
    const voter: Voter =
      found === undefined
        ? { id: model.id, operator, auth, key: auth === 'voter' ? generateKeyPair() : undefined }
        : { id: model.id, operator, auth: found.auth === 'voter' ? 'voter' : 'operator', key: undefined };
    voters.set(model.id, voter);
    if (found === undefined) fresh.push({ model, voter });
  }
  await saveKeys(fresh.map(({ voter }) => voter));
  for (let at = 0; at < fresh.length; at += LIMITS.modelsPerOperationMax) {
    const models = fresh.slice(at, at + LIMITS.modelsPerOperationMax).map(toParams);
    await operate(members, 'model_register', { models });
  }
  return await withKeys(voters, members);
}

function toParams({ model, voter }: { readonly model: WantedModel; readonly voter: Voter }): object {
  const { id, label, provider, role } = model;
  return {
    id,
    operator: voter.operator.name,
    auth: voter.auth,
    ...(voter.key === undefined ? {} : { key: toHex(voter.key.publicKey) }),
    ...(label === undefined ? {} : { label }),
    ...(provider === undefined ? {} : { provider }),
    ...(role === undefined ? {} : { role }),
  };
}

async function knownModels(members: readonly Member[]): Promise<Map<string, ModelResult>> {
  const found = new Map<string, ModelResult>();
  for (let cursor: string | undefined; ; ) {
    const params = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const { result } = await askAny(members, (one) => one.client.call<Page<ModelResult>>('model_list', params));
    for (const model of result.items) found.set(model.id ?? '', model);
    if (!result.next) return found;
    cursor = result.next;
  }
}

async function saveKeys(voters: readonly Voter[]): Promise<void> {
  const made = new Set<string>();
  for (const { id, operator, key } of voters) {
    if (key === undefined) continue;
    const { modelKeys } = homePaths(operator.home);
    if (!made.has(modelKeys)) await mkdir(modelKeys, { recursive: true, mode: 0o700 });
    made.add(modelKeys);
    await saveModelKey(modelKeys, id, key);
  }
}

/** Keys that an earlier command saved: with them a ballot can be signed here and handed to any node. */
async function withKeys(voters: Map<Id, Voter>, members: readonly Member[]): Promise<Map<Id, Voter>> {
  const incomplete = [...voters.values()].filter(({ auth, key }) => auth === 'voter' && key === undefined);
  for (const member of members) {
    const here = incomplete.filter(({ operator }) => operator === member);
    if (here.length === 0) continue;
    const keys = await loadModelKeys(homePaths(member.home).modelKeys);
    for (const voter of here) voters.set(voter.id, { ...voter, key: keys.get(voter.id) });
  }
  return voters;
}
