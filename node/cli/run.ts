import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { type Fact, WaggleError } from '../../protocol/errors.ts';
import { addExamples } from './examples.ts';
import { EXIT } from './exit-codes.ts';
import { type Failure, failureOf } from './failures.ts';
import { type CliIo, paint, typed } from './io.ts';
import { type CliContext, createProgram, TESTNET_SUMMARY } from './program.ts';
import { plain } from './table.ts';
import { mended, usageNext } from './typed-command.ts';

/** The folder above node/ that holds the local network; loaded by a computed import, since node/ must not know it. */
const TESTNET = new URL('../../testnet/commands.ts', import.meta.url).href;

interface TestnetRoom {
  addTestnetCommands(program: Command, context: CliContext): void;
}

/** Run one command line. @returns the exit code; nothing is thrown */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const context: CliContext = { io, result: { exit: EXIT.ok }, version: version() };
  let program: Command | undefined;
  try {
    program = await fullProgram(context, isAboutTestnet(args));
    if (args[0] === '__complete') {
      const { complete } = await import('./completion/complete.ts');
      await complete(program, args.slice(1), io);
      return EXIT.ok;
    }
    if (args.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync([...args], { from: 'user' });
    return context.result.exit;
  } catch (error) {
    return fail(error, program, args, io);
  }
}

function isAboutTestnet([first, second]: readonly string[]): boolean {
  return first === 'testnet' || first === '__complete' || (first === 'help' && second === 'testnet');
}

/** Every command, those of the local network only where they are needed: they are many. */
export async function fullProgram(context: CliContext, withTestnet: boolean): Promise<Command> {
  const program = createProgram(context);
  if (withTestnet) ((await import(TESTNET)) as TestnetRoom).addTestnetCommands(program, context);
  else program.command('testnet').description(TESTNET_SUMMARY);
  addExamples(program);
  return program;
}

function fail(error: unknown, program: Command | undefined, args: readonly string[], io: CliIo): number {
  // Help and version end by a thrown error with code 0.
  if (isCommanderError(error) && error.exitCode === 0) return EXIT.ok;
  if (isCommanderError(error) && error.code === 'commander.help') return EXIT.usage;
  const failure = isCommanderError(error)
    ? usageFailure(error.message, program, args)
    : failureWithNext(error, program, args);
  io.err(`${paint(io, 'red', 'waggle:')} ${failure.line}\nNext: ${typed(failure.next)}\n`);
  if (io.env.WAGGLE_DEBUG && error instanceof Error) io.err(`${error.stack}\n`);
  return failure.exit;
}

/** What the parser refuses: with the word set right where it knows one, else with the help of that command. */
function usageFailure(message: string, program: Command | undefined, args: readonly string[]): Failure {
  const line = plainLines(message).join(' ');
  const written = /^unknown (?:command|option) '([^']*)'/.exec(line)?.[1];
  const meant = /\(Did you mean (?:one of )?([^,?)]*)/.exec(line)?.[1];
  const right = written === undefined || meant === undefined ? undefined : mended(args, written, meant);
  return { exit: EXIT.usage, line, next: right ?? helpOf(program, args) };
}

function failureWithNext(error: unknown, program: Command | undefined, args: readonly string[]): Failure {
  const failure = failureOf(error);
  const { written, meant, next }: Readonly<Record<string, Fact>> = error instanceof WaggleError ? error.facts : {};
  if (typeof written === 'string' && typeof meant === 'string') {
    const right = mended(args, written, meant);
    if (right !== undefined) return { ...failure, next: right };
  }
  return failure.exit === EXIT.usage && next === undefined ? { ...failure, next: helpOf(program, args) } : failure;
}

function helpOf(program: Command | undefined, args: readonly string[]): string {
  return program === undefined ? 'waggle --help' : usageNext(program, args);
}

/** "error: unknown command 'tally'\n(Did you mean …?)": without the word error, each line clean. */
function plainLines(message: string): string[] {
  return message
    .replace(/^error: /, '')
    .split('\n')
    .filter((line) => line !== '')
    .map(plain);
}

function isCommanderError(error: unknown): error is { exitCode: number; code: string; message: string } {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && code.startsWith('commander.');
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version?: unknown }).version ?? '0');
}
