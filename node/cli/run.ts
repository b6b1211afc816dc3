import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { EXIT } from './exit-codes.ts';
import { failureOf } from './failures.ts';
import { type CliIo, paint, typed } from './io.ts';
import { type CliContext, createProgram } from './program.ts';
import { plain } from './table.ts';

/** The folder above node/ that holds the local network; loaded by a computed import, since node/ must not know it. */
const TESTNET = new URL('../../testnet/commands.ts', import.meta.url).href;

interface TestnetRoom {
  addTestnetCommands(program: Command, context: CliContext): void;
}

/** Run one command line. @returns the exit code; nothing is thrown */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const context: CliContext = { io, result: { exit: EXIT.ok }, version: version() };
  try {
    const program = createProgram(context);
    if (args[0] === 'testnet') ((await import(TESTNET)) as TestnetRoom).addTestnetCommands(program, context);
    else
      program
        .command('testnet', { hidden: false })
        .description('a local network of real processes: up, load, replay, demo …');
    if (args.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync([...args], { from: 'user' });
    return context.result.exit;
  } catch (error) {
    return fail(error, io);
  }
}

function fail(error: unknown, io: CliIo): number {
  if (isCommanderError(error)) {
    // Help and version end by a thrown error with code 0.
    if (error.exitCode === 0) return EXIT.ok;
    if (error.code === 'commander.help') return EXIT.usage;
    const [line, suggestion] = plainLines(error.message);
    io.err(`${paint(io, 'red', 'waggle:')} ${line}${suggestion === undefined ? '' : ` ${suggestion}`}\n`);
    io.err(`Next: ${typed('waggle --help')}\n`);
    return EXIT.usage;
  }
  const failure = failureOf(error);
  io.err(`${paint(io, 'red', 'waggle:')} ${failure.line}\nNext: ${typed(failure.next)}\n`);
  if (io.env.WAGGLE_DEBUG && error instanceof Error) io.err(`${error.stack}\n`);
  return failure.exit;
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
