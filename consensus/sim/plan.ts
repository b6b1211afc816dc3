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
}

export interface PlanOptions {
  readonly realKeys?: boolean;
  /** Makes crashes frequent, for planted bugs that only a restart shows. */
  readonly crashy?: boolean;
  /** The cast instead of a drawn one. */
  readonly villains?: readonly VillainKind[];
  readonly n?: number;
  readonly shards?: number;
}

export function drawPlan(seed: number, options: PlanOptions = {}): Plan {
  const random = new Random(seed);
  const n = options.n ?? (random.chance(0.75) ? 4 : 7);
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
    chaosMs: random.between(4_000, 9_000),
    villains: drawVillains(random, n, options.villains),
    ballotsPerVoter: random.between(1, 3),
    votersPerNode: random.between(2, n === 4 ? 5 : 3),
  };
  return options.crashy === true ? { ...plan, ...CRASHY } : plan;
}

/** Power fails all the time, comes back at once, and disks are slow. */
const CRASHY = { crashEveryMs: 120, downMs: 40, blackout: 0, splitEveryMs: 0, syncMs: 10 } as const;

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
function drawVillains(random: Random, n: number, wanted: readonly VillainKind[] | undefined): Map<number, VillainKind> {
  const f = Math.floor((n - 1) / 3);
  const count = random.chance(0.35) ? 0 : random.between(1, f);
  const kinds = wanted ?? Array.from({ length: count }, () => random.pick(VILLAIN_KINDS));
  const places = random.shuffle(Array.from({ length: n }, (_, index) => index));
  return new Map(kinds.map((kind, at) => [places[at] ?? 0, kind]));
}
