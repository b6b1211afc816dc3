import { decodeItems, type Item } from '../../../protocol/chain/segment.ts';
import { sha256 } from '../../../protocol/crypto/sha256.ts';
import type { Verify } from '../../../protocol/crypto/verify.ts';
import { type Ballot, decodeSignedBallot, type SignedBallot } from '../../../protocol/governance/ballot.ts';
import type { GovernanceState } from '../../../protocol/governance/state.ts';
import type { Elector, ModelRecord, SessionRule } from '../../../protocol/governance/types.ts';
import { toHex } from '../../../protocol/hex.ts';
import type { ExecutedBlock } from '../../types.ts';
import { type EpochBook, type EpochPage, nameOfNode } from '../epoch-book.ts';
import type { Verdict } from './verdict.ts';

/** What is known of an operation by its id: who made it told the checker, so that nothing is decoded twice alike. */
export type KnownOperation =
  | { readonly kind: 'open'; readonly session: SessionPlan }
  | { readonly kind: 'close'; readonly session: string };

export interface SessionPlan {
  readonly name: string;
  readonly rule: SessionRule;
  readonly electorate: readonly Elector[];
  readonly proposals: readonly string[];
  readonly closesAtMs: number | undefined;
}

interface Head {
  readonly id: string;
  readonly ballot: Ballot;
}

interface Session {
  readonly plan: SessionPlan;
  readonly heads: Map<string, Head>;
  open: boolean;
  closing: boolean;
}

export interface RecountSetup {
  readonly book: EpochBook;
  readonly space: string;
  readonly models: readonly ModelRecord[];
  readonly verify: Verify;
}

/** Tallies of a shard that is no more are still part of a sum. */
const SHARDS_MOST = 64;

const ENCODER = new TextEncoder();

/**
 * The rules of execution written a second time, as plainly as they can be: heads are kept, nothing is summed until the
 * end, and each item's outcome is worked out again (protocol.md, Execution).
 */
export class Recount {
  readonly #setup: RecountSetup;
  readonly #verdict: Verdict;
  readonly #operations: ReadonlyMap<string, KnownOperation>;
  readonly #models: ReadonlyMap<string, ModelRecord>;
  readonly #sessions = new Map<string, Session>();
  readonly #tips = new Map<string, number>();
  /** Of the block at hand. */
  #page: EpochPage;

  constructor(verdict: Verdict, setup: RecountSetup, operations: ReadonlyMap<string, KnownOperation>) {
    this.#verdict = verdict;
    this.#setup = setup;
    this.#operations = operations;
    this.#models = new Map(setup.models.map((model) => [model.id, model]));
    this.#page = setup.book.latest;
  }

  /** The next height, once. */
  executed(executed: ExecutedBlock): void {
    const { timeMs, height, epoch } = executed.block.block;
    if (this.#page.epoch !== epoch) this.#tips.clear();
    this.#page = this.#setup.book.find(epoch) ?? this.#page;
    for (const session of this.#sessions.values()) {
      const { closesAtMs } = session.plan;
      if (closesAtMs !== undefined && closesAtMs <= timeMs) session.open = false;
    }
    this.#order(executed);
    for (const { segment, items } of executed.segments) {
      const { shard, author, count } = segment.header;
      decodeItems(segment.body, count).forEach((item, at) => {
        const told = items[at];
        const expected = this.#outcome(item, toHex(told?.id ?? new Uint8Array()), { shard, author, timeMs });
        if (expected === undefined || expected === told?.outcome) return;
        const place = `height ${height} shard ${shard} author ${author} item ${at}`;
        this.#verdict.report('outcomes', `${place}: ${told?.outcome}, recounted ${expected}`);
      });
    }
    for (const session of this.#sessions.values()) if (session.closing || hasAllVoted(session)) session.open = false;
  }

  /** X-02 and S10: each chain goes on where it ended, shards ascending, authors from height mod n, heights ascending. */
  #order({ block, segments }: ExecutedBlock): void {
    const { height, cut } = block.block;
    const { shards, seats } = this.#page;
    const n = seats.length;
    const wanted: string[] = [];
    for (let shard = 0; shard <= shards; shard++) {
      for (let turn = 0; turn < n; turn++) {
        const author = (height + turn) % n;
        const entry = cut.find((one) => one.shard === shard && one.author === author);
        if (entry === undefined) continue;
        const tip = this.#tips.get(`${shard}/${author}`) ?? 0;
        for (let at = tip + 1; at <= entry.height; at++) wanted.push(`${shard}/${author}/${at}`);
        this.#tips.set(`${shard}/${author}`, entry.height);
      }
    }
    const got = segments.map(({ segment: { header } }) => `${header.shard}/${header.author}/${header.height}`);
    if (got.join() !== wanted.join()) this.#verdict.report('X-02 order', `height ${height}: ${got} for ${wanted}`);
  }

  /** Undefined where this recount has no opinion: operations it was not told of, such as `session.due`. */
  #outcome(item: Item, id: string, place: Place): string | undefined {
    if (item.kind === 2) return this.#operation(id, place);
    let signed: SignedBallot;
    try {
      if (item.kind !== 1) return 'malformed';
      signed = decodeSignedBallot(item.bytes);
    } catch {
      return 'malformed';
    }
    const outcome = this.#ballot(signed, place);
    const { session, voter } = signed.ballot;
    if (outcome === 'counted') {
      this.#sessions.get(session)?.heads.set(voter, { id: toHex(signed.id), ballot: signed.ballot });
    }
    return outcome;
  }

  #operation(id: string, { shard, timeMs }: Place): string | undefined {
    const known = this.#operations.get(id);
    if (known === undefined) return undefined;
    if (shard !== 0) return 'wrong-shard';
    if (known.kind === 'open' && !this.#sessions.has(known.session.name)) {
      const { session: plan } = known;
      if (plan.closesAtMs !== undefined && plan.closesAtMs <= timeMs) return undefined;
      this.#sessions.set(plan.name, { plan, heads: new Map(), open: true, closing: false });
      return 'applied';
    }
    if (known.kind === 'close') {
      const session = this.#sessions.get(known.session);
      if (session?.open === true && !session.closing) {
        session.closing = true;
        return 'applied';
      }
    }
    return undefined;
  }

  #ballot(signed: SignedBallot, { shard, author, timeMs }: Place): string {
    const { ballot } = signed;
    if (shard !== this.#shardOf(ballot.voter)) return 'wrong-shard';
    if (timeMs > ballot.notAfterMs) return 'expired';
    const session = ballot.space === this.#setup.space ? this.#sessions.get(ballot.session) : undefined;
    if (session === undefined) return 'unknown-session';
    if (!session.open) return 'closed';
    const head = session.heads.get(ballot.voter);
    if (head?.id === toHex(signed.id)) return 'duplicate';
    if (!this.#isAuthentic(signed, author, session.plan.rule)) return 'bad-signature';
    if (!session.plan.electorate.some(({ voter }) => voter === ballot.voter)) return 'not-eligible';
    return judgeHead(session, head, ballot) ?? judgeEntries(session.plan, ballot) ?? 'counted';
  }

  #shardOf(voter: string): number {
    const digest = sha256(ENCODER.encode(`${this.#setup.space}\0${voter}`));
    const slot = ((digest[0] ?? 0) * 256 + (digest[1] ?? 0)) % 1024;
    return this.#page.slots?.[slot] ?? 1 + (slot % this.#page.shards);
  }

  #isAuthentic({ ballot, id, signature }: SignedBallot, author: number, rule: SessionRule): boolean {
    const model = this.#models.get(ballot.voter);
    if (model === undefined) return false;
    if (signature !== undefined) return model.key !== undefined && this.#setup.verify(model.key, id, signature);
    return (
      model.auth === 'operator' &&
      rule.auth !== 'voter' &&
      nameOfNode(this.#page.seats[author] ?? -1) === model.operator
    );
  }

  /** A node's sums and results against the heads, added up anew. */
  compare(node: number, state: GovernanceState): void {
    for (const { plan, heads, open } of this.#sessions.values()) {
      const row = state.sessions.get(`${this.#setup.space}/${plan.name}`);
      if ((row?.status === 'active') !== open) {
        this.#verdict.report('session status', `node ${node} session ${plan.name} is ${row?.status}`);
      }
      for (const proposal of plan.proposals) {
        const wanted = sumUp(plan, heads, proposal);
        const told = this.#toldSum(state, plan.name, proposal);
        if (told !== wanted) {
          this.#verdict.report('tally', `node ${node} ${plan.name}/${proposal}: ${told}, recounted ${wanted}`);
        }
        const results = state.results.get(`${this.#setup.space}/${plan.name}`);
        const result = results?.proposals.find((one) => one.proposal === proposal);
        if (result !== undefined && textOf(result) !== wanted) {
          this.#verdict.report('result', `node ${node} ${plan.name}/${proposal}: ${textOf(result)} for ${wanted}`);
        }
        if (!open && result === undefined) this.#verdict.report('result', `node ${node} has none of ${plan.name}`);
      }
    }
  }

  #toldSum(state: GovernanceState, session: string, proposal: string): string {
    const sum = { n: 0, total: 0, approve: 0, reject: 0, abstain: 0 };
    for (let shard = 1; shard <= SHARDS_MOST; shard++) {
      const row = state.tallies.get(`${this.#setup.space}/${session}/${proposal}/${shard}`);
      for (const key of Object.keys(sum) as (keyof Sum)[]) sum[key] += row?.[key] ?? 0;
    }
    return textOf(sum);
  }
}

interface Place {
  readonly shard: number;
  readonly author: number;
  readonly timeMs: number;
}

interface Sum {
  n: number;
  total: number;
  approve: number;
  reject: number;
  abstain: number;
}

function textOf({ n, total, approve, reject, abstain }: Sum): string {
  return `${n} ${total} ${approve}/${reject}/${abstain}`;
}

function hasAllVoted({ plan, heads }: Session): boolean {
  if (plan.rule.close !== 'all-voted' || heads.size < plan.electorate.length) return false;
  return [...heads.values()].every(({ ballot }) => ballot.entries.length === plan.proposals.length);
}

function judgeHead({ plan }: Session, head: Head | undefined, ballot: Ballot): string | undefined {
  if (head !== undefined && !plan.rule.revisable) {
    const equal = JSON.stringify(head.ballot.entries) === JSON.stringify(ballot.entries);
    return equal ? 'duplicate' : 'already-voted';
  }
  const previous = ballot.previous === undefined ? undefined : toHex(ballot.previous);
  return previous === head?.id ? undefined : 'conflict';
}

function judgeEntries({ rule, proposals }: SessionPlan, { entries }: Ballot): string | undefined {
  if (entries.some(({ proposal }) => !proposals.includes(proposal))) return 'unknown-proposal';
  if (rule.complete && entries.length !== proposals.length) return 'incomplete';
  for (const { choice, veto } of entries) {
    if (choice.method !== rule.method || veto !== undefined) return 'invalid-choice';
    if (choice.method === 'score' && !(choice.weight >= 1 && choice.weight <= 10)) return 'invalid-choice';
  }
  return undefined;
}

function sumUp(plan: SessionPlan, heads: ReadonlyMap<string, Head>, proposal: string): string {
  const sum = { n: 0, total: 0, approve: 0, reject: 0, abstain: 0 };
  for (const { voter, weight } of plan.electorate) {
    const entry = heads.get(voter)?.ballot.entries.find((one) => one.proposal === proposal);
    if (entry === undefined) continue;
    const { choice } = entry;
    if (choice.method === 'score') {
      sum.n += weight;
      sum.total += weight * choice.weight;
      continue;
    }
    sum[choice.stance] += weight;
    if (choice.stance === 'abstain') continue;
    sum.n += weight;
    if (choice.stance === 'approve') sum.total += weight;
  }
  return textOf(sum);
}
