/** One way from a node to another. Every ordered pair of nodes has a link of its own, first in, first out. */
export interface Link {
  readonly delayMs: number;
  readonly bytesPerS: number;
}

/** The world a profile puts four validators into. Times are virtual. */
export interface Profile {
  readonly name: string;
  readonly about: string;
  readonly shards: number;
  readonly durationMs: number;
  /** The link from some time on, ascending; the first holds from the start. */
  readonly links: readonly { readonly fromMs: number; readonly link: Link }[];
  /** Share of a core that each node has. */
  readonly cpuShares: readonly number[];
  /** When the clients of each node begin. */
  readonly clientsFromMs: readonly number[];
  /** Items that the clients of one node have under way in the closed loop. */
  readonly outstanding: number;
  /** Whether an item is done when its author has executed it, or when all have. */
  readonly doneAt: 'author' | 'all';
  /** D: what the timers of views have settled at (T-02). */
  readonly viewTimerMs: number;
}

const MBIT = 125_000;
const LAN: Link = { delayMs: 0.5, bytesPerS: 1_000 * MBIT };
const REGION: Link = { delayMs: 50, bytesPerS: 10 * MBIT };

/** When everything changed: the start of the clients, and each step after it. */
export function stepsOf({ links, clientsFromMs }: Profile): number[] {
  return [...new Set([...links.map(({ fromMs }) => fromMs), ...clientsFromMs])].sort((a, b) => a - b);
}

function profile(name: string, about: string, link: Link, changed: Partial<Profile> = {}): Profile {
  return {
    name,
    about,
    shards: 4,
    durationMs: 20_000,
    links: [{ fromMs: 0, link }],
    cpuShares: [1, 1, 1, 1],
    clientsFromMs: [0, 0, 0, 0],
    outstanding: 2_000,
    doneAt: 'author',
    viewTimerMs: 100,
    ...changed,
  };
}

/** P6 of the goals. */
export const PROFILES: readonly Profile[] = [
  profile('lan', '0.5 ms, 1 Gbit/s', LAN),
  profile('delay-20ms', '20 ms, 1 Gbit/s', { ...LAN, delayMs: 20 }),
  profile('delay-100ms', '100 ms, 1 Gbit/s', { ...LAN, delayMs: 100 }, { viewTimerMs: 300 }),
  profile('1mbit', '2 ms, 1 Mbit/s', { delayMs: 2, bytesPerS: MBIT }, { outstanding: 500, viewTimerMs: 500 }),
  profile('10mbit', '2 ms, 10 Mbit/s', { delayMs: 2, bytesPerS: 10 * MBIT }, { viewTimerMs: 300 }),
  profile('step', 'LAN, at 15 s 50 ms and 10 Mbit/s, at 30 s LAN', LAN, {
    durationMs: 45_000,
    links: [
      { fromMs: 0, link: LAN },
      { fromMs: 15_000, link: REGION },
      { fromMs: 30_000, link: LAN },
    ],
    viewTimerMs: 300,
  }),
  profile('starved', 'LAN, one node has a tenth of a core; done when all have executed; 1 shard', LAN, {
    shards: 1,
    cpuShares: [1, 1, 1, 0.1],
    outstanding: 250,
    doneAt: 'all',
  }),
  profile('authors', 'LAN, one author alone, at 10 s three more', LAN, {
    durationMs: 25_000,
    clientsFromMs: [0, 10_000, 10_000, 10_000],
  }),
];
