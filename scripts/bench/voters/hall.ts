import { connect, type WaggleClient } from '../../../client/client.ts';
import type { SessionGetResult } from '../../../client/generated/methods.ts';
import { encodeSignedBallot } from '../../../protocol/governance/ballot.ts';
import { parseId } from '../../../protocol/ids.ts';
import type { OpenTestnet } from '../../../testnet/network/open.ts';
import { type Member, membersOf } from '../../../testnet/voting/members.ts';
import { registerModels, type Voter } from '../../../testnet/voting/registry.ts';
import { closeSession, openSession } from '../../../testnet/voting/sessions.ts';
import { ownConnection } from './own-connection.ts';

const SPACE = 'main';
const PROPOSALS = 20;
const COMMENT = 'a made-up comment of one hundred bytes '.padEnd(100, '.');
const POLL_MS = 10;

/** A voter with its key, its connection and its ballot. */
interface Seat {
  readonly voter: Voter;
  readonly client: WaggleClient;
  close(): void;
}

export interface Round {
  readonly latencies: readonly number[];
  readonly counted: number;
  readonly countedPerNode: readonly number[];
  /** From the first submit to the last answer. */
  readonly elapsedMs: number;
  /** CPU of the nodes and of this process, from the first submit until every node had counted all. */
  readonly nodesCpuMs: number;
  readonly loadCpuMs: number;
}

/** Milliseconds of CPU used so far. */
export interface Meters {
  nodesCpuMs(): number;
  loadCpuMs(): number;
}

/** Voters who sit ready, each with a connection to one node and the other nodes for when it fails. */
export class Hall {
  readonly #members: readonly Member[];
  readonly #seats: readonly Seat[];
  #rounds = 0;

  private constructor(members: readonly Member[], seats: readonly Seat[]) {
    this.#members = members;
    this.#seats = seats;
  }

  static async open(testnet: OpenTestnet, count: number): Promise<Hall> {
    const members = await membersOf(testnet.file);
    const ids = Array.from({ length: count }, (_, at) => ({ id: parseId(`voter-${at + 1}`) }));
    const voters = [...(await registerModels(members, ids, 'voter')).values()];
    const urls = testnet.file.nodes.map(({ rpc }) => rpc);
    const seats = voters.map((voter, at): Seat => {
      const { fetch, close } = ownConnection();
      // The node to begin with is dealt, where by itself a client would draw it.
      const client = connect({
        urls,
        chain: testnet.file.chain,
        environment: { fetch, random: () => (at % urls.length) / urls.length },
      });
      return { voter, client, close };
    });
    const hall = new Hall(members, seats);
    await hall.#connectAll();
    return hall;
  }

  /** The votes of a round as the incumbent would store them. */
  votes(): object[] {
    return this.#seats.map(({ voter }, at) => ({ voter: voter.id, entries: entriesOf(at) }));
  }

  /** Ballots are signed before; then all submit in the same turn. */
  async vote(meters: Meters): Promise<Round> {
    const session = `hall-${++this.#rounds}`;
    await openSession(this.#members, this.#session(session));
    const ballots: Uint8Array[] = [];
    for (const [at, { voter, client }] of this.#seats.entries()) {
      if (voter.key === undefined) throw new TypeError('a voter without a key');
      const vote = { space: SPACE, session, voter: voter.id, key: voter.key, previous: null, entries: entriesOf(at) };
      ballots.push(encodeSignedBallot(await client.sign({ ...vote, notAfterMs: Date.now() + 300_000 })));
    }
    await this.#connectAll();
    const [nodesMs, loadMs] = [meters.nodesCpuMs(), meters.loadCpuMs()];
    const startedMs = performance.now();
    const ends = await Promise.all(
      this.#seats.map(async ({ client }, at) => {
        const { outcome } = await client.resume(ballots[at] ?? new Uint8Array());
        return { outcome, ms: performance.now() - startedMs };
      }),
    );
    const elapsedMs = performance.now() - startedMs;
    const countedPerNode = await this.#countedPerNode(session);
    const cpu = { nodesCpuMs: meters.nodesCpuMs() - nodesMs, loadCpuMs: meters.loadCpuMs() - loadMs };
    await closeSession(this.#members, SPACE, session, 'the benchmark is over');
    const counted = ends.filter(({ outcome }) => outcome === 'counted').length;
    return { latencies: ends.map(({ ms }) => ms), counted, countedPerNode, elapsedMs, ...cpu };
  }

  close(): void {
    for (const { client, close } of this.#seats) {
      client.close();
      close();
    }
  }

  /** Connections are there before the vote begins; idle ones end after a while. */
  async #connectAll(): Promise<void> {
    await Promise.all(this.#seats.map(({ client }) => client.call('chain_head')));
  }

  #session(session: string): object {
    const proposals = Array.from({ length: PROPOSALS }, (_, at) => ({ id: `p${at + 1}`, title: `Proposal ${at + 1}` }));
    return {
      space: SPACE,
      session,
      title: 'All at once',
      proposals,
      rule: { method: 'score', threshold: null, revisable: false, complete: true, close: 'opener', auth: 'voter' },
      electorate: this.#seats.map(({ voter }) => ({ voter: voter.id, role: 'general', weight: 1 })),
    };
  }

  async #countedPerNode(session: string): Promise<number[]> {
    const deadlineMs = performance.now() + 30_000;
    for (;;) {
      const counts = await Promise.all(
        this.#members.map(async ({ client }) => {
          const { progress } = await client.call<SessionGetResult>('session_get', { space: SPACE, session });
          return progress.ballots;
        }),
      );
      if (counts.every((count) => count >= this.#seats.length) || performance.now() > deadlineMs) return counts;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

function entriesOf(voter: number) {
  return Array.from({ length: PROPOSALS }, (_, at) => ({
    proposal: `p${at + 1}`,
    choice: 1 + ((voter * (at + 3)) % 10),
    ...(at === 0 ? { comment: COMMENT } : {}),
  }));
}
