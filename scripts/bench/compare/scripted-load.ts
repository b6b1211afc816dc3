import type { Voter } from '../../../consensus/sim/electorate.ts';
import { WORLD_STARTS_MS } from '../../../consensus/sim/node.ts';
import { calmPlan, type Plan } from '../../../consensus/sim/plan.ts';
import { castBallot, openSession, SESSION_KEY } from './ballots.ts';
import { CountedWorld, type Counts } from './counted-world.ts';

/** One load in virtual time: how many ballots there are, and how many come in a millisecond. */
interface Load {
  readonly votersPerNode: number;
  readonly ballotsPerMs: number;
}

/** As many as two cores carry, and single calls far apart: what is shared by many, and what each costs alone. */
export const LOADS = {
  busy: { votersPerNode: 250, ballotsPerMs: 10 },
  sparse: { votersPerNode: 25, ballotsPerMs: 0.2 },
} as const satisfies Record<string, Load>;

export type LoadName = keyof typeof LOADS;

const NODES = 4;
const SEED = 5;
const BOOT_MS = 500;
const OPEN_MS = 1_000;
/** After the last ballot, so that whatever it leaves to do is in the figures. */
const REST_MS = 1_000;
const DIGITS = 5;

/** A run up to where the ballots come, so that only they are counted. */
export class ScriptedLoad {
  readonly world: CountedWorld;
  readonly #load: Load;

  constructor(name: LoadName, changes: Partial<Plan> = {}) {
    this.#load = LOADS[name];
    const { votersPerNode } = this.#load;
    const pace = { viewTimerMs: 100, blockIntervalMs: 25 };
    this.world = new CountedWorld(calmPlan(SEED, { n: NODES, shards: 4, votersPerNode, ...pace, ...changes }));
    this.#open();
  }

  get ballots(): number {
    return this.world.people.voters.length;
  }

  #open(): void {
    const { world } = this;
    for (const node of world.nodes) node.boot();
    world.runUntil(BOOT_MS);
    world.nodes[0]?.give(openSession(world.people, WORLD_STARTS_MS + world.nowMs));
    world.runUntil(BOOT_MS + OPEN_MS);
  }

  /** Every voter votes once, at its operator. @throws Error when a node did not count all ballots */
  vote(): void {
    const { world } = this;
    const { voters } = world.people;
    for (const [at, voter] of voters.entries()) {
      world.after(Math.floor(at / this.#load.ballotsPerMs), () => this.#submit(voter, 1 + (at % 10)));
    }
    world.runUntil(world.nowMs + Math.ceil(voters.length / this.#load.ballotsPerMs) + REST_MS);
    for (const { index, replica } of world.nodes) {
      const counted = replica?.state.progress.get(SESSION_KEY)?.ballots;
      if (counted !== voters.length) throw new Error(`node ${index} counted ${counted} of ${voters.length}`);
    }
  }

  #submit(voter: Voter, weight: number): void {
    const { world } = this;
    world.nodes[voter.operator]?.give(castBallot(world.people, voter, weight, WORLD_STARTS_MS + world.nowMs));
  }
}

/** What one ballot cost all nodes together. */
export function countsPerBallot(name: LoadName, changes: Partial<Plan> = {}): Counts {
  const load = new ScriptedLoad(name, changes);
  const before = load.world.counts();
  load.vote();
  const after = load.world.counts();
  const perBallot = (key: keyof Counts): number =>
    Number(((after[key] - before[key]) / load.ballots).toPrecision(DIGITS));
  return {
    messages: perBallot('messages'),
    sentBytes: perBallot('sentBytes'),
    fsyncs: perBallot('fsyncs'),
    journalRecords: perBallot('journalRecords'),
    journalBytes: perBallot('journalBytes'),
    signatures: perBallot('signatures'),
    verifications: perBallot('verifications'),
    segments: perBallot('segments'),
    blocks: perBallot('blocks'),
  };
}
