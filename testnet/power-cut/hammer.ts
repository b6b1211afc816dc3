import { codeOf } from '../../protocol/errors.ts';
import { parseId } from '../../protocol/ids.ts';
import type { Member } from '../voting/members.ts';
import { registerModels } from '../voting/registry.ts';
import { freeSessionId, openSession } from '../voting/sessions.ts';

const SPACE = 'main';
const PROPOSAL = 'p1';
/** Each votes again when all others have: by then its vote before is final, so that none waits for another. */
const VOTERS = 240;
const EVERY_MS = 12;
const UNDER_WAY_MAX = 16;
/** What was accepted last before the power went is what could be lost with it. */
const KEPT_A_LIFE = 5;
const ASK_SIZE = 100;
const CALL_MS = 2_000;

interface Ballot {
  readonly ballot: string;
}

/**
 * Ballots of a node's own models, handed to its own door one after the other: each is sealed and synced before it is
 * accepted, so the node comes to its n-th sync many times sooner than by the work of the others alone. And each that was
 * accepted is a promise that no loss of power may break.
 */
export class Hammer {
  readonly #member: Member;
  readonly #voters: readonly string[];
  readonly #session: string;
  readonly #kept: string[] = [];
  #sent = 0;
  #accepted = 0;

  private constructor(member: Member, voters: readonly string[], session: string) {
    this.#member = member;
    this.#voters = voters;
    this.#session = session;
  }

  /** Register the voters with `member`, and open a session in which they may change their votes. */
  static async create(members: readonly Member[], member: Member): Promise<Hammer> {
    const wanted = Array.from({ length: VOTERS }, (_, at) => ({ id: parseId(`hammer-${at + 1}`), role: 'general' }));
    await registerModels([member], wanted, 'operator');
    const session = await freeSessionId(members, SPACE, 'hammer');
    await openSession(members, {
      space: SPACE,
      session,
      title: 'Hammer',
      proposals: [{ id: PROPOSAL, title: 'Made-up proposal' }],
      rule: { method: 'score', threshold: null, revisable: true, complete: true, close: 'opener' },
      electorate: wanted.map(({ id }) => ({ voter: id, role: 'general', weight: 1 })),
    });
    return new Hammer(
      member,
      wanted.map(({ id }) => id),
      session,
    );
  }

  /** Accepted so far, over all lives. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Strike from when the node is ready until it has ended. Resolves when the fate of all that was sent is known. */
  async strike(isReady: () => boolean, isOver: () => boolean): Promise<void> {
    const accepted: string[] = [];
    const underWay = new Set<Promise<void>>();
    while (!isOver()) {
      if (isReady() && underWay.size < UNDER_WAY_MAX) {
        const one: Promise<void> = this.#vote(accepted).finally(() => underWay.delete(one));
        underWay.add(one);
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    await Promise.all(underWay);
    this.#accepted += accepted.length;
    this.#kept.push(...accepted.slice(-KEPT_A_LIFE));
  }

  /** Of the ballots accepted last in each life, those that the ledger of `member` does not have. */
  async lost(member: Member): Promise<{ readonly asked: number; readonly lost: readonly string[] }> {
    const lost: string[] = [];
    for (let at = 0; at < this.#kept.length; at += ASK_SIZE) {
      const some = this.#kept.slice(at, at + ASK_SIZE);
      const answers = await member.client.batch(some.map((ballot) => ({ method: 'ballot_get', params: { ballot } })));
      lost.push(...some.filter((_, place) => codeOf(answers[place]) !== undefined));
    }
    return { asked: this.#kept.length, lost };
  }

  async #vote(accepted: string[]): Promise<void> {
    const at = this.#sent++;
    const voter = this.#voters[at % this.#voters.length];
    const choice = 1 + (Math.floor(at / this.#voters.length) % 10);
    const params = { space: SPACE, session: this.#session, voter, entries: [{ proposal: PROPOSAL, choice }] };
    const options = { timeoutMs: CALL_MS, attempts: 1 };
    try {
      const call = this.#member.client.call<Ballot>('ballot_submit', { ...params, await: 'accepted' }, options);
      accepted.push((await call).ballot);
    } catch (error) {
      // The node is going down, or has more to do than it can: it promised nothing.
      if (codeOf(error) === undefined) throw error;
    }
  }
}
