import { Command } from 'commander';
import { addAdminCommands } from './commands/admin.ts';
import { addAgentCommands } from './commands/agent.ts';
import { addChainCommands } from './commands/chain.ts';
import { addCompletionCommand } from './commands/completion.ts';
import { addJoiningCommands } from './commands/joining.ts';
import { addKeyCommands } from './commands/keys.ts';
import { addNodeCommands } from './commands/node.ts';
import { addObserverCommands } from './commands/observer.ts';
import { addProposalCommands } from './commands/proposal.ts';
import { addModelCommands } from './commands/registry.ts';
import { addSessionCommands } from './commands/session.ts';
import { addSpaceCommands } from './commands/space.ts';
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

/** What the group of the local network says while its commands are not loaded. */
export const TESTNET_SUMMARY = 'a local network of real processes: up, load, replay, demo …';

/** For the list of commands, where the description of one would take two lines. */
const SUMMARIES: ReadonlyMap<string, string> = new Map([
  ['invite', 'write the file by which another operator’s node joins'],
  ['join', 'set up a home for the network of an invite'],
]);

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
    .addHelpCommand(new Command('help').argument('[command]').description('show help of a command').helpGroup('Nodes:'))
    .exitOverride()
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: false, subcommandTerm: (command) => command.name() })
    .configureOutput({
      writeOut: (text) => io.out(text),
      // The failure is printed once, with what to do next, by whoever runs the program.
      writeErr: (text) => io.err(text),
      outputError: () => undefined,
      getOutHelpWidth: () => io.columns,
      getErrHelpWidth: () => io.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', '\nNext: npx waggle testnet up, or npx waggle init');
  program.commandsGroup('Votes:');
  addSessionCommands(program, context);
  addProposalCommands(program, context);
  addVotingCommands(program, context);
  program.commandsGroup('Registry and ledger:');
  addSpaceCommands(program, context);
  addModelCommands(program, context);
  addChainCommands(program, context);
  program.commandsGroup('Nodes:');
  addNodeCommands(program, context);
  addJoiningCommands(program, context);
  addObserverCommands(program, context);
  addAgentCommands(program, context);
  addAdminCommands(program, context);
  addKeyCommands(program, context);
  addCompletionCommand(program, context);
  for (const one of program.commands) one.summary(SUMMARIES.get(one.name()) ?? one.summary());
  return program;
}
