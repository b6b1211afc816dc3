import { connect, type WaggleClient } from '../../client/client.ts';
import { WaggleClientError } from '../../client/errors.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Progress } from '../network/control.ts';
import type { OpenTestnet } from '../network/open.ts';
import { percentile } from '../voting/concurrently.ts';
import { type Member, membersOf } from '../voting/members.ts';
import { registerModels, type Voter } from '../voting/registry.ts';
import { freeSessionId, openSession } from '../voting/sessions.ts';
import { auditPromises, type Told } from './audit.ts';
import { startKilling } from './kill-loop.ts';

export interface FailoverOptions {
  /** Ballots, each of a voter of its own. */
  readonly ballots: number;
  /** How long to spread them over. */
  readonly overMs: number;
  readonly killEveryMs: number;
  readonly downMs: number;
}

/** What `-o json` prints. */
export interface FailoverResult {
  readonly space: string;
  readonly session: string;
  readonly submitted: number;
  readonly kills: number;
  /** How the promises ended. */
  readonly counted: number;
  readonly duplicate: number;
  readonly refused: number;
  readonly undecided: number;
  readonly countedPerNode: readonly number[];
  /** Voters with two counted ballots. */
  readonly doubled: number;
  /** Promises that some node's ledger contradicts. */
  readonly untrue: number;
  /** Of votes sent while all nodes were up, and of those sent while one was down or not ready again. */
  readonly allUpMsP50: number;
  readonly allUpMsP99: number;
  readonly oneDownMsP50: number;
  readonly oneDownMsP99: number;
  readonly finalMsMax: number;
  readonly withinOneS: number;
}

const SPACE = 'main';
const PROPOSAL = 'p1';
const CLIENTS = 16;
/** Votes that leave together. */
const VOLLEY = 20;
const LEVEL_MS = 60_000;
const POLL_MS = 100;

/** Voter-signed ballots through all nodes while one node after the other is killed and started again. */
export async function runFailover(
  testnet: OpenTestnet,
  options: FailoverOptions,
  progress: Progress,
): Promise<FailoverResult> {
  const members = await membersOf(testnet.file);
  const ids = Array.from({ length: options.ballots }, (_, at) => parseId(`voter-${at + 1}`));
  const voters = [
    ...(
      await registerModels(
        members,
        ids.map((id) => ({ id })),
        'voter',
      )
    ).values(),
  ];
  const session = await freeSessionId(members, SPACE, 'failover');
  await openSession(members, sessionParams(session, voters));
  progress(`${voters.length} voters, session ${session}; one node is killed every ${options.killEveryMs / 1000} s`);
  const chorus = new Chorus(testnet, session);
  const killing = startKilling(
    testnet,
    { everyMs: options.killEveryMs, downMs: options.downMs, amongVotes: () => chorus.nextVolley() },
    progress,
  );
  chorus.isOneDown = killing.isOneDown;
  let told: readonly Told[];
  try {
    told = await chorus.sing(voters, options.overMs);
  } finally {
    chorus.close();
    await killing.stop();
  }
  await untilLevel(members);
  const audit = await auditPromises(members, SPACE, session, told);
  const ends = (wanted: string) => told.filter((one) => endOf(one) === wanted).length;
  const [up, down] = [
    chorus.latencies.filter((one) => !one.isOneDown),
    chorus.latencies.filter((one) => one.isOneDown),
  ];
  const at = (some: readonly Latency[], share: number) =>
    percentile(
      some.map(({ ms }) => ms),
      share,
    );
  return {
    space: SPACE,
    session,
    submitted: told.length,
    kills: killing.kills(),
    counted: ends('counted'),
    duplicate: ends('duplicate'),
    refused: ends('refused'),
    undecided: ends('undecided'),
    ...audit,
    allUpMsP50: at(up, 0.5),
    allUpMsP99: at(up, 0.99),
    oneDownMsP50: at(down, 0.5),
    oneDownMsP99: at(down, 0.99),
    finalMsMax: at(chorus.latencies, 1),
    withinOneS: chorus.latencies.filter(({ ms }) => ms <= 1_000).length,
  };
}

function endOf(told: Told): string {
  if ('result' in told) return told.result.outcome;
  return told.error.code === 'WAGGLE_CLIENT_UNDECIDED' ? 'undecided' : 'refused';
}

function sessionParams(session: string, voters: readonly Voter[]): object {
  return {
    space: SPACE,
    session,
    title: 'Failover',
    proposals: [{ id: PROPOSAL, title: 'Made-up proposal' }],
    rule: { method: 'score', threshold: null, revisable: false, complete: true, close: 'opener', auth: 'voter' },
    electorate: voters.map(({ id }) => ({ voter: id, role: 'general', weight: 1 })),
  };
}

interface Latency {
  readonly ms: number;
  readonly isOneDown: boolean;
}

/** Votes in volleys over some clients, each of which knows all nodes. */
class Chorus {
  readonly latencies: Latency[] = [];
  /** Asked when a vote is sent. */
  isOneDown: () => boolean = () => false;
  readonly #session: string;
  readonly #clients: readonly WaggleClient[];
  #waiting: (() => void)[] = [];
  #isOver = false;

  constructor({ file }: OpenTestnet, session: string) {
    this.#session = session;
    const urls = file.nodes.map(({ rpc }) => rpc);
    this.#clients = Array.from({ length: CLIENTS }, () => connect({ urls, chain: file.chain }));
  }

  /** Resolves just after votes were sent, and when there will be none any more. */
  nextVolley(): Promise<void> {
    return this.#isOver ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  async sing(voters: readonly Voter[], overMs: number): Promise<Told[]> {
    const startedMs = performance.now();
    const sent: Promise<Told>[] = [];
    for (let at = 0; at < voters.length; at += VOLLEY) {
      const waitMs = startedMs + (at * overMs) / voters.length - performance.now();
      if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
      sent.push(...voters.slice(at, at + VOLLEY).map((voter, place) => this.#vote(voter, at + place)));
      // What is woken here kills while these are on their way.
      setTimeout(() => this.#wake(), place(at));
    }
    this.#isOver = true;
    this.#wake();
    return await Promise.all(sent);
  }

  close(): void {
    this.#isOver = true;
    this.#wake();
    for (const client of this.#clients) client.close();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  async #vote({ id, key }: Voter, at: number): Promise<Told> {
    const client = this.#clients[at % CLIENTS];
    if (client === undefined || key === undefined) throw new TypeError('a voter without a key');
    const entries = [{ proposal: PROPOSAL, choice: 1 + (at % 10), comment: `made-up comment ${at}` }];
    const [startedMs, isOneDown] = [performance.now(), this.isOneDown()];
    try {
      const vote = { space: SPACE, session: this.#session, voter: id, key, previous: null, entries };
      const result = await client.vote(vote);
      this.latencies.push({ ms: performance.now() - startedMs, isOneDown });
      return { voter: id, result };
    } catch (error) {
      if (error instanceof WaggleClientError) return { voter: id, error };
      throw error;
    }
  }
}

/** From 0 to 15 ms: requests on their way, at the node, sealed, and answered. */
function place(at: number): number {
  return ((at / VOLLEY) * 5) % 16;
}

/** Every node has executed the same height, twice in a row. */
async function untilLevel(members: readonly Member[]): Promise<void> {
  const deadlineMs = performance.now() + LEVEL_MS;
  for (let before = ''; performance.now() < deadlineMs; ) {
    const heights = await Promise.all(
      members.map(async ({ client }) => (await client.call<{ height: number }>('node_status')).height),
    );
    const now = new Set(heights).size === 1 ? String(heights[0]) : '';
    if (now !== '' && now === before) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
