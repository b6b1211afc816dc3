import { createPeople, type People } from '../../../consensus/sim/electorate.ts';
import { type Signatures, tableSignatures } from '../../../consensus/sim/keys.ts';
import { WORLD_STARTS_MS } from '../../../consensus/sim/node.ts';
import { calmPlan } from '../../../consensus/sim/plan.ts';
import { Random } from '../../../consensus/sim/random.ts';
import type { Delivery } from '../../../consensus/types.ts';
import { castBallot, openSession, SESSION_KEY } from '../compare/ballots.ts';
import { WORK, type Work } from './core.ts';
import type { Costs } from './costs.ts';
import { Diary } from './diary.ts';
import { Timeline } from './timeline.ts';
import { UsualTimes } from './usual-times.ts';
import { type Surroundings, Validator } from './validator.ts';

/** One run. */
export interface Scene {
  readonly n: number;
  readonly seed: number;
  readonly costs: Costs;
  /** One way, on every link. */
  readonly delayMs: number;
  /** Of all validators together, at times of their own. */
  readonly ballotsPerS: number;
  /** How long figures are taken. */
  readonly durationMs: number;
}

export interface Outcome {
  readonly diary: Diary;
  readonly blocks: number;
  readonly views: number;
  /** Of all validators together. */
  readonly messages: number;
  readonly verifications: number;
  readonly syncs: number;
  readonly fetches: number;
  /** Of a core, mean of all, and in all of the one that was busiest. */
  readonly shares: Readonly<Record<Work, number>>;
  readonly busiestShare: number;
}

interface Totals {
  readonly messages: number;
  readonly verifications: number;
  readonly syncs: number;
  readonly fetches: number;
  /** Final at the first validator. */
  readonly blocks: number;
  readonly views: number;
  /** By validator, then by kind of work. */
  readonly spentUs: readonly (readonly number[])[];
}

/** As networks are created (testnet/network/create.ts). */
const PACE = { shards: 4, viewTimerMs: 100, blockIntervalMs: 25 };
const BOOT_MS = 200;
const OPEN_MS = 1_000;
/** Load before the first figure. */
const WARM_MS = 1_000;
const REST_MS = 1_000;
/** Delays that pass until something submitted is final everywhere, with a turn of a leader missed. */
const DELAYS = 20;
const CLOCKS_MS = 1_000;

/** Validators on links without loss, in virtual time; the same scene with costs that are fixed has the same outcome. */
export class World implements Surroundings {
  readonly timeline = new Timeline();
  readonly people: People;
  readonly signatures: Signatures = tableSignatures();
  readonly costs: Costs;
  readonly usual: UsualTimes;
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #validators: readonly Validator[];
  readonly #diary = new Diary();
  #messages = 0;
  #failure: unknown;

  /** `usual` may know times from worlds before. */
  constructor(scene: Scene, usual = new UsualTimes()) {
    const { n, seed, ballotsPerS, durationMs, costs } = scene;
    this.#scene = scene;
    this.costs = costs;
    this.usual = usual;
    this.#random = new Random(seed);
    const votersPerNode = Math.ceil((ballotsPerS * (WARM_MS + durationMs)) / 1_000 / n);
    const plan = calmPlan(seed, { n, votersPerNode, ...PACE });
    this.people = createPeople(plan, this.signatures, this.#random.fork());
    const seats = Array.from({ length: n }, (_, seat) => seat);
    this.#validators = seats.map((seat) => new Validator(seat, this.#random.below(1_000 * CLOCKS_MS) / 1_000, this));
  }

  /** @throws what a validator failed with, and Error when one did not count all ballots */
  async run(): Promise<Outcome> {
    const { delayMs, durationMs } = this.#scene;
    const started = Promise.all(this.#validators.map((validator) => validator.start()));
    await this.#passMs(BOOT_MS);
    await started;
    this.#validators[0]?.submit(openSession(this.people, WORLD_STARTS_MS + this.timeline.nowMs));
    await this.#passMs(OPEN_MS + DELAYS * delayMs);
    this.#scheduleLoad();
    await this.#passMs(WARM_MS);
    const before = this.#totals();
    this.#diary.open(this.timeline.nowMs, this.timeline.nowMs + durationMs);
    await this.#passMs(durationMs);
    const after = this.#totals();
    await this.#passMs(REST_MS + DELAYS * delayMs);
    this.#checkCounted();
    return this.#outcome(before, after);
  }

  async #passMs(spanMs: number): Promise<void> {
    await this.timeline.runUntil(this.timeline.nowMs + spanMs);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Voters in turn, one after the other operator, at drawn times about a steady pace. */
  #scheduleLoad(): void {
    const { n, ballotsPerS } = this.#scene;
    const { voters } = this.people;
    const perNode = voters.length / n;
    const startMs = this.timeline.nowMs;
    for (let at = 0; at < voters.length; at++) {
      const voter = voters[(at % n) * perNode + Math.floor(at / n)];
      const atMs = startMs + ((at + this.#random.below(1_000) / 1_000) * 1_000) / ballotsPerS;
      if (voter === undefined) continue;
      this.timeline.at(atMs, () => {
        const input = castBallot(this.people, voter, 1 + (at % 10), WORLD_STARTS_MS + Math.floor(atMs));
        this.#diary.submitted(input.id, atMs);
        this.#validators[voter.operator]?.submit(input);
      });
    }
  }

  #checkCounted(): void {
    const wanted = this.people.voters.length;
    for (const { seat, replica } of this.#validators) {
      const counted = replica.state.progress.get(SESSION_KEY)?.ballots;
      if (counted !== wanted) throw new Error(`validator ${seat} of ${this.#scene.n} counted ${counted} of ${wanted}`);
    }
  }

  carry(to: number, atMs: number, arrive: (peer: Validator) => void): void {
    this.#messages += 1;
    const peer = this.#validators[to];
    if (peer !== undefined) this.timeline.at(atMs + this.#scene.delayMs, () => arrive(peer));
  }

  proposed(view: number, atMs: number): void {
    this.#diary.proposed(view, atMs);
  }

  delivered(validator: Validator, delivery: Delivery): void {
    this.#diary.delivered(validator.seat, delivery, validator.core.freeAtMs);
  }

  failed(error: unknown): void {
    this.#failure = error;
  }

  #totals(): Totals {
    const counts = this.#validators.map((validator) => validator.counts());
    const sum = (key: keyof (typeof counts)[number]): number => counts.reduce((all, one) => all + one[key], 0);
    const { finalHeight = 0, finalView = 0 } = this.#validators[0]?.replica ?? {};
    return {
      ...{ messages: this.#messages, verifications: sum('verified'), syncs: sum('syncs'), fetches: sum('fetches') },
      ...{ blocks: finalHeight, views: finalView },
      spentUs: this.#validators.map(({ core }) => WORK.map((work) => core.spentUs(work))),
    };
  }

  #outcome(before: Totals, after: Totals): Outcome {
    const { n, durationMs } = this.#scene;
    const grown = (key: Exclude<keyof Totals, 'spentUs'>): number => after[key] - before[key];
    const share = (spentUs: number): number => spentUs / 1_000 / durationMs;
    const spentUs = after.spentUs.map((row, seat) => row.map((us, at) => us - (before.spentUs[seat]?.[at] ?? 0)));
    const shareOf = (at: number): number => share(spentUs.reduce((all, row) => all + (row[at] ?? 0), 0)) / n;
    return {
      diary: this.#diary,
      ...{ blocks: grown('blocks'), views: grown('views'), messages: grown('messages') },
      ...{ verifications: grown('verifications'), syncs: grown('syncs'), fetches: grown('fetches') },
      shares: Object.fromEntries(WORK.map((work, at) => [work, shareOf(at)])) as Record<Work, number>,
      busiestShare: Math.max(...spentUs.map((row) => share(row.reduce((all, us) => all + us, 0)))),
    };
  }
}
