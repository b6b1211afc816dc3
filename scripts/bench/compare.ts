import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { listenForSignals } from '../../testnet/network/ending.ts';
import { type Baseline, COUNTING_FLAGS, grownSince, type Moved, movedSince } from './compare/counters.ts';
import { Player } from './compare/player.ts';
import { compare, PAIRS_MIN, type Pair } from './compare/ratios.ts';
import { askScript, checkOut } from './compare/trees.ts';
import { figure } from './report/figure.ts';

/*
 * `npm run bench -- compare BASE [--pairs 7] [--ballots 2000]`: the working tree beside a commit. Work per ballot is counted
 * in virtual time; then a network of each plays a short load in turns. Exit 1 when a counter grew by more than 5 % or a
 * ratio is below 0.8 with confidence.
 * `npm run bench -- compare --counters`: only the counters, against compare/baseline.json; no clock is in it (the gate).
 * `npm run bench -- compare --accept`: what they are now becomes that file.
 */

const ROOT = resolve(import.meta.dirname, '..', '..');
const BASELINE = join(import.meta.dirname, 'compare', 'baseline.json');
const COUNTERS = 'counters.ts';
const EXIT_USAGE = 64;
const EXIT_FAILED = 70;
/** Pairs that are played and shown (as 0 and below) and not judged: code that was just loaded is compiled while it runs. */
const WARM_UPS = 3;
const USAGE = 'npm run bench -- compare BASE [--pairs 7] [--ballots 2000] | --counters | --accept';

async function countersOf(root: string, closing: AsyncDisposableStack): Promise<Baseline> {
  return (await askScript(root, COUNTERS, COUNTING_FLAGS, closing)) as Baseline;
}

/** Says what moved, and returns what must not have. */
function reportCounters(base: Baseline, tree: Baseline): Moved[] {
  const grown = grownSince(base, tree);
  const names = new Set(grown.map(({ counter }) => counter));
  for (const { counter, before, after } of movedSince(base, tree)) {
    const times = Number((after / before).toPrecision(3));
    figure('compare/counter', { name: counter, before, after, times, verdict: names.has(counter) ? 'grown' : 'pass' });
  }
  if (base.node !== tree.node) console.error(`allocations are not compared: ${base.node} is not Node ${tree.node}`);
  return grown;
}

async function checkBaseline(path: string, closing: AsyncDisposableStack): Promise<void> {
  const base = JSON.parse(readFileSync(path, 'utf8')) as Baseline;
  const tree = await countersOf(ROOT, closing);
  const grown = reportCounters(base, tree);
  console.log(JSON.stringify({ counters: tree.counters, grown: grown.map(({ counter }) => counter) }));
  if (grown.length === 0) return;
  console.error('A ballot costs more than it did. If that is wanted: npm run bench -- compare --accept, and say why.');
  process.exitCode = 1;
}

async function accept(closing: AsyncDisposableStack): Promise<void> {
  const tree = await countersOf(ROOT, closing);
  writeFileSync(BASELINE, `${JSON.stringify(tree, undefined, 2)}\n`);
  console.log(`${Object.keys(tree.counters).length} groups of counters accepted`);
}

/** Counters of the base, or of the file where the base is too old to be counted. */
async function countersOfBase(folder: string, closing: AsyncDisposableStack): Promise<Baseline> {
  try {
    return await countersOf(folder, closing);
  } catch (error) {
    console.error(`the base cannot be counted, baseline.json stands in: ${String(error).split('\n')[0]}`);
    return JSON.parse(readFileSync(BASELINE, 'utf8')) as Baseline;
  }
}

async function playPairs(
  folder: string,
  pairs: number,
  ballots: number,
  closing: AsyncDisposableStack,
): Promise<Pair[]> {
  const base = await Player.open(folder, ballots, closing);
  const tree = await Player.open(ROOT, ballots, closing);
  const played: Pair[] = [];
  for (let pair = 1 - WARM_UPS; pair <= pairs; pair++) {
    // Who goes first changes, so that neither always finds what the other left behind.
    const first = pair % 2 !== 0 ? await base.play() : undefined;
    const ofTree = await tree.play();
    const ofBase = first ?? (await base.play());
    if (pair > 0) played.push({ base: ofBase, tree: ofTree });
    figure('compare/base', { pair, ...ofBase });
    figure('compare/tree', { pair, ...ofTree });
  }
  return played;
}

async function compareWith(
  commit: string,
  pairs: number,
  ballots: number,
  closing: AsyncDisposableStack,
): Promise<void> {
  const folder = await checkOut(ROOT, commit, closing);
  const grown = reportCounters(await countersOfBase(folder, closing), await countersOf(ROOT, closing));
  const seed = Number(process.env.WAGGLE_BENCH_SEED ?? '1');
  const ratios = compare(await playPairs(folder, pairs, ballots, closing), seed);
  for (const { figure: name, median, low, high, isWorse } of ratios) {
    const verdict = isWorse ? 'worse' : pairs < PAIRS_MIN ? 'too few pairs' : 'pass';
    const [times, from, to] = [median, low, high].map((value) => value.toFixed(3));
    figure(`compare/ratio/${name}`, { times, low: from, high: to, verdict: verdict.replaceAll(' ', '-') });
  }
  console.log(JSON.stringify({ base: commit, pairs, ratios, grown: grown.map(({ counter }) => counter) }));
  if (grown.length > 0 || ratios.some(({ isWorse }) => isWorse)) process.exitCode = 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      pairs: { type: 'string', default: '7' },
      ballots: { type: 'string', default: '2000' },
      counters: { type: 'boolean', default: false },
      accept: { type: 'boolean', default: false },
      baseline: { type: 'string', default: BASELINE },
    },
  });
  const [commit] = positionals;
  const [pairs, ballots] = [Number(values.pairs), Number(values.ballots)];
  const isWhole = [pairs, ballots].every((value) => Number.isSafeInteger(value) && value > 0);
  if (!isWhole || (!values.accept && !values.counters && commit === undefined)) {
    console.error(USAGE);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const ending = listenForSignals();
  const closing = new AsyncDisposableStack();
  const work = (): Promise<void> => {
    if (values.accept) return accept(closing);
    if (values.counters || commit === undefined) return checkBaseline(values.baseline, closing);
    return compareWith(commit, pairs, ballots, closing);
  };
  try {
    await ending.race(work());
  } catch (error) {
    // Not 1: nothing was found to be worse, since nothing could be measured.
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = EXIT_FAILED;
  } finally {
    await closing.disposeAsync();
    ending.stop();
  }
}

await main();
