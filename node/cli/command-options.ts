import { Argument, type Command, Option } from 'commander';
import { hashArgument, idArgument, wholeNumber } from './arguments.ts';
import { OUTPUT_FORMATS, type OutputFormat, parseFormat } from './output.ts';
import { type TargetOptions, targetOptions } from './target.ts';
import { shellWord } from './typed-command.ts';

/** Options of every command that asks a daemon and prints what it says. */
export interface AskOptions extends TargetOptions {
  readonly output: OutputFormat;
}

export interface SpaceOptions extends AskOptions {
  readonly space: string;
}

const LIMIT_MAX = 1_000;

export function outputOption(command: Command): Command {
  const option = new Option('-o, --output <format>', 'how to print the result')
    .choices(OUTPUT_FORMATS)
    .default('table')
    .argParser(parseFormat);
  return command.addOption(option);
}

export function askOptions(command: Command): Command {
  return outputOption(targetOptions(command));
}

export function spaceOptions(command: Command): Command {
  return askOptions(command.option('--space <space>', 'the space', idArgument('--space'), 'main'));
}

export function listOptions(command: Command): Command {
  return command
    .option('--limit <count>', 'items of a page (default: what fits the terminal, else 100)', limit)
    .option('--cursor <cursor>', 'where the page before ended')
    .option('--all', 'every page, one after the other');
}

const limit = wholeNumber('--limit', 1, LIMIT_MAX);

export const sessionArgument = () => new Argument('<session>', 'session id').argParser(idArgument('session'));
export const proposalArgument = () => new Argument('<proposal>', 'proposal id').argParser(idArgument('proposal'));
export const modelArgument = () => new Argument('<model>', 'model id').argParser(idArgument('model'));
export const ballotArgument = () =>
  new Argument('<ballot>', 'its id, 64 digits of hex').argParser(hashArgument('ballot'));

/** ' --space S' where it is not the default one. */
export function spaceFlag(options: { readonly space: string }, space: unknown = options.space): string {
  return space === 'main' ? '' : ` --space ${shellWord(String(space))}`;
}

/** Options with a value, as they were typed: ' --status active --limit 5'. */
export function flagsTyped(options: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(options)
    .flatMap(([name, value]) => (value === undefined ? [] : [` --${name} ${shellWord(String(value))}`]))
    .join('');
}
