import { parseArgs } from 'node:util';
import { percentile } from '../../testnet/voting/concurrently.ts';
import { type Aim, figure, judged, rounded } from './report/figure.ts';
import { calibrate } from './scale/calibrate.ts';
import { type Costs, FREE } from './scale/costs.ts';
import { KINDS, UsualTimes } from './scale/usual-times.ts';
import { type Outcome, type Scene, World } from './scale/world.ts';

/*
 * `npm run bench -- scale [--sizes 4,7,10,16,22,31] [--rate 200] [--seconds 3] [--delay-ms 0.25] [--only lan|delays]
 * [--verify-us X …]`: P9 of the goals. Driver, receiver and step of the product in virtual time, each validator on a core of
 * its own. First a LAN with what operations cost on this machine, then links of other delays where nothing but them takes
 * time. A cost that an option gives is not measured; with all of them a run has the same figures each time.
 */

const FINAL_P99: Aim = { goal: 'P9', sign: '<', bound: 100 };
const DELAYS_TO_FINAL: Aim = { goal: 'P9', sign: '<=', bound: 3 };
const DELAYS_MS = [1, 20, 50, 100];
const DELAYS_N = 4;
const CALIBRATION_ROUNDS = 5;
const WARM_UP_N = 7;
const COST_OPTIONS = {
  ...{ 'sign-us': 'signUs', 'verify-us': 'verifyUs', 'send-us': 'sendUs', 'receive-us': 'receiveUs' },
  ...{ 'call-us': 'callUs', 'store-us': 'storeUs', 'sync-ms': 'syncMs' },
  ...{ 'decode-us': 'decodeUs', 'step-us': 'stepUs', 'encode-us': 'encodeUs' },
} as const satisfies Record<string, keyof Costs>;

interface Options extends Pick<Scene, 'ballotsPerS' | 'durationMs' | 'delayMs' | 'seed'> {
  readonly sizes: readonly number[];
  readonly given: Partial<Costs>;
  readonly only: 'lan' | 'delays' | undefined;
}

/** Of one network: what a ballot and a block take, and what the cores are busy with. */
function report(name: string, n: number, outcome: Outcome): void {
  const { diary, blocks, views, messages, verifications, syncs, fetches, shares, busiestShare } = outcome;
  const ms = (values: readonly number[], share: number): number => rounded(percentile(values, share));
  figure(name, {
    n,
    ballots: diary.submitToFinalMs.length,
    finalMsP50: ms(diary.submitToFinalMs, 0.5),
    finalMsP99: ms(diary.submitToFinalMs, 0.99),
    sealedToFinalMsP50: ms(diary.sealToFinalMs, 0.5),
    sealedToFinalMsP99: ms(diary.sealToFinalMs, 0.99),
    proposedToFinalMsP50: ms(diary.proposeToFinalMs, 0.5),
    proposedToFinalMsP99: ms(diary.proposeToFinalMs, 0.99),
    ...{ blocks, nullifiedViews: views - blocks, fetches },
    messagesPerBlock: rounded(messages / blocks),
    verificationsPerBlock: rounded(verifications / blocks),
    syncsPerBlock: rounded(syncs / blocks),
    busiestCpuShare: rounded(busiestShare),
  });
  const parts = Object.entries(shares).map(([work, share]) => [`${work}CpuShare`, rounded(share)]);
  figure(`${name}-cpu`, { n, ...Object.fromEntries(parts) });
}

async function onLan({ sizes, given, only: _only, ...scene }: Options): Promise<void> {
  const isGiven = Object.keys(FREE).every((name) => given[name as keyof Costs] !== undefined);
  const costs: Costs = { ...(isGiven ? FREE : await calibrate(CALIBRATION_ROUNDS)), ...given };
  const usual = new UsualTimes();
  figure('scale/costs', { ...roundedAll(costs), cores: 'one-each', signatures: 'stand-ins-charged-as-real' });
  // Until code is compiled everything costs several times as much.
  if (!isGiven) await new World({ ...scene, n: WARM_UP_N, costs }, usual).run();
  for (const n of sizes) {
    const outcome = await new World({ ...scene, n, costs }, usual).run();
    report('scale/lan', n, outcome);
    const timed = KINDS.map((kind) => [`${kind}Us`, rounded(usual.unitUs(kind))]);
    if (!isGiven) figure('scale/usual', { n, ...Object.fromEntries(timed) });
    if (n === Math.max(...sizes)) {
      judged(`scale/lan-${n}`, 'finalMsP99', rounded(percentile(outcome.diary.submitToFinalMs, 0.99)), FINAL_P99);
    }
  }
}

async function overDelays({ sizes: _sizes, given: _given, only: _only, ...scene }: Options): Promise<void> {
  for (const delayMs of DELAYS_MS) {
    const outcome = await new World({ ...scene, n: DELAYS_N, delayMs, costs: FREE }).run();
    report(`scale/delay-${delayMs}ms`, DELAYS_N, outcome);
    const inDelays = (values: readonly number[], share: number): number => rounded(percentile(values, share) / delayMs);
    const { proposeToFinalMs, submitToFinalMs } = outcome.diary;
    figure(`scale/delay-${delayMs}ms`, {
      finalDelaysP50: inDelays(submitToFinalMs, 0.5),
      finalDelaysP99: inDelays(submitToFinalMs, 0.99),
    });
    judged(
      `scale/delay-${delayMs}ms`,
      'proposedToFinalDelaysMax',
      rounded(Math.max(...proposeToFinalMs) / delayMs),
      DELAYS_TO_FINAL,
    );
  }
}

function roundedAll(costs: Costs): Record<string, number> {
  return Object.fromEntries(
    Object.entries(costs).flatMap(([name, cost]) => (cost === undefined ? [] : [[name, rounded(cost)]])),
  );
}

function readOptions(): Options {
  const text = { type: 'string' } as const;
  const costs = Object.fromEntries(Object.keys(COST_OPTIONS).map((name) => [name, text]));
  const { values } = parseArgs({
    options: {
      ...costs,
      sizes: { ...text, default: '4,7,10,16,22,31' },
      rate: { ...text, default: '200' },
      seconds: { ...text, default: '3' },
      'delay-ms': { ...text, default: '0.25' },
      only: text,
    },
  });
  const { only } = values;
  if (only !== undefined && only !== 'lan' && only !== 'delays') throw new Error(`--only ${only}: lan or delays`);
  const given = Object.entries(COST_OPTIONS).flatMap(([option, name]) => {
    const value = (values as Readonly<Record<string, string | undefined>>)[option];
    return value === undefined ? [] : [[name, Number(value)] as const];
  });
  return {
    sizes: values.sizes.split(',').map(Number),
    ballotsPerS: Number(values.rate),
    durationMs: 1_000 * Number(values.seconds),
    delayMs: Number(values['delay-ms']),
    seed: Number(process.env.WAGGLE_BENCH_SEED ?? '1'),
    given: Object.fromEntries(given),
    only,
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.only !== 'delays') await onLan(options);
  if (options.only !== 'lan') await overDelays(options);
}

await main();
