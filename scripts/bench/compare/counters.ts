import process from 'node:process';
import { countsPerBallot, LOADS, type LoadName, ScriptedLoad } from './scripted-load.ts';

/** Work per ballot, of all nodes together, that is the same on every machine: by load, then by counter. */
export type Counters = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Counters with the Node they were taken with: other versions allocate otherwise. */
export interface Baseline {
  readonly node: string;
  readonly counters: Counters;
}

/** A counter beside what it was. */
export interface Moved {
  readonly counter: string;
  readonly before: number;
  readonly after: number;
}

/**
 * Under these the interpreter alone runs, on one thread, and nothing is collected in between: allocations are then the
 * same to the byte, and the heap holds all of them at the end.
 */
export const COUNTING_FLAGS: readonly string[] = [
  ...['--expose-gc', '--single-threaded', '--no-opt', '--no-maglev', '--no-sparkplug'],
  ...['--min-semi-space-size=256', '--max-semi-space-size=256'],
];

/** How far a counter may grow before somebody has to accept it. */
const GROWTH_MAX = 1.05;
const ALLOCATIONS = 'allocations';
/** The heap differs by some bytes from run to run: more digits would be of the machine. */
const DIGITS = 3;

/** @throws Error when a load does not end as it must, or this process runs without `COUNTING_FLAGS` */
function takeCounters(): Counters {
  // First, since what ran before decides what is compiled and cached already.
  const allocations = allocationsPerBallot();
  const loads = (Object.keys(LOADS) as LoadName[]).map((name) => [name, { ...countsPerBallot(name) }] as const);
  return { ...Object.fromEntries(loads), [ALLOCATIONS]: allocations };
}

function allocationsPerBallot(): { heapBytes: number; bufferBytes: number } {
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error(`run with ${COUNTING_FLAGS.join(' ')}`);
  const load = new ScriptedLoad('busy');
  collect();
  const before = process.memoryUsage();
  load.vote();
  const after = process.memoryUsage();
  const perBallot = (bytes: number): number => Number((bytes / load.ballots).toPrecision(DIGITS));
  return {
    heapBytes: perBallot(after.heapUsed - before.heapUsed),
    bufferBytes: perBallot(after.arrayBuffers - before.arrayBuffers),
  };
}

/**
 * Counters that may not be as they are: grown by more than 5 %, new, or gone, which takes a look as well.
 * Allocations are compared only under the Node of the baseline.
 */
export function grownSince(base: Baseline, now: Baseline): Moved[] {
  return movedSince(base, now).filter(({ before, after }) => {
    return Number.isNaN(before) || Number.isNaN(after) || after > before * GROWTH_MAX;
  });
}

/** Every counter whose figure is another one, NaN where there is none. */
export function movedSince(base: Baseline, now: Baseline): Moved[] {
  const loads = new Set([...Object.keys(base.counters), ...Object.keys(now.counters)]);
  if (base.node !== now.node) loads.delete(ALLOCATIONS);
  return [...loads].flatMap((load) => {
    const [before = {}, after = {}] = [base.counters[load], now.counters[load]];
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((name) => {
      const moved = {
        counter: `${load}.${name}`,
        before: before[name] ?? Number.NaN,
        after: after[name] ?? Number.NaN,
      };
      return moved.before === moved.after ? [] : [moved];
    });
  });
}

if (import.meta.main) {
  const baseline: Baseline = { node: process.versions.node, counters: takeCounters() };
  console.log(JSON.stringify(baseline));
}
