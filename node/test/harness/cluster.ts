import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { CborValue } from '../../../protocol/codec/cbor.ts';
import { type KeyPair, keyPairFromSeed } from '../../../protocol/crypto/keys.ts';
import { type Genesis, parseGenesis } from '../../../protocol/genesis.ts';
import { type SignedBallot, signBallot } from '../../../protocol/governance/ballot.ts';
import { type OperationKind, type SignedOperation, signOperation } from '../../../protocol/governance/operation.ts';
import { sessionOpenBody } from '../../../protocol/governance/operations/session-open.ts';
import { toHex } from '../../../protocol/hex.ts';
import { parseId } from '../../../protocol/ids.ts';
import { type NodeOptions, type RunningNode, startNode } from '../../compose.ts';
import { createHome } from '../../config/create-home.ts';
import type { NodeFailure } from '../../driver/failure.ts';
import { peerIdOf } from '../../network/identity.ts';
import { eventually } from './deadline.ts';
import { freePort } from './networks.ts';

export const SPACE = parseId('main');
export const DEADLINE_MS = 20_000;
const LIFE_MS = 60_000;

/** Homes of a small network on loopback, and the nodes that run on them. */
export class Cluster {
  readonly genesis: Genesis;
  readonly homes: readonly string[];
  readonly nodes: (RunningNode | undefined)[];
  readonly failures: NodeFailure[] = [];
  readonly #directory: string;
  readonly #keys: readonly KeyPair[];
  readonly #storage: NodeOptions['storage'];
  readonly #env: Readonly<Record<string, string>>;

  private constructor(
    genesis: Genesis,
    directory: string,
    homes: readonly string[],
    keys: readonly KeyPair[],
    storage: NodeOptions['storage'],
    env: Readonly<Record<string, string>>,
  ) {
    this.genesis = genesis;
    this.homes = homes;
    this.nodes = homes.map(() => undefined);
    this.#directory = directory;
    this.#keys = keys;
    this.#storage = storage;
    this.#env = env;
  }

  /** Homes v0…; model `m<i>` is operated by validator i mod n. Nothing runs yet. */
  static async create(
    count: number,
    models: number,
    storage: NodeOptions['storage'] = {},
    params: Partial<Genesis['params']> = {},
    env: Readonly<Record<string, string>> = {},
  ): Promise<Cluster> {
    const directory = await mkdtemp(join(tmpdir(), 'waggle-cluster-'));
    const seats = await Promise.all(
      Array.from({ length: count }, async (_, at) => {
        const [nodeSeed, validatorSeed] = [seed(at + 1), seed(at + 101)];
        return { name: `v${at}`, nodeSeed, validatorSeed, key: keyPairFromSeed(validatorSeed), port: await freePort() };
      }),
    );
    const genesis = parseGenesis({
      v: 1,
      network: 'test-net',
      createdAt: '2026-01-01T00:00:00.000Z',
      validators: seats.map(({ name, nodeSeed, key, port }) => ({
        name,
        key: toHex(key.publicKey),
        peer: peerIdOf(nodeSeed),
        addrs: [addressOf(port)],
      })),
      models: Array.from({ length: models }, (_, at) => ({
        id: `m${at}`,
        operator: `v${at % count}`,
        auth: 'operator',
      })),
      spaces: [{ id: SPACE, title: 'Main', openers: seats.map(({ key }) => toHex(key.publicKey)) }],
      admins: { keys: seats.map(({ key }) => toHex(key.publicKey)), threshold: 1 },
      params: { shards: 2, viewTimerMs: 100, blockIntervalMs: 20, ...params },
    });
    const homes: string[] = [];
    for (const { name, nodeSeed, validatorSeed, port } of seats) {
      const home = join(directory, name);
      await createHome(home, { genesis, name, rpcPort: 0, listen: [addressOf(port)], nodeSeed, validatorSeed });
      homes.push(home);
    }
    return new Cluster(
      genesis,
      directory,
      homes,
      seats.map(({ key }) => key),
      storage,
      env,
    );
  }

  async start(at: number, options: Pick<NodeOptions, 'rejoin' | 'repair'> = {}): Promise<RunningNode> {
    const home = this.homes[at] ?? '';
    const node = await startNode({
      home,
      env: this.#env,
      log: pino({ level: 'silent' }),
      onFailure: (failure) => void this.failures.push(failure),
      storage: { reserveBytes: 4_096, ...this.#storage },
      ...options,
    });
    this.nodes[at] = node;
    return node;
  }

  async startAll(): Promise<RunningNode[]> {
    return Promise.all(this.homes.map((_, at) => this.start(at)));
  }

  async stop(at: number): Promise<void> {
    const node = this.nodes[at];
    this.nodes[at] = undefined;
    await node?.stop();
  }

  /** Stop what runs and remove the homes. */
  async remove(): Promise<void> {
    await Promise.allSettled(this.nodes.map((_, at) => this.stop(at)));
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** `session.open`, signed by the validator at `by`: revisable, one proposal, all models are electors. */
  sessionOpen(session: string, by: number, seq: number): SignedOperation {
    const electorate = this.genesis.models.map(({ id }) => ({ voter: id, role: 'general', weight: 1 }));
    const body = sessionOpenBody({
      space: SPACE,
      session: parseId(session),
      title: `Session ${session}`,
      rule: { method: 'score', threshold: null, revisable: true, complete: true, close: 'opener' },
      electorate,
      proposals: [{ id: parseId('p1'), title: 'Proposal' }],
      draft: false,
    });
    const key = this.#keys[by];
    if (key === undefined) throw new RangeError(`no validator ${by}`);
    const timeMs = Date.now();
    const { chain } = this.#running();
    const base = { chain, actor: key.publicKey, seq, notAfterMs: timeMs + LIFE_MS, timeMs };
    return signOperation({ ...base, kind: 'session.open', body }, [key]);
  }

  /** A ballot of model `m<voter>`, without a signature: its operator's segment is what authenticates it. */
  ballot(session: string, voter: number, weight: number, previous?: Uint8Array): SignedBallot {
    const timeMs = Date.now();
    const { chain } = this.#running();
    const choice = { method: 'score', weight } as const;
    const entries = [{ proposal: parseId('p1'), choice }];
    const names = { space: SPACE, session: parseId(session), voter: parseId(`m${voter}`) };
    return signBallot({ chain, ...names, previous, notAfterMs: timeMs + LIFE_MS, timeMs, entries }, undefined);
  }

  get chain(): Uint8Array {
    return this.#running().chain;
  }

  running(): RunningNode[] {
    return this.nodes.filter((node) => node !== undefined);
  }

  /** Any operation, signed by the validator at `by` (an admin and opener) with its next seq. */
  operation(kind: OperationKind, body: CborValue, by = 0): SignedOperation {
    const key = this.#keys[by];
    if (key === undefined) throw new RangeError(`no validator ${by}`);
    const { chain, api } = this.#running();
    const timeMs = Date.now();
    const seq = (api.state().seqs.get(toHex(key.publicKey)) ?? 0) + 1;
    return signOperation({ chain, actor: key.publicKey, seq, notAfterMs: timeMs + LIFE_MS, timeMs, kind, body }, [key]);
  }

  #running(): RunningNode {
    const node = this.nodes.find((one) => one !== undefined);
    if (node === undefined) throw new RangeError('no node runs');
    return node;
  }
}

/** All of them have executed up to `height`. */
export async function reached(nodes: readonly RunningNode[], height: number): Promise<void> {
  await eventually(() => nodes.every(({ api }) => api.head().height >= height), DEADLINE_MS, `height ${height}`);
}

function seed(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

function addressOf(port: number): string {
  return `/ip4/127.0.0.1/tcp/${port}`;
}
