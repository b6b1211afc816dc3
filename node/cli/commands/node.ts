import type { Command } from 'commander';
import { idArgument, wholeNumber } from '../arguments.ts';
import { outputOption } from '../command-options.ts';
import type { OutputFormat } from '../output.ts';
import { passphraseOptions, plainOption } from '../passphrase.ts';
import type { CliContext } from '../program.ts';
import { targetOptions } from '../target.ts';
import { explain } from './explain.ts';
import { type InitOptions, initHome } from './init.ts';
import { type StartOptions, startDaemon } from './start.ts';
import { type StatusOptions, showStatus, type WaitOptions, waitForDaemon } from './status.ts';

const PORT_MAX = 65_535;
const WAIT_S_MAX = 86_400;

export function addNodeCommands(program: Command, context: CliContext): void {
  plainOption(program.command('init'))
    .summary('set up a home for a network of one')
    .description('set up a home: keys, configuration and the genesis of a network of one')
    .option('--home <dir>', 'the home (default: WAGGLE_HOME, else the user’s data directory)')
    .option('--observer', 'keys only, for a network you will be invited to')
    .option('--name <name>', 'name of this validator or operator', idArgument('--name'), 'node1')
    .option('--network <id>', 'id of a new network', idArgument('--network'), 'local')
    .option('--shards <count>', 'ballot shards of a new network', wholeNumber('--shards', 1, 64), 4)
    .option('--rpc-port <port>', 'port of JSON-RPC on loopback', wholeNumber('--rpc-port', 1, PORT_MAX), 8_440)
    .option('--p2p-port <port>', 'port for other nodes', wholeNumber('--p2p-port', 1, PORT_MAX), 9_440)
    .action((options: InitOptions) => initHome(options, context));
  passphraseOptions(program.command('start'))
    .description('run the daemon of a home until SIGINT or SIGTERM')
    .option('--home <dir>', 'the home (default: WAGGLE_HOME, else the user’s data directory)')
    .option('--repair', 'make the ledger anew: from what is left of it, the journal and the other validators')
    .option(
      '--trusted <file>',
      'a checkpoint, as `waggle chain checkpoint HEIGHT -o json` prints it, that the history must lead to',
    )
    .option('--rejoin', 'the journal was lost or rolled back: stay silent until the others said where it is safe')
    .option('--until-stdin-ends', 'end also when stdin closes: for a parent that must leave nothing behind')
    .action((options: StartOptions) => startDaemon(options, context));
  outputOption(targetOptions(program.command('status')))
    .description('how a daemon, or with --cluster its network, is doing')
    .option('--cluster', 'every node of the testnet, or every peer')
    .option('--watch', 'again every two seconds, until Ctrl-C')
    .action((options: StatusOptions) => showStatus(options, context));
  outputOption(targetOptions(program.command('wait')))
    .description('wait until a daemon answers')
    .option('--ready', 'wait until it is ready to take votes')
    .option('--timeout <seconds>', 'give up after', wholeNumber('--timeout', 1, WAIT_S_MAX), 60)
    .action((options: WaitOptions) => waitForDaemon(options, context));
  outputOption(program.command('explain'))
    .description('what an error code means and what to do')
    .argument('<code>', 'a number (4001) or a type (ballot.closed)')
    .action((code: string, options: { output: OutputFormat }) => explain(code, options.output, context));
}
