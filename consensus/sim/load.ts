import { ITEM_KINDS } from '../../protocol/chain/segment.ts';
import { type Ballot, encodeSignedBallot, type SignedBallot, signBallot } from '../../protocol/governance/ballot.ts';
import { placeOf } from '../../protocol/governance/epochs.ts';
import { encodeSignedOperation } from '../../protocol/governance/operation.ts';
import { headKey, sessionKey } from '../../protocol/governance/row-keys.ts';
import type { Entry } from '../../protocol/governance/types.ts';
import { toHex } from '../../protocol/hex.ts';
import { parseId } from '../../protocol/ids.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { idOf } from '../chains/leftovers.ts';
import type { ExecutedBlock } from '../types.ts';
import type { KnownOperation, SessionPlan } from './checkers/recount.ts';
import { type People, SPACE, type Voter } from './electorate.ts';
import type { SimNode } from './node.ts';
import { WORLD_STARTS_MS } from './node.ts';
import type { Plan } from './plan.ts';
import type { Random } from './random.ts';
import { closeOperation, drawSessions, openOperation } from './sessions.ts';

export interface LoadHost {
  readonly nowMs: number;
  readonly nodes: readonly SimNode[];
  readonly honest: readonly number[];
  /** Honest nodes that seal. */
  readonly authors: readonly number[];
  after(delayMs: number, run: () => void): void;
  submit(node: SimNode, shard: number, kind: number, bytes: Uint8Array, id: Uint8Array): void;
}

const AGAIN_MS = 700;

/** The clients: open sessions one after the other, vote at any time through any node, send again, and close. */
export class Load {
  readonly sessions: readonly SessionPlan[];
  /** Every operation that was made, for the recount. */
  readonly operations = new Map<string, KnownOperation>();
  /** Ballots sent when all was well again, which must be counted. */
  readonly lastBallots: string[] = [];
  /** The highest view of an honest node when each of them was sent, for those whose pace is judged (V1). */
  readonly lastViews = new Map<string, { readonly epoch: number; readonly view: number }>();
  readonly #host: LoadHost;
  readonly #plan: Plan;
  readonly #people: People;
  readonly #random: Random;
  #applied = 0;
  readonly #todo: KnownOperation[];
  #isLast = false;

  constructor(host: LoadHost, plan: Plan, people: People, random: Random) {
    this.#host = host;
    this.#plan = plan;
    this.#people = people;
    this.#random = random;
    this.sessions = drawSessions(plan, people, random);
    this.#todo = this.sessions.map((session) => ({ kind: 'open', session }));
  }

  start(): void {
    this.#host.after(100, () => this.#operate());
    for (const voter of this.#people.voters) {
      for (const session of this.sessions.slice(0, 2)) {
        for (let ballot = 0; ballot < this.#plan.ballotsPerVoter; ballot++) {
          this.#host.after(this.#random.between(50, this.#plan.chaosMs), () => this.#vote(voter, session));
        }
      }
    }
    for (let at = 0; at < 4; at++) this.#host.after(this.#random.below(this.#plan.chaosMs), () => this.#junk());
  }

  /** All is well: what is left is done now, through honest nodes. */
  lastCall(): void {
    this.#isLast = true;
    const [alpha, , last] = this.sessions;
    if (alpha === undefined || last === undefined) return;
    if (alpha.rule.close === 'opener') this.#todo.push({ kind: 'close', session: 'alpha' });
    for (const voter of this.#people.voters) {
      const at = this.#host.authors.includes(voter.operator) ? voter.operator : this.#random.pick(this.#host.authors);
      if (at !== voter.operator && voter.signer === undefined) continue;
      this.#host.after(this.#random.between(500, 1_500), () => this.#lastVote(voter, last, at));
      if (alpha.rule.close === 'all-voted') this.#host.after(500, () => this.#lastVote(voter, alpha, at));
    }
  }

  /** Everything that was asked for has happened. */
  get isDone(): boolean {
    return this.#isLast && this.#todo.length === 0;
  }

  /** The first execution of a block anywhere. */
  executed({ segments }: ExecutedBlock): void {
    for (const { items } of segments) {
      for (const { kind, id, outcome } of items) {
        const known = kind === 'operation' ? this.operations.get(toHex(id)) : undefined;
        const next = this.#todo[0];
        if (known === undefined || next === undefined || nameOf(known) !== nameOf(next)) continue;
        if (outcome === 'applied') this.#applied += 1;
        if (outcome === 'applied' || outcome === 'closed') this.#todo.shift();
      }
    }
  }

  /** Submits the next operation at some node until it is applied. */
  #operate(): void {
    this.#host.after(AGAIN_MS, () => this.#operate());
    const next = this.#todo[0];
    const node = this.#anyNode();
    if (next === undefined || node === undefined) return;
    const [seq, timeMs] = [this.#applied + 1, WORLD_STARTS_MS + this.#host.nowMs];
    const signed =
      next.kind === 'open'
        ? openOperation(this.#people, next.session, seq, timeMs)
        : closeOperation(this.#people, next.session, seq, timeMs);
    this.operations.set(toHex(signed.id), next);
    this.#host.submit(node, 0, ITEM_KINDS.operation, encodeSignedOperation(signed), signed.id);
  }

  #anyNode(): SimNode | undefined {
    const up = this.#host.nodes.filter(
      ({ isSeated, index }) => isSeated && (!this.#isLast || this.#host.authors.includes(index)),
    );
    return up.length === 0 ? undefined : this.#random.pick(up);
  }

  #vote(voter: Voter, session: SessionPlan): void {
    const withKey = voter.signer !== undefined && (voter.model.auth === 'voter' || this.#random.chance(0.5));
    const node = withKey ? this.#anyNode() : this.#host.nodes[voter.operator];
    if (node === undefined || !node.isSeated) return;
    const signed = this.#ballot(voter, session, node, withKey);
    this.#send(node, signed);
    if (!this.#random.chance(0.3)) return;
    this.#host.after(this.#random.between(1, 800), () => {
      const other = this.#anyNode();
      if (other !== undefined) this.#send(other, signed);
    });
  }

  #lastVote(voter: Voter, session: SessionPlan, at: number): void {
    const node = this.#host.nodes[at];
    const head = node?.replica?.state.heads.get(headKey(SPACE, session.name, voter.model.id));
    const isOpen = node?.replica?.state.sessions.get(sessionKey(SPACE, session.name))?.status === 'active';
    if (node === undefined || (head !== undefined && !session.rule.revisable)) return;
    if (!isOpen) {
      // The session was not opened yet, or its opening has not reached this node: try again.
      if (this.#todo.length > 0) this.#host.after(AGAIN_MS, () => this.#lastVote(voter, session, at));
      return;
    }
    const signed = this.#ballot(voter, session, node, voter.signer !== undefined);
    if (session.rule.revisable) {
      this.lastBallots.push(toHex(signed.id));
      const places = this.#host.honest.flatMap((index) => placeInTime(this.#host.nodes[index]));
      const epoch = Math.max(...places.map((one) => one.epoch));
      const view = Math.max(...places.flatMap((one) => (one.epoch === epoch ? [one.view] : [])));
      if (!this.#isTimeAhead()) this.lastViews.set(toHex(signed.id), { epoch, view });
    }
    this.#send(node, signed);
  }

  /** Clocks that a quorum had wrong made a final block of the future: until that time no leader's block is in time. */
  #isTimeAhead(): boolean {
    const rightMs = WORLD_STARTS_MS + this.#host.nowMs + LIMITS.blockTimeAheadMs;
    return this.#host.honest.some((index) => (this.#host.nodes[index]?.replica?.executed.timeMs ?? 0) > rightMs);
  }

  #ballot(voter: Voter, session: SessionPlan, node: SimNode, withKey: boolean): SignedBallot {
    const { id } = voter.model;
    const timeMs = WORLD_STARTS_MS + this.#host.nowMs;
    const head = node.replica?.state.heads.get(headKey(SPACE, session.name, id));
    const isSloppy = !this.#isLast && this.#random.chance(0.05);
    const ballot: Ballot = {
      chain: this.#people.chain,
      space: SPACE,
      session: parseId(session.name),
      voter: id,
      previous: isSloppy ? undefined : head?.ballot,
      notAfterMs: timeMs + (isSloppy ? 200 : 60_000),
      timeMs,
      entries: this.#entries(session),
    };
    return signBallot(ballot, withKey && voter.signer !== undefined ? voter.signer.sign : undefined);
  }

  #entries({ rule, proposals }: SessionPlan): readonly Entry[] {
    const isWrong = !this.#isLast && this.#random.chance(0.05);
    const answered = rule.complete && !isWrong ? proposals : proposals.filter(() => this.#random.chance(0.7));
    return (answered.length === 0 ? proposals.slice(0, 1) : answered).map((proposal) => ({
      proposal: parseId(proposal),
      choice:
        rule.method === 'score'
          ? { method: 'score', weight: isWrong ? 11 : this.#random.between(1, 10) }
          : { method: 'stance', stance: this.#random.pick(['approve', 'reject', 'abstain'] as const) },
    }));
  }

  #send(node: SimNode, signed: SignedBallot): void {
    const { state, config } = node.replica ?? {};
    const shard = state === undefined ? 1 : placeOf(state, SPACE, signed.ballot.voter);
    const shards = config?.shards ?? this.#plan.shards;
    const strays = !this.#isLast && this.#random.chance(0.03);
    const at = strays ? 1 + this.#random.below(shards) : shard;
    this.#host.submit(node, at, ITEM_KINDS.ballot, encodeSignedBallot(signed), signed.id);
  }

  #junk(): void {
    const node = this.#anyNode();
    const bytes = Uint8Array.from({ length: this.#random.between(1, 80) }, () => this.#random.below(256));
    if (node === undefined) return;
    const [shard, kind] = [this.#random.below(this.#plan.shards + 1), this.#random.below(4)];
    this.#host.submit(node, shard, kind, bytes, idOf({ kind, bytes }));
  }
}

function nameOf(operation: KnownOperation): string {
  return operation.kind === 'open' ? `open ${operation.session.name}` : `close ${operation.session}`;
}

function placeInTime(node: SimNode | undefined): { readonly epoch: number; readonly view: number }[] {
  const { replica } = node ?? {};
  return replica === undefined ? [] : [{ epoch: replica.config.roster.epoch, view: replica.view }];
}
