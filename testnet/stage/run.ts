import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { failureOf } from '../../node/cli/failures.ts';
import { WIRE_TAP_VARIABLE } from '../../node/driver/wire-tap.ts';
import { codeOf } from '../../protocol/errors.ts';
import { NETWORK_DEFAULTS } from '../network/defaults.ts';
import type { Ending } from '../network/ending.ts';
import { openTestnet } from '../network/open.ts';
import type { Finding, Scenario } from '../scenarios/scenario.ts';
import { whyNot } from './needs.ts';
import { createStage, type StageOptions, tapsOf } from './stage.ts';

export interface ScenarioResult {
  readonly scenario: string;
  readonly promise: string;
  readonly seed: number;
  /** `skipped` says nothing about the promise, and is never shown as if it did. */
  readonly verdict: 'holds' | 'broken' | 'skipped';
  /** Why it was skipped, or broke before it was judged. */
  readonly reason?: string;
  readonly findings: readonly Finding[];
  readonly elapsedMs: number;
  /** Homes and logs of a network on which it did not hold. */
  readonly kept?: string;
}

/** A scenario that takes longer is stuck: the longest takes about a minute. */
const SCENARIO_MS = 240_000;

/** Run one scenario on a network of its own, which is gone afterwards unless the scenario did not hold. */
export async function runScenario(
  scenario: Scenario,
  seed: number,
  say: (line: string) => void,
  ending: Ending,
  restarts?: number,
): Promise<ScenarioResult> {
  const { name, promise } = scenario;
  const about = { scenario: name, promise, seed };
  const reason = whyNot(scenario);
  if (reason !== undefined) return { ...about, verdict: 'skipped', reason, findings: [], elapsedMs: 0 };
  const startedMs = performance.now();
  const elapsedMs = () => Math.round(performance.now() - startedMs);
  const directory = await mkdtemp(join(tmpdir(), 'waggle-scenario-'));
  let isKept = false;
  try {
    const findings = await onStage(scenario, { seed, say, restarts }, directory, ending);
    const holds = isHeld(findings);
    isKept = !holds;
    return {
      ...about,
      verdict: holds ? 'holds' : 'broken',
      findings,
      elapsedMs: elapsedMs(),
      ...(isKept ? { kept: directory } : {}),
    };
  } catch (error) {
    const { line } = failureOf(error);
    if (codeOf(error) === 'WAGGLE_CLI_INTERRUPTED') throw error;
    isKept = true;
    return { ...about, verdict: 'broken', reason: line, findings: [], elapsedMs: elapsedMs(), kept: directory };
  } finally {
    if (!isKept) await rm(directory, { recursive: true, force: true });
  }
}

/** A scenario that found nothing out holds nothing. */
export function isHeld(findings: readonly Finding[]): boolean {
  return findings.length > 0 && findings.every(({ holds }) => holds);
}

async function onStage(
  scenario: Scenario,
  asked: Omit<StageOptions, 'signal'>,
  directory: string,
  ending: Ending,
): Promise<readonly Finding[]> {
  const faults = scenario.needs?.includes('relay') === true;
  // Every daemon that is started from here on writes down what it is sent.
  process.env[WIRE_TAP_VARIABLE] = tapsOf(directory);
  const options = { ...NETWORK_DEFAULTS, directory, faults, ephemeral: false, detach: false };
  const testnet = await openTestnet(options, () => undefined, ending);
  const over = new AbortController();
  const { promise: late, resolve } = Promise.withResolvers<readonly Finding[]>();
  let timer: NodeJS.Timeout | undefined;
  try {
    const stage = await createStage(testnet, { ...asked, signal: over.signal });
    const limitMs = scenario.limitMs?.(stage) ?? SCENARIO_MS;
    timer = setTimeout(() => resolve([tooLate(limitMs)]), limitMs);
    const run = scenario.run(stage);
    // Broken off, it fails on what is taken away from it.
    run.catch(() => undefined);
    return await ending.race(Promise.race([run, late]));
  } finally {
    clearTimeout(timer);
    over.abort();
    await testnet.close();
    delete process.env[WIRE_TAP_VARIABLE];
  }
}

function tooLate(limitMs: number): Finding {
  return { invariant: 'L1', holds: false, figure: `not over after ${limitMs / 1_000} s` };
}
