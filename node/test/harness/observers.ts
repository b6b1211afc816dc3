import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { observerAdmitBody } from '../../../protocol/governance/operations/observer.ts';
import { sessionCloseBody } from '../../../protocol/governance/operations/session-end.ts';
import { parseId } from '../../../protocol/ids.ts';
import { type NodeOptions, type RunningNode, startNode } from '../../compose.ts';
import { createHome } from '../../config/create-home.ts';
import type { NodeFailure } from '../../driver/failure.ts';
import { peerIdOf } from '../../network/identity.ts';
import type { NodeApi } from '../../rpc/node-api.ts';
import { type Cluster, DEADLINE_MS, SPACE } from './cluster.ts';
import { within } from './deadline.ts';

/** Homes of observers of a cluster, and the nodes that run on them. */
export class Observers {
  readonly #cluster: Cluster;
  readonly #directory: string;
  readonly #running = new Set<RunningNode>();
  readonly failures: NodeFailure[] = [];

  private constructor(cluster: Cluster, directory: string) {
    this.#cluster = cluster;
    this.#directory = directory;
  }

  static async create(cluster: Cluster): Promise<Observers> {
    return new Observers(cluster, await mkdtemp(join(tmpdir(), 'waggle-observers-')));
  }

  home(name: string): string {
    return join(this.#directory, name);
  }

  /** Let it in and make its home; it does not run yet. */
  async admit(name: string, byte: number): Promise<void> {
    const nodeSeed = new Uint8Array(32).fill(byte);
    const cluster = this.#cluster;
    const body = observerAdmitBody({ name: parseId(name), peer: peerIdOf(nodeSeed) });
    const [node] = cluster.running();
    const admitted = node?.api.submitOperation(cluster.operation('observer.admit', body)).final;
    await within(DEADLINE_MS, admitted ?? Promise.reject(new RangeError('no node runs')), 'admitted');
    const { genesis } = cluster;
    const operatorSeed = new Uint8Array(32).fill(byte + 1);
    const keys = { nodeSeed, validatorSeed: operatorSeed };
    await createHome(this.home(name), {
      genesis,
      name: parseId(name),
      role: 'observer',
      rpcPort: 0,
      listen: [],
      ...keys,
    });
  }

  async start(name: string, options: Partial<NodeOptions> = {}): Promise<RunningNode> {
    const node = await startNode({
      home: this.home(name),
      env: {},
      log: pino({ level: 'silent' }),
      onFailure: (failure) => void this.failures.push(failure),
      storage: { reserveBytes: 4_096 },
      ...options,
    });
    this.#running.add(node);
    return node;
  }

  async stop(node: RunningNode): Promise<void> {
    this.#running.delete(node);
    await node.stop();
  }

  async remove(): Promise<void> {
    await Promise.allSettled([...this.#running].map((node) => node.stop()));
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** How often something happened in the driver of a node. */
export async function eventCount(api: NodeApi, event: string): Promise<number> {
  const text = await api.metricsText();
  const line = text.split('\n').find((one) => one.includes(`event="${event}"`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

/** Sessions, their ballots and their ends, one after the other. */
export async function loadSessions(cluster: Cluster, name: string, sessions: number): Promise<void> {
  const [first] = cluster.running();
  for (let at = 0; at < sessions; at++) {
    const seq = cluster.operation('session.open', null).operation.seq;
    const opened = first?.api.submitOperation(cluster.sessionOpen(`${name}-${at}`, 0, seq)).final;
    await within(DEADLINE_MS, Promise.resolve(opened), 'opened');
    const ballots = cluster.running().map((node) => {
      const voter = cluster.nodes.indexOf(node);
      return node.api.submitBallot(cluster.ballot(`${name}-${at}`, voter, 1 + (at % 10))).final;
    });
    await within(DEADLINE_MS, Promise.all(ballots), 'counted');
    const session = parseId(`${name}-${at}`);
    const close = cluster.operation('session.close', sessionCloseBody({ space: SPACE, session }));
    await within(DEADLINE_MS, Promise.resolve(first?.api.submitOperation(close).final), 'closed');
  }
}
