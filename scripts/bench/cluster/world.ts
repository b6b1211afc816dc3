import type { SessionResult } from '../../../node/cli/rpc-shapes.ts';
import { encodeSignedBallot, signBallot } from '../../../protocol/governance/ballot.ts';
import type { AuthMode } from '../../../protocol/governance/types.ts';
import { fromHex, toHex } from '../../../protocol/hex.ts';
import { parseId } from '../../../protocol/ids.ts';
import { LIMITS } from '../../../protocol/limits.ts';
import type { OpenTestnet } from '../../../testnet/network/open.ts';
import { type Member, membersOf } from '../../../testnet/voting/members.ts';
import { registerModels, type Voter } from '../../../testnet/voting/registry.ts';
import { closeSession, openSession } from '../../../testnet/voting/sessions.ts';

const SPACE = 'main';
const PROPOSAL = parseId('p1');
/** With the rest of a ballot about 200 bytes (goals.md, Workload W). */
const COMMENT = 'a made-up comment of one hundred bytes '.padEnd(100, '.');
const POLL_MS = 10;

/** A ballot ready to be sent, and the node that takes it. */
export interface Shot {
  readonly member: Member;
  readonly params: object;
  /** Of the ballot as it stands in the ledger, signature included. */
  readonly sizeBytes: number;
}

/** Voters of one kind, and sessions in which each of them votes once. */
export class World {
  readonly testnet: OpenTestnet;
  readonly members: readonly Member[];
  readonly voters: readonly Voter[];
  #sessions = 0;

  private constructor(testnet: OpenTestnet, members: readonly Member[], voters: readonly Voter[]) {
    this.testnet = testnet;
    this.members = members;
    this.voters = voters;
  }

  static async create(testnet: OpenTestnet, auth: AuthMode, count: number): Promise<World> {
    const members = await membersOf(testnet.file);
    const wanted = Array.from({ length: count }, (_, at) => ({ id: parseId(`${auth}-${at + 1}`), role: 'general' }));
    return new World(testnet, members, [...(await registerModels(members, wanted, auth)).values()]);
  }

  /** A new session of the first `count` voters, and one ballot of each. */
  async open(count: number): Promise<{ readonly session: string; readonly shots: readonly Shot[] }> {
    const voters = this.voters.slice(0, count);
    const session = `bench-${this.voters[0]?.auth ?? 'none'}-${++this.#sessions}`;
    await openSession(this.members, {
      space: SPACE,
      session,
      title: 'Benchmark',
      proposals: [{ id: PROPOSAL, title: 'Made-up proposal' }],
      rule: { method: 'score', threshold: null, revisable: false, complete: true, close: 'opener' },
      electorate: voters.map(({ id }) => ({ voter: id, role: 'general', weight: 1 })),
    });
    return { session, shots: voters.map((voter, at) => this.#shot(session, voter, at)) };
  }

  #shot(session: string, voter: Voter, at: number): Shot {
    const weight = 1 + (at % 10);
    const entries = [{ proposal: PROPOSAL, choice: weight, comment: COMMENT }];
    const params = { space: SPACE, session, voter: voter.id, entries, await: 'final' };
    const timeMs = Date.now();
    const notAfterMs = timeMs + LIMITS.ballotLifetimeMsMax;
    const choice = { method: 'score', weight } as const;
    const ballot = { space: parseId(SPACE), session: parseId(session), voter: voter.id, previous: undefined };
    const signed = signBallot(
      {
        ...ballot,
        chain: fromHex(this.testnet.file.chain, 32),
        notAfterMs,
        timeMs,
        entries: [{ proposal: PROPOSAL, choice, comment: COMMENT }],
      },
      voter.key?.sign,
    );
    const sizeBytes = encodeSignedBallot(signed).length;
    if (voter.key === undefined) return { member: voter.operator, params, sizeBytes };
    const { signature } = signed;
    const times = { notAfter: new Date(notAfterMs).toISOString(), time: new Date(timeMs).toISOString() };
    return {
      member: voter.operator,
      params: { ...params, ...times, signature: toHex(signature ?? new Uint8Array(64)) },
      sizeBytes,
    };
  }

  /** Resolves when every node has executed `count` ballots of the session as counted. */
  async untilCounted(session: string, count: number): Promise<void> {
    await Promise.all(
      this.members.map(async ({ client }) => {
        for (;;) {
          const { progress } = await client.call<SessionResult>('session_get', { space: SPACE, session });
          if ((progress?.ballots ?? 0) >= count) return;
          await new Promise((resolve) => setTimeout(resolve, POLL_MS));
        }
      }),
    );
  }

  async close(session: string): Promise<void> {
    await closeSession(this.members, SPACE, session, 'the benchmark is over');
  }
}
