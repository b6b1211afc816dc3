import { usage } from '../../node/cli/arguments.ts';
import { EXIT } from '../../node/cli/exit-codes.ts';
import { emit, type OutputFormat } from '../../node/cli/output.ts';
import type { CliContext } from '../../node/cli/program.ts';
import { nearestName } from '../../protocol/nearest.ts';
import { listenForSignals } from '../network/ending.ts';
import { SCENARIOS } from '../scenarios/registry.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { lineOf, scenarioScreen } from './report.ts';
import { runScenario, type ScenarioResult } from './run.ts';

export interface ScenarioCommandOptions {
  readonly seed: number;
  readonly restarts?: number;
  readonly output: OutputFormat;
}

/** `waggle testnet scenario NAME|all`. Exit 1 when a finding does not hold. */
export async function scenarioCommand(
  name: string,
  { seed, restarts, output }: ScenarioCommandOptions,
  { io, result }: CliContext,
): Promise<void> {
  const chosen = name === 'all' ? SCENARIOS : [named(name)];
  const ending = listenForSignals('run the command again');
  const results: ScenarioResult[] = [];
  try {
    for (const [at, scenario] of chosen.entries()) {
      io.err(`[${at + 1}/${chosen.length}] ${scenario.name}: ${scenario.promise}\n`);
      const one = await runScenario(scenario, seed, (line) => io.err(`  ${line}\n`), ending, restarts);
      results.push(one);
      io.err(`  ${lineOf(one)}\n`);
    }
  } finally {
    ending.stop();
  }
  emit(io, output, results, () => scenarioScreen(results), results);
  if (results.some(({ verdict }) => verdict === 'broken')) result.exit = EXIT.different;
}

function named(name: string): Scenario {
  const found = SCENARIOS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = ['all', ...SCENARIOS.map((one) => one.name)];
  const meant = nearestName(name, names);
  const suggestion = meant === undefined ? '' : ` (Did you mean ${meant}?)`;
  throw usage(`there is no scenario '${name}'${suggestion}: ${names.join(', ')}`, undefined, { written: name, meant });
}
