import { Command } from 'commander';
import { addGovernanceCommands } from './commands/governance.ts';
import { addKeyCommands } from './commands/keys.ts';
import { addNodeCommands } from './commands/node.ts';
import { addVotingCommands } from './commands/voting.ts';
import type { CliIo } from './io.ts';

/** What a command ends with when it is not 0: 1 for an answer that is "no". */
export interface CommandResult {
  exit: number;
}

export interface CliContext {
  readonly io: CliIo;
  readonly result: CommandResult;
  readonly version: string;
}

/**
 * All commands. Building it loads nothing heavy: what a command needs beyond this room it imports when it runs, so that
 * `waggle --help` starts no network stack.
 */
export function createProgram(context: CliContext): Command {
  const { io } = context;
  const program = new Command('waggle')
    .description('A peer-to-peer replicated voting ledger')
    .version(context.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => io.out(text),
      // The failure is printed once, with what to do next, by whoever runs the program.
      writeErr: (text) => io.err(text),
      outputError: () => undefined,
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
    })
    .addHelpText('after', '\nNext: npx waggle testnet up, or npx waggle init');
  addNodeCommands(program, context);
  addKeyCommands(program, context);
  addGovernanceCommands(program, context);
  addVotingCommands(program, context);
  return program;
}
