import { GOOD_LINKS, type LinkFaults } from './network.ts';
import { Random } from './random.ts';
import { VILLAIN_KINDS, type VillainKind } from './villains/cast.ts';

/** Everything one seed decides before the world starts. Times are virtual milliseconds. */
export interface Plan {
  readonly seed: number;
  readonly n: number;
  readonly shards: number;
  readonly viewTimerMs: number;
  readonly blockIntervalMs: number;
  readonly links: LinkFaults;
  /** Mean time between crashes over all nodes, 0 for none, and how long a node stays down at most. */
  readonly crashEveryMs: number;
  readonly downMs: number;
  /** Chance that a crash takes every node at once. */
  readonly blackout: number;
  readonly splitEveryMs: number;
  readonly splitMs: number;
  readonly syncMs: number;
  /** Chance that a sync takes much longer, and how long at most: `synced` comes late. */
  readonly stall: number;
  readonly stallMs: number;
  /** Chance that the ledger is synced after a write, and that the journal is compacted then. */
  readonly ledgerSync: number;
  readonly compact: number;
  /** Largest distance of a node's wall clock from the true time. */
  readonly skewMs: number;
  /** Inputs a node takes before it syncs once for all of them. */
  readonly inputsPerSync: number;
  /** Whether messages travel as bytes. */
  readonly encoded: boolean;
  readonly realKeys: boolean;
  /** How long anything may go wrong. */
  readonly chaosMs: number;
  readonly villains: ReadonlyMap<number, VillainKind>;
  readonly ballotsPerVoter: number;
  readonly votersPerNode: number;
  /** Mean time between steps of some node's wall clock, 0 for none, and how far one goes at most. */
  readonly clockStepEveryMs: number;
  readonly clockStepMs: number;
  /** How much faster or slower wall clocks run at most: parts of a thousand. */
  readonly driftPermille: number;
  /** Inputs that may wait at a node; what comes on top is lost, as when the driver's queue is full. */
  readonly inboxMax: number;
  /** When one honest node loses its disk, and which one; it counts as one of the f. */
  readonly wipe: { readonly atMs: number; readonly node: number } | undefined;
  /** Whether honest nodes tune their batches. */
  readonly agent: boolean;
  /** Blocks between two snapshots; none where it is absent. */
  readonly snapshotIntervalBlocks?: number;
  /** Nodes without a seat at first, which may get one. */
  readonly spares: number;
  /** What the admins ask for, and when they begin to. */
  readonly changes: readonly { readonly atMs: number; readonly kind: ChangeKind }[];
}

export const CHANGE_KINDS = ['add', 'remove', 'replace', 'rotate', 'reshard'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/**
 * What the drawing of plans knows. A seed is a world only together with it, so seeds that once failed keep theirs:
 * era 1 had seven villains, 4 or 7 nodes, and clocks that stood apart but ran alike; era 2 had fourteen villains and
 * disks that were all about as fast; in era 3 the network stayed as it was.
 */
export type Era = 1 | 2 | 3 | 4;
const NOW: Era = 4;

/** A seed as it is written in commands and files: `46`, or `46@1` for one of an earlier era. */
export interface SeedName {
  readonly seed: number;
  readonly era: Era;
}

export function parseSeed(text: string): SeedName | undefined {
  const found = /^(\d{1,15})(?:@([123]))?$/.exec(text);
  const era = ([1, 2, 3] as const).find((one) => String(one) === found?.[2]) ?? NOW;
  return found === null ? undefined : { seed: Number(found[1]), era };
}

export function nameSeed({ seed, era }: SeedName): string {
  return era === NOW ? String(seed) : `${seed}@${era}`;
}

/** Seeds of the regression file: the first word of each line that is no comment. */
export function regressionSeeds(text: string): SeedName[] {
  return text.split('\n').flatMap((line) => parseSeed(line.split(' ')[0] ?? '') ?? []);
}

export interface PlanOptions {
  readonly realKeys?: boolean;
  /** For planted bugs that only restarts show; otherwise drawn. */
  readonly weather?: Weather;
  /** The cast instead of a drawn one. */
  readonly villains?: readonly VillainKind[];
  readonly n?: number;
  readonly shards?: number;
  /** How long anything goes wrong; default: drawn. */
  readonly chaosMs?: number;
  /** Not drawn, so that the seeds of worlds without it stay the same worlds. */
  readonly snapshotIntervalBlocks?: number;
  /** Default: drawn for a share of the seeds. */
  readonly agent?: boolean;
  /** Default: drawn in era 4. */
  readonly changes?: Plan['changes'];
  readonly spares?: number;
  /** Default: the last one. */
  readonly era?: Era;
}

const VILLAINS_OF_ERA = {
  1: VILLAIN_KINDS.slice(0, 7),
  2: VILLAIN_KINDS.slice(0, 14),
  3: VILLAIN_KINDS,
  4: VILLAIN_KINDS,
} as const;
const UNBOUNDED = Number.MAX_SAFE_INTEGER;

export function drawPlan(seed: number, options: PlanOptions = {}): Plan {
  const random = new Random(seed);
  const era = options.era ?? NOW;
  const n = options.n ?? (era === 1 ? (random.chance(0.75) ? 4 : 7) : random.pick([4, 4, 4, 4, 4, 5, 6, 7, 7, 10]));
  const calm = random.chance(0.15);
  const crashes = !calm && random.chance(0.6);
  const splits = !calm && random.chance(0.5);
  const plan: Plan = {
    seed,
    n,
    shards: options.shards ?? random.between(1, 4),
    viewTimerMs: random.pick([50, 80, 100]),
    blockIntervalMs: 25,
    links: calm ? GOOD_LINKS : drawLinks(random),
    crashEveryMs: crashes ? random.between(400, 3_000) : 0,
    downMs: random.pick([50, 500, 3_000]),
    blackout: random.chance(0.3) ? 0.3 : 0,
    splitEveryMs: splits ? random.between(1_000, 4_000) : 0,
    splitMs: random.pick([300, 1_500, 4_000]),
    syncMs: random.pick([0, 2, 10]),
    ledgerSync: random.pick([0.05, 0.3, 1]),
    compact: random.pick([0, 0, 0.3]),
    skewMs: random.pick([0, 50, 200]),
    inputsPerSync: random.pick([1, 16]),
    encoded: random.chance(0.25),
    realKeys: options.realKeys ?? false,
    chaosMs: options.chaosMs ?? random.between(4_000, 9_000),
    villains: drawVillains(random, n, VILLAINS_OF_ERA[era], options.villains),
    ballotsPerVoter: random.between(1, 3),
    votersPerNode: random.between(2, n === 4 ? 5 : n > 7 ? 2 : 3),
    ...(options.snapshotIntervalBlocks === undefined ? {} : { snapshotIntervalBlocks: options.snapshotIntervalBlocks }),
    ...ERA_1,
    agent: options.agent ?? (era >= 3 && drawAgent(seed)),
    ...drawChanges(seed, era, options),
    ...(era === 1 ? {} : drawClocksAndQueues(random)),
    ...(era < 3 ? {} : drawDisks(random)),
  };
  const worn = era === 1 ? plan : { ...plan, wipe: drawWipe(random, plan) };
  const weather = options.weather ?? (era === 1 ? undefined : drawWeather(random));
  return weather === undefined ? worn : { ...worn, ...WEATHERS[weather] };
}

/** A world of `n` in which nothing goes wrong but what a script does to it. */
export function calmPlan(seed: number, changes: Partial<Plan> = {}): Plan {
  const calm = { links: GOOD_LINKS, crashEveryMs: 0, splitEveryMs: 0, skewMs: 0, encoded: false, compact: 0 };
  const none = { n: 4, shards: 1, villains: [], agent: false, changes: [], spares: 0 } as const;
  return { ...drawPlan(seed, none), ...calm, ...ERA_1, ...changes };
}

/** At most f are faulty, villains and wiped ones together. */
function drawWipe(random: Random, { n, villains, chaosMs }: Plan): Plan['wipe'] {
  const [atMs, draw] = [random.between(500, chaosMs), random.below(n)];
  if (!random.chance(0.2) || villains.size >= Math.floor((n - 1) / 3)) return undefined;
  const honest = Array.from({ length: n }, (_, index) => index).filter((index) => !villains.has(index));
  return { atMs, node: honest[draw % honest.length] ?? 0 };
}

/** Some worlds have nothing but one trouble, and much of it. */
function drawWeather(random: Random): Weather | undefined {
  const draw = random.below(20);
  return draw === 0 ? 'crashy' : draw === 1 ? 'dark' : undefined;
}

const CHANGES_SALT = 0xc4a6;
const CHANGES_MAX = 4;
const SPARES_MAX = 3;

/** From a stream of its own, so that all else of a seed stays as it was before networks changed. */
function drawChanges(seed: number, era: Era, options: PlanOptions): Pick<Plan, 'spares' | 'changes'> {
  const random = new Random(seed ^ CHANGES_SALT);
  const count = era < 4 ? 0 : random.between(1, CHANGES_MAX);
  const drawn = Array.from({ length: count }, () => ({
    atMs: random.between(200, 5_000),
    kind: random.pick(CHANGE_KINDS),
  }));
  const spares = era < 4 ? 0 : random.between(1, SPARES_MAX);
  return { spares: options.spares ?? spares, changes: options.changes ?? drawn };
}

const AGENT_SALT = 0xa9e4;

/** From a stream of its own, so that all else of a seed stays; by this salt also what the regression seeds of era 3 are. */
function drawAgent(seed: number): boolean {
  return new Random(seed ^ AGENT_SALT).chance(0.25);
}

const ERA_1 = {
  ...{ clockStepEveryMs: 0, clockStepMs: 0, driftPermille: 0, inboxMax: UNBOUNDED, wipe: undefined },
  ...{ stall: 0, stallMs: 0 },
} as const;

function drawDisks(random: Random) {
  return { stall: random.pick([0, 0, 0.01, 0.1]), stallMs: random.pick([100, 700, 4_000]) };
}

function drawClocksAndQueues(random: Random) {
  return {
    clockStepEveryMs: random.pick([0, 0, 1_500]),
    clockStepMs: random.pick([100, 1_000, 20_000]),
    driftPermille: random.pick([0, 0, 20]),
    inboxMax: random.pick([UNBOUNDED, UNBOUNDED, 64, 16]),
  };
}

const WEATHERS = {
  /** Power fails all the time, here and there, comes back at once, and disks are slow. */
  crashy: { crashEveryMs: 120, downMs: 40, blackout: 0, splitEveryMs: 0, syncMs: 10 },
  /** The same, everywhere at once. */
  dark: { crashEveryMs: 150, downMs: 20, blackout: 1, splitEveryMs: 0, syncMs: 10 },
} as const;
export type Weather = keyof typeof WEATHERS;

function drawLinks(random: Random): LinkFaults {
  const low = random.pick([0, 1, 5]);
  return {
    delayMs: [low, low + random.pick([1, 5, 30])],
    straggle: random.pick([0, 0.05, 0.3]),
    straggleMs: random.pick([50, 200, 800]),
    loss: random.pick([0, 0.02, 0.1, 0.25]),
    duplicate: random.pick([0, 0.1, 0.4]),
  };
}

/** At most f of them, at drawn places. */
function drawVillains(
  random: Random,
  n: number,
  known: readonly VillainKind[],
  wanted: readonly VillainKind[] | undefined,
): Map<number, VillainKind> {
  const f = Math.floor((n - 1) / 3);
  const count = random.chance(0.35) ? 0 : random.between(1, f);
  const kinds = wanted ?? Array.from({ length: count }, () => random.pick(known));
  const places = random.shuffle(Array.from({ length: n }, (_, index) => index));
  return new Map(kinds.map((kind, at) => [places[at] ?? 0, kind]));
}
