import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Suite, testFiles } from './test-files.ts';
import { type Counts, type RunResult, randomSeed, runTests } from './test-run.ts';

/**
 * The whole test suite: `npm test [-- --unit | --deep | --e2e] [--seed N] [--match NAME …]`, `npm run t -- NAME …`.
 * Names match anywhere in a file's path. The same seed gives the same order.
 */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      root: { type: 'string' },
      unit: { type: 'boolean', default: false },
      deep: { type: 'boolean', default: false },
      e2e: { type: 'boolean', default: false },
      match: { type: 'boolean', default: false },
      seed: { type: 'string' },
    },
  });
  const root = resolve(values.root ?? `${import.meta.dirname}/..`);
  const seed = values.seed === undefined ? randomSeed() : Number(values.seed);
  if (!Number.isSafeInteger(seed) || (values.match && positionals.length === 0)) {
    console.error('usage: npm test [-- --unit|--deep|--e2e] [--seed N] [NAME …]   npm run t -- NAME …');
    process.exitCode = 64;
    return;
  }
  const all: readonly Suite[] = ['unit', 'deep', 'e2e'];
  const named = all.filter((suite) => values[suite]);
  const suites = named.length === 0 ? all : named;
  const startedMs = performance.now();
  const results: RunResult[] = [];
  for (const suite of suites) {
    const files = testFiles(root, suite, positionals);
    if (files.length === 0) continue;
    console.log(`${suite}: ${files.length} files, order by seed ${seed}`);
    results.push(await runTests({ suite, files, root, seed }, (text) => process.stdout.write(text)));
  }
  close(results, seed, (performance.now() - startedMs) / 1000, positionals);
}

function close(results: readonly RunResult[], seed: number, seconds: number, names: readonly string[]): void {
  const sum = (key: keyof Counts) => results.reduce((total, { counts }) => total + counts[key], 0);
  const ok = results.length > 0 && results.every((result) => result.ok);
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
  const failed = sum('fail') + sum('cancelled');
  console.log(`\n${sum('tests')} tests: ${sum('pass')} passed, ${failed} failed${skipped} (${seconds.toFixed(1)} s)`);
  if (results.length === 0) console.log(`no test file matches ${names.join(' ')}`);
  else if (!ok) console.log(`replay this order: npm test -- --seed ${seed}${names.map((name) => ` ${name}`).join('')}`);
  process.exitCode = ok ? 0 : 1;
}

await main();
