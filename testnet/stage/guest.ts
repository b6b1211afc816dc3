import { join } from 'node:path';
import { createHome } from '../../node/config/create-home.ts';
import { tokenPath } from '../../node/config/tokens.ts';
import { peerIdOf } from '../../node/network/identity.ts';
import { homePaths } from '../../node/storage/home.ts';
import { loadKey, loadOrCreateKey } from '../../node/storage/keystore.ts';
import { nextKeyPath } from '../../node/storage/next-key.ts';
import type { CborValue } from '../../protocol/codec/cbor.ts';
import { exportSeed, generateKeyPair } from '../../protocol/crypto/keys.ts';
import { encodeSignedOperation, type OperationKind, signOperation } from '../../protocol/governance/operation.ts';
import { fromHex, toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Validator } from '../../protocol/roster.ts';
import { readGenesisFile } from '../network/genesis-file.ts';
import { freePorts } from '../network/ports.ts';
import { requireTestnet, saveTestnetFile, withLock } from '../network/state.ts';
import type { Stage } from '../scenarios/scenario.ts';
import { askAny, type Member, membersOf, operate } from '../voting/members.ts';

const HOST = '127.0.0.1';
const LIFE_MS = 60_000;

/** A node that joins a network that runs: first as an observer, with the keys of the validator it may become. */
export interface Guest {
  readonly name: string;
  readonly validator: Validator;
  readonly member: Member;
}

/** Let it in, make its home, and put it among the nodes of the network; it is not started. */
export async function inviteGuest(stage: Stage, name: string): Promise<Guest> {
  const file = await stage.file();
  const { genesis } = await readGenesisFile(file.genesis);
  const [nodeSeed, key] = [exportSeed(generateKeyPair()), generateKeyPair()];
  const [rpcPort = 0, p2pPort = 0] = await freePorts(2);
  const [peer, addrs] = [peerIdOf(nodeSeed), [`/ip4/${HOST}/tcp/${p2pPort}`]];
  await operate(stage.members, 'observer_admit', { name, peer });
  const facts = { genesis, name: parseId(name), role: 'observer', rpcPort, listen: addrs, nodeSeed } as const;
  const paths = await createHome(join(stage.directory, name), { ...facts, validatorSeed: exportSeed(key) });
  const rpc = `http://${HOST}:${rpcPort}`;
  const token = tokenPath(paths.tokens, 'operator');
  const node = { name, home: paths.directory, rpc, p2p: `${addrs[0]}/p2p/${peer}`, metrics: `${rpc}/metrics` };
  await withLock(stage.directory, async () => {
    const now = await requireTestnet(stage.directory);
    await saveTestnetFile(stage.directory, { ...now, nodes: [...now.nodes, { ...node, pid: null, token }] });
  });
  const member = (await membersOf(await stage.file())).find((one) => one.name === name);
  if (member === undefined) throw new TypeError(`${name} is in the file`);
  return { name, validator: { name: parseId(name), key: key.publicKey, peer, addrs }, member };
}

/** Ask for a change of the network with the key of its first operator, who administers it. */
export async function change(stage: Stage, kind: OperationKind, body: CborValue): Promise<void> {
  const [first = ''] = stage.names;
  const key = await loadKey(homePaths(stage.home(first)).validatorKey, 'validator');
  if (key === undefined) throw new TypeError(`${first} has a key`);
  const actor = toHex(key.publicKey);
  const { chain } = await stage.file();
  await askAny(stage.members, async ({ client }) => {
    const { seq } = await client.call<{ seq: number }>('network_get', { actor });
    const timeMs = Date.now();
    const facts = { chain: fromHex(chain, 32), actor: key.publicKey, seq, timeMs, notAfterMs: timeMs + LIFE_MS };
    const operation = toHex(encodeSignedOperation(signOperation({ ...facts, kind, body }, [key])));
    await client.call('operation_submit', { operation });
  });
}

/** The key a validator is to sign with after a rotation, in its home before anybody asks for it. */
export async function nextKeyOf(stage: Stage, name: string): Promise<Uint8Array> {
  const path = nextKeyPath(homePaths(stage.home(name)).validatorKey);
  return (await loadOrCreateKey(path, 'validator')).publicKey;
}
