import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { STEPS, type Step, type StepResult } from './check-steps.ts';

/** `npm run check [-- --only tidy,vectors] [--root DIR]`: everything that must hold before a merge. */
const LANES = 2;
const OUTPUT_LINES_MAX = 200;

type Done = { step: Step; result: StepResult };

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { root: { type: 'string' }, only: { type: 'string' } } });
  const root = resolve(values.root ?? `${import.meta.dirname}/..`);
  const wanted = values.only?.split(',');
  const unknown = wanted?.filter((id) => !STEPS.some((step) => step.id === id)) ?? [];
  if (unknown.length > 0) {
    console.error(`no step ${unknown.join(', ')}; there are ${STEPS.map(({ id }) => id).join(', ')}`);
    process.exitCode = 64;
    return;
  }
  const startedMs = performance.now();
  const done = await runAll(
    STEPS.filter(({ id }) => wanted?.includes(id) ?? true),
    root,
  );
  const failed = done.filter(({ result }) => !result.ok);
  for (const { step, result } of failed) console.log(`\n--- ${step.name}\n${tail(result.output)}`);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const names = failed.map(({ step }) => step.name).join(', ');
  console.log(failed.length === 0 ? `check: ok in ${seconds} s` : `\ncheck: FAIL in ${seconds} s: ${names}`);
  if (failed.length > 0) console.log(`again: npm run check -- --only ${failed.map(({ step }) => step.id).join(',')}`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

/** Two steps at a time, each printed when it ends. */
async function runAll(steps: readonly Step[], root: string): Promise<Done[]> {
  const waiting = [...steps];
  const done: Done[] = [];
  const lane = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const startedMs = performance.now();
      const result = await step.run(root);
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(6);
      console.log(`${step.name.padEnd(18)}${result.ok ? 'ok  ' : 'FAIL'}${seconds} s  ${result.note}`.trimEnd());
      done.push({ step, result });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return done;
}

function tail(output: string): string {
  const lines = output.trimEnd().split('\n');
  const cut = lines.length - OUTPUT_LINES_MAX;
  return cut > 0 ? [`(${cut} lines before)`, ...lines.slice(cut)].join('\n') : lines.join('\n');
}

await main();
