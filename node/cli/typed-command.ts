import type { Command } from 'commander';
import { examplesOf } from './examples.ts';
import { typed } from './io.ts';
import { plain } from './table.ts';

/** A word as a POSIX shell takes it: quoted where it would not stay one word. */
export function shellWord(text: string): string {
  const word = plain(text);
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The deepest command that was typed, with the words that lead to it: `session show`. */
export function commandTyped(
  program: Command,
  args: readonly string[],
): { readonly command: Command; readonly path: string } {
  let command = program;
  const path: string[] = [];
  for (const word of args) {
    if (word.startsWith('-')) continue;
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word));
    if (next === undefined) break;
    command = next;
    path.push(next.name());
  }
  return { command, path: path.join(' ') };
}

/** What to type after a usage error: the help of that very command, and one that works. */
export function usageNext(program: Command, args: readonly string[]): string {
  const { path } = commandTyped(program, args);
  const [example] = examplesOf(path);
  const help = `waggle ${path === '' ? '' : `${path} `}--help`;
  return example === undefined ? help : `${help}, or for example: ${typed(`waggle ${example}`)}`;
}

/** The command line with one word set right; undefined where the word was not typed. */
export function mended(args: readonly string[], written: string, meant: string): string | undefined {
  const at = args.findIndex((word) => word === written || word.startsWith(`${written}=`));
  if (at === -1) return undefined;
  const words = args.map((word, index) => (index === at ? meant + word.slice(written.length) : word));
  return `waggle ${words.map(shellWord).join(' ')}`;
}
