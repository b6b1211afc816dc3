import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { explore } from '../consensus/sim/exhaustive/explore.ts';
import { SMALL_WORLDS } from '../consensus/sim/exhaustive/worlds.ts';
import { nameSeed, parseSeed, regressionSeeds, type SeedName } from '../consensus/sim/plan.ts';
import { PLANTS } from '../consensus/sim/plants.ts';
import { runSeed, type SimOptions, type SimReport } from '../consensus/sim/run.ts';

const WORKERS = 2;
const SLOWEST_SHOWN = 3;
const STATES_MAX = 10_000_000;
const SEEDS_FILE = new URL('../consensus/testdata/seeds.txt', import.meta.url);

/** A report of one seed with what it took. */
export type TimedReport = SimReport & { readonly name: string; readonly tookMs: number };

const USAGE = `npm run sim -- --seed N [--trace] [--plant NAME]
npm run sim -- --seeds K [--from N] [--plant NAME]
npm run sim -- --exhaustive [--states MAX]
plants: ${[...PLANTS.keys()].join(' ')}`;

/** What a person reads of one seed; the event hash is the last word. */
export function describeReport(report: SimReport): string {
  const { seed, n, villains, virtualMs, events, blocks, views, ballotsCounted, violations, eventHash } = report;
  const lines = [
    `seed ${seed}: n ${n}, villains: ${villains === '' ? 'none' : villains}`,
    `${virtualMs} virtual ms, ${events} events, ${blocks} blocks in ${views} views, ${ballotsCounted} ballots counted`,
    ...violations.map((violation) => `VIOLATION ${violation}`),
    violations.length === 0 ? 'no violation' : `${violations.length} violations`,
  ];
  return `${lines.join('\n')}\nevent hash ${eventHash}`;
}

function optionsOf(plantName: string | undefined): SimOptions {
  if (plantName === undefined) return {};
  return { plant: PLANTS.get(plantName), weather: 'crashy' };
}

function runTimed(name: SeedName, options: SimOptions): TimedReport {
  const startedAtMs = performance.now();
  const report = runSeed(name.seed, { ...options, era: name.era });
  return { ...report, name: nameSeed(name), tookMs: performance.now() - startedAtMs };
}

/** Runs the seeds on two threads; `told` hears of each as it ends. */
async function runAll(
  seeds: readonly SeedName[],
  plant: string | undefined,
  told: (report: TimedReport) => void,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL(import.meta.url), { workerData: { plant } });
    try {
      while (next < seeds.length) {
        const seed = seeds[next];
        next += 1;
        if (seed !== undefined) told(await ask(worker, seed));
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(WORKERS, seeds.length) }, work));
}

function ask(worker: Worker, seed: SeedName): Promise<TimedReport> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (report: TimedReport) => {
      worker.off('error', reject);
      resolve(report);
    });
    worker.postMessage(seed);
  });
}

async function many(count: number, from: number, plant: string | undefined): Promise<void> {
  const known = regressionSeeds(readFileSync(SEEDS_FILE, 'utf8'));
  const drawn = Array.from(
    { length: count },
    (_, at): SeedName => parseSeed(String(from + at)) ?? { seed: from + at, era: 4 },
  );
  const seeds = plant === undefined ? [...known, ...drawn] : drawn;
  const reports: TimedReport[] = [];
  const suffix = plant === undefined ? '' : ` --plant ${plant}`;
  const startedAtMs = performance.now();
  await runAll(seeds, plant, (report) => {
    reports.push(report);
    if (report.violations.length > 0) {
      const eol = process.stdout.isTTY ? '\r' : '';
      console.log(`${eol}npm run sim -- --seed ${report.name} --trace${suffix}\n  ${report.violations[0]}`);
    }
    if (process.stdout.isTTY) process.stdout.write(`\r${reports.length} of ${seeds.length}`);
  });
  if (process.stdout.isTTY) process.stdout.write('\n');
  const failed = reports.filter(({ violations }) => violations.length > 0);
  const slowest = reports.sort((a, b) => b.tookMs - a.tookMs).slice(0, SLOWEST_SHOWN);
  console.log(`slowest: ${slowest.map(({ name, tookMs }) => `${name} (${Math.round(tookMs)} ms)`).join(', ')}`);
  const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
  console.log(`sim: ${reports.length} seeds, ${failed.length} failed, ${seconds} s`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

function one({ seed, era }: SeedName, plant: string | undefined, trace: boolean): void {
  const report = runSeed(seed, { ...optionsOf(plant), era, ...(trace ? { print: (line) => console.log(line) } : {}) });
  console.log(describeReport(report));
  process.exitCode = report.violations.length > 0 ? 1 : 0;
}

/** Every state of small worlds (consensus/sim/exhaustive): safe ones to the end, wrong rules to what they break. */
function exhaustive(statesMax: number): void {
  for (const { name, rules, breaks } of SMALL_WORLDS) {
    const { states, complete, violation } = explore(rules, statesMax);
    const isRight = breaks === undefined ? violation === undefined : violation !== undefined && breaks.test(violation);
    const found = violation ?? (complete ? 'all safe' : `safe as far as ${statesMax} states`);
    console.log(`${isRight ? 'ok  ' : 'FAIL'} ${name}: ${states} states, ${found}`);
    if (!isRight) process.exitCode = 1;
  }
}

function whole(text: string | undefined): number | undefined {
  const value = text === undefined ? undefined : Number(text);
  return value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

const OPTIONS = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  from: { type: 'string' },
  plant: { type: 'string' },
  trace: { type: 'boolean' },
  exhaustive: { type: 'boolean' },
  states: { type: 'string' },
} as const;

/** What was asked for; nothing, when it was not said as the usage wants it. */
function readArguments() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch {
    return {};
  }
}

async function main(): Promise<void> {
  const values = readArguments();
  const { plant } = values;
  const seed = values.seed === undefined ? undefined : parseSeed(values.seed);
  const seeds = whole(values.seeds);
  const isKnown = plant === undefined || PLANTS.has(plant);
  if (values.exhaustive === true) exhaustive(whole(values.states) ?? STATES_MAX);
  else if (isKnown && seed !== undefined) one(seed, plant, values.trace === true);
  else if (isKnown && seeds !== undefined) await many(seeds, whole(values.from) ?? 1, plant);
  else {
    console.error(USAGE);
    process.exitCode = 64;
  }
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const { plant } = workerData as { readonly plant: string | undefined };
  port.on('message', (seed: SeedName) => port.postMessage(runTimed(seed, optionsOf(plant))));
} else if (import.meta.main) await main();
