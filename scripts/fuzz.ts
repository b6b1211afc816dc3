import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { nameRegression, parseRegressions, runCampaign, runRegressions } from './fuzz/campaign.ts';
import { FuzzFault, type Tally } from './fuzz/tally.ts';
import { randomSeed } from './test-run.ts';

const USAGE = 'npm run fuzz -- [--messages N] [--seed N]';
const MESSAGES = 100_000;
const PROGRESS_EVERY = 20_000;
const REGRESSIONS = new URL('testdata/fuzz.txt', import.meta.url);

function whole(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  return Number.isSafeInteger(value) && value > 0 ? value : Number.NaN;
}

function readArguments(): { messages: number; seed: number } {
  const options = { messages: { type: 'string' }, seed: { type: 'string' } } as const;
  try {
    const { values } = parseArgs({ options });
    return { messages: whole(values.messages, MESSAGES), seed: whole(values.seed, randomSeed()) };
  } catch {
    return { messages: Number.NaN, seed: Number.NaN };
  }
}

function progress(): (tally: Tally) => void {
  let shown = 0;
  return ({ messages }) => {
    if (messages < shown + PROGRESS_EVERY) return;
    shown = messages;
    console.log(`${messages} messages, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`);
  };
}

/** Messages of every protocol, mutated from a recorded network: `npm run fuzz -- --messages 1000000`. */
async function main(): Promise<void> {
  const { messages, seed } = readArguments();
  if (Number.isNaN(messages) || Number.isNaN(seed)) {
    console.error(USAGE);
    process.exitCode = 64;
    return;
  }
  const startMs = performance.now();
  try {
    await runRegressions(parseRegressions(readFileSync(REGRESSIONS, 'utf8')), 1);
    const tally = await runCampaign({ messages, seed, onProgress: progress() });
    console.log(tally.table());
    const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
    console.log(`fuzz: ${tally.messages} messages, seed ${seed}, 0 faults, ${seconds} s`);
  } catch (error) {
    if (!(error instanceof FuzzFault)) throw error;
    console.log(`FAULT ${error.message}`);
    console.log(error.cause instanceof Error ? error.cause.stack : '');
    console.log(`npm run fuzz -- --messages ${messages} --seed ${seed}`);
    console.log(`for scripts/testdata/fuzz.txt:\n${nameRegression(error)}`);
    process.exitCode = 1;
  }
}

await main();
