import type { Command } from 'commander';
import { idArgument, wholeNumber, wordOption } from '../node/cli/arguments.ts';
import { outputOption } from '../node/cli/command-options.ts';
import { type CliContext, TESTNET_SUMMARY } from '../node/cli/program.ts';
import type { DemoOptions } from './demo/command.ts';
import type { LoadCommandOptions } from './load/command.ts';
import type { ControlOptions } from './network/control-commands.ts';
import { NETWORK_DEFAULTS } from './network/defaults.ts';
import type { UpOptions } from './network/up-command.ts';
import type { LinkOptions, PartitionOptions } from './relay/commands.ts';
import type { ReplayCommandOptions } from './replay/command.ts';
import type { ScenarioCommandOptions } from './stage/command.ts';

const NODES_MAX = 31;
const SHARDS_MAX = 64;
const PORT_MAX = 65_000;
const VOTERS_MAX = 10_000;
const BALLOTS_MAX = 1_000_000;
const CONCURRENCY_MAX = 1_024;
const RESTARTS_MAX = 10_000;
const SEED_MAX = 999_999_999;
const DELAY_MS_MAX = 60_000;
const LOSS_PERCENT_MAX = 90;
const RATE_KBIT_MAX = 100_000_000;
const FOLDER = 'folder of the network (default: WAGGLE_TESTNET, else .waggle/testnet of the checkout)';

/** `waggle testnet …`; what a command needs is loaded when it runs. */
export function addTestnetCommands(program: Command, context: CliContext): void {
  const testnet = program.command('testnet').description(TESTNET_SUMMARY);
  addUp(testnet, context);
  addFaults(testnet, context);
  addLinkFaults(testnet, context);
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
    .option('--faults', 'nodes talk through a relay that can partition, delay and lose; for a new network')
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

function addLinkFaults(testnet: Command, context: CliContext): void {
  const commands = () => import('./relay/commands.ts');
  const inFolder = (command: Command) => command.option('--dir <dir>', FOLDER);
  const onLinks = (command: Command) =>
    inFolder(command)
      .option('--from <nodes>', 'whose bytes, with commas (default: all)')
      .option('--to <nodes>', 'on their way to whom (default: all)');
  inFolder(testnet.command('partition'))
    .description('cut the network in groups, for one made with --faults')
    .argument('<groups>', 'names with commas, groups with slashes: node1,node2/node3,node4')
    .option('--one-way', 'only bytes from the first group are held')
    .action(async (groups: string, options: PartitionOptions) =>
      (await commands()).partitionCommand(groups, options, context),
    );
  inFolder(testnet.command('heal'))
    .description('all links as they were made: whole and fast')
    .action(async (options: { dir?: string }) => (await commands()).healCommand(options, context));
  onLinks(testnet.command('delay'))
    .description('bytes arrive later')
    .argument('<ms>', 'milliseconds one way', wholeNumber('ms', 0, DELAY_MS_MAX))
    .option('--jitter <ms>', 'up to this much on top, drawn anew', wholeNumber('--jitter', 0, DELAY_MS_MAX), 0)
    .action(async (delayMs: number, { jitter, ...options }: LinkOptions & { jitter: number }) =>
      (await commands()).shapeCommand({ delayMs, jitterMs: jitter }, options, context),
    );
  onLinks(testnet.command('loss'))
    .description('packets are lost: each stalls its connection until TCP repeats it')
    .argument('<percent>', 'of packets', wholeNumber('percent', 0, LOSS_PERCENT_MAX))
    .action(async (lossPercent: number, options: LinkOptions) =>
      (await commands()).shapeCommand({ lossPercent }, options, context),
    );
  onLinks(testnet.command('rate'))
    .description('links carry so much and no more')
    .argument('<kbit>', '1,000 bits a second; 0 for no limit', wholeNumber('kbit', 0, RATE_KBIT_MAX))
    .action(async (rateKbit: number, options: LinkOptions) =>
      (await commands()).shapeCommand({ rateKbit }, options, context),
    );
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
      .option('--seed <number>', 'of what it draws, such as whom it kills', wholeNumber('--seed', 0, SEED_MAX), 1)
      .option(
        '--restarts <count>',
        'of the node that power-cut kills (default: 20)',
        wholeNumber('--restarts', 1, RESTARTS_MAX),
      ),
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
