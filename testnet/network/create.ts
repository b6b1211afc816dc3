import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestnetFile, TestnetNode } from '../../node/cli/testnet-file.ts';
import { createHome } from '../../node/config/create-home.ts';
import { tokenPath } from '../../node/config/tokens.ts';
import { peerIdOf } from '../../node/network/identity.ts';
import { exportSeed, generateKeyPair } from '../../protocol/crypto/keys.ts';
import { WaggleError } from '../../protocol/errors.ts';
import { chainId, type Genesis, genesisToJson } from '../../protocol/genesis.ts';
import { toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Validator } from '../../protocol/roster.ts';
import { type RelayFile, saveRelayFile } from '../relay/relay-file.ts';
import { freePorts } from './ports.ts';
import { saveTestnetFile } from './state.ts';

export interface CreateOptions {
  readonly nodes: number;
  readonly shards: number;
  /** First of two ports a node; any free ones when it is absent. */
  readonly basePort?: number;
  /** Every node dials every other through a port of the relay, which can then do to the link what networks do. */
  readonly faults?: boolean;
}

interface Place {
  readonly validator: Validator;
  readonly nodeSeed: Uint8Array;
  readonly validatorSeed: Uint8Array;
  readonly home: string;
  readonly rpcPort: number;
  readonly p2pPort: number;
  /** Where it dials the others, by name; only with a relay. */
  readonly dial?: Readonly<Record<string, string>>;
}

const HOST = '127.0.0.1';
const RELAYED_NODES_MAX = 16;
/** D and T for processes on one machine (consensus.md 2.5, 2.7). */
const VIEW_TIMER_MS = 100;
const BLOCK_INTERVAL_MS = 25;

/** Keys, genesis, homes and `testnet.json` of a new network. Nothing is started. */
export async function createTestnet(directory: string, options: CreateOptions): Promise<TestnetFile> {
  if (options.nodes > 99) throw new WaggleError('WAGGLE_CLI_USAGE', { reason: 'at most 99 nodes', next: '--nodes 4' });
  if (options.faults === true && options.nodes > RELAYED_NODES_MAX) {
    const reason = `at most ${RELAYED_NODES_MAX} nodes with --faults: each pair takes two ports`;
    throw new WaggleError('WAGGLE_CLI_USAGE', { reason, next: '--nodes 4' });
  }
  const ports = await freePorts(options.nodes * 2, options.basePort);
  const places: Place[] = [];
  for (let at = 0; at < options.nodes; at++) {
    places.push(makePlace(directory, at, ports[2 * at] ?? 0, ports[2 * at + 1] ?? 0));
  }
  const relay = options.faults === true ? await makeRelay(places) : undefined;
  const genesis = genesisOf(places, options.shards);
  const genesisPath = join(directory, 'genesis.json');
  await writeFile(genesisPath, `${JSON.stringify(genesisToJson(genesis), undefined, 2)}\n`);
  const nodes: TestnetNode[] = [];
  for (const place of places) nodes.push(await makeHome(relay === undefined ? place : through(place, relay), genesis));
  if (relay !== undefined) await saveRelayFile(directory, relay);
  const file = { chain: toHex(chainId(genesis)), genesis: genesisPath, nodes };
  await saveTestnetFile(directory, file);
  return file;
}

/** Keys come first: genesis names all of them. */
function makePlace(directory: string, at: number, rpcPort: number, p2pPort: number): Place {
  const name = parseId(`node${at + 1}`);
  const [nodeSeed, validatorKey] = [exportSeed(generateKeyPair()), generateKeyPair()];
  const addrs = [`/ip4/${HOST}/tcp/${p2pPort}`];
  return {
    validator: { name, key: validatorKey.publicKey, peer: peerIdOf(nodeSeed), addrs },
    nodeSeed,
    validatorSeed: exportSeed(validatorKey),
    home: join(directory, name),
    rpcPort,
    p2pPort,
  };
}

/** A port for every ordered pair, since who dials is told from the port alone. */
async function makeRelay(places: readonly Place[]): Promise<RelayFile> {
  const pairs = places.flatMap((from) => places.flatMap((to) => (from === to ? [] : [{ from, to }])));
  // Any free ones: the ports of the nodes count up from --base-port. Nodes may not hold theirs yet, so those are left out.
  const taken = new Set(places.flatMap(({ rpcPort, p2pPort }) => [rpcPort, p2pPort]));
  const found = await freePorts(pairs.length + 1 + taken.size);
  const [control = 0, ...ports] = found.filter((port) => !taken.has(port));
  const links = pairs.map(({ from, to }, at) => ({
    from: from.validator.name,
    to: to.validator.name,
    port: ports[at] ?? 0,
    target: to.p2pPort,
  }));
  return { control: { port: control, token: randomBytes(32).toString('hex') }, links };
}

function through(place: Place, { links }: RelayFile): Place {
  const own = links.filter(({ from }) => from === place.validator.name);
  return { ...place, dial: Object.fromEntries(own.map(({ to, port }) => [to, `/ip4/${HOST}/tcp/${port}`])) };
}

/** Every operator may open sessions and administer: this network is one person's (goals.md, Workload W). */
function genesisOf(places: readonly Place[], shards: number): Genesis {
  const keys = places.map(({ validator }) => validator.key);
  return {
    network: parseId('testnet'),
    createdAt: new Date().toISOString(),
    validators: places.map(({ validator }) => validator),
    models: [],
    spaces: [{ id: parseId('main'), title: 'Main', openers: keys }],
    admins: { keys, threshold: 1 },
    params: { shards, viewTimerMs: VIEW_TIMER_MS, blockIntervalMs: BLOCK_INTERVAL_MS },
  };
}

async function makeHome(place: Place, genesis: Genesis): Promise<TestnetNode> {
  const { validator, nodeSeed, validatorSeed, home, rpcPort, p2pPort, dial } = place;
  // Left by a command that was broken off before testnet.json was written; nothing ever ran on it.
  await rm(home, { recursive: true, force: true });
  const listen = validator.addrs;
  const facts = { genesis, name: validator.name, rpcPort, listen, nodeSeed, validatorSeed };
  const paths = await createHome(home, dial === undefined ? facts : { ...facts, dial });
  const rpc = `http://${HOST}:${rpcPort}`;
  return {
    name: validator.name,
    home: paths.directory,
    rpc,
    p2p: `/ip4/${HOST}/tcp/${p2pPort}/p2p/${validator.peer}`,
    metrics: `${rpc}/metrics`,
    pid: null,
    token: tokenPath(paths.tokens, 'operator'),
  };
}
