import type { Command } from 'commander';
import { idArgument, wholeNumber, wordOption } from '../node/cli/arguments.ts';
import { outputOption } from '../node/cli/command-options.ts';
import { type CliContext, TESTNET_SUMMARY } from '../node/cli/program.ts';
import type { DemoOptions } from './demo/command.ts';
import type { LoadCommandOptions } from './load/command.ts';
import type { ControlOptions } from './network/control-commands.ts';
import { NETWORK_DEFAULTS } from './network/defaults.ts';
import type { UpOptions } from './network/up-command.ts';
import type { ReplayCommandOptions } from './replay/command.ts';
import type { ScenarioCommandOptions } from './stage/command.ts';

const NODES_MAX = 31;
const SHARDS_MAX = 64;
const PORT_MAX = 65_000;
const VOTERS_MAX = 10_000;
const BALLOTS_MAX = 1_000_000;
const CONCURRENCY_MAX = 1_024;
const SEED_MAX = 999_999_999;
const FOLDER = 'folder of the network (default: WAGGLE_TESTNET, else .waggle/testnet of the checkout)';

/** `waggle testnet …`; what a command needs is loaded when it runs. */
export function addTestnetCommands(program: Command, context: CliContext): void {
  const testnet = program.command('testnet').description(TESTNET_SUMMARY);
  addUp(testnet, context);
  addFaults(testnet, context);
  addVoting(testnet, context);
  addScenario(testnet, context);
}

function addUp(testnet: Command, context: CliContext): void {
  common(testnet.command('up'))
    .description('start the network, making it first where there is none')
    .option(
      '--nodes <count>',
      `validators of a new network (default: ${NETWORK_DEFAULTS.nodes})`,
      wholeNumber('--nodes', 1, NODES_MAX),
    )
    .option(
      '--shards <count>',
      `its ballot shards (default: ${NETWORK_DEFAULTS.shards})`,
      wholeNumber('--shards', 1, SHARDS_MAX),
    )
    .option('--base-port <port>', 'first of two ports a node', wholeNumber('--base-port', 1_024, PORT_MAX))
    .option('--detach', 'return when it is ready; the processes stay')
    .option('--ephemeral', 'a fresh network in a folder that goes with it')
    .action(async (options: UpOptions) => (await import('./network/up-command.ts')).upCommand(options, context));
  common(testnet.command('down'))
    .description('end all its processes; the state stays')
    .action(async (options: ControlOptions) => (await controls()).downCommand(options, context));
  common(testnet.command('status'))
    .description('what runs and how far it is')
    .action(async (options: ControlOptions) => (await controls()).statusCommand(options, context));
}

function addFaults(testnet: Command, context: CliContext): void {
  const faults = [
    ['kill', 'end a node at once, as a crash would (SIGKILL)'],
    ['start', 'start a node that does not run'],
    ['pause', 'let a node stand still (SIGSTOP)'],
    ['resume', 'let it go on (SIGCONT)'],
  ] as const;
  for (const [action, description] of faults) {
    common(testnet.command(action))
      .description(description)
      .argument('<node>', 'its name', idArgument('node'))
      .action(async (name: string, options: ControlOptions) =>
        (await controls()).faultCommand(action, name, options, context),
      );
  }
}

function addVoting(testnet: Command, context: CliContext): void {
  const auth = (fallback: string) => wordOption('--auth <mode>', 'who signs', ['voter', 'operator']).default(fallback);
  common(testnet.command('load'))
    .description('made-up voters vote in a new session')
    .option('--voters <count>', 'how many', wholeNumber('--voters', 1, VOTERS_MAX), 1_000)
    .option('--ballots <count>', 'ballots in all (default: one a voter)', wholeNumber('--ballots', 1, BALLOTS_MAX))
    .option('--concurrency <count>', 'in flight at once', wholeNumber('--concurrency', 1, CONCURRENCY_MAX), 64)
    .addOption(auth('operator'))
    .action(async (options: LoadCommandOptions) => (await import('./load/command.ts')).loadCommand(options, context));
  common(testnet.command('replay'))
    .description('vote an old session again, from its folder')
    .argument('<dir>', 'folder with proposals.json and votes/')
    .addOption(auth('voter'))
    .option('--space <space>', 'the space it goes to', idArgument('--space'), 'hivellm')
    .action(async (path: string, options: ReplayCommandOptions) =>
      (await import('./replay/command.ts')).replayCommand(path, options, context),
    );
  testnet
    .command('demo')
    .description('a network, and a session of made-up ballots on it')
    .option('--dir <dir>', FOLDER)
    .option('--once', 'end the network after the demonstration')
    .option('--json', 'print the result as one JSON object')
    .action(async (options: DemoOptions) => (await import('./demo/command.ts')).demoCommand(options, context));
}

function addScenario(testnet: Command, context: CliContext): void {
  outputOption(
    testnet
      .command('scenario')
      .description('a fault on a network of its own, and whether what must hold does')
      .argument('<name>', 'which one, or all')
      .option('--seed <number>', 'of what it draws, such as whom it kills', wholeNumber('--seed', 0, SEED_MAX), 1),
  ).action(async (name: string, options: ScenarioCommandOptions) =>
    (await import('./stage/command.ts')).scenarioCommand(name, options, context),
  );
}

function controls() {
  return import('./network/control-commands.ts');
}

function common(command: Command): Command {
  return outputOption(command.option('--dir <dir>', FOLDER));
}
