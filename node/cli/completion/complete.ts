import type { Argument, Command, Option } from 'commander';
import type { CliIo } from '../io.ts';
import { plain } from '../table.ts';
import { liveValues } from './live-values.ts';

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** What may stand at the cursor: words, or a directive for the shell. */
export interface Candidates {
  readonly found: readonly Candidate[];
  readonly directive?: 'files' | 'dirs';
}

/** The command line up to the cursor, read as the parser would. */
interface Place {
  readonly command: Command;
  readonly path: readonly string[];
  readonly given: ReadonlyMap<string, string>;
  readonly positionals: readonly string[];
  /** The option whose value is at the cursor. */
  readonly open: Option | undefined;
}

const DESCRIPTION_MAX = 60;

/**
 * `waggle __complete SHELL -- WORD…`: one candidate a line, `value TAB description`; the last word is the one at the cursor.
 * It never fails, and never writes on stderr: a shell would show it in the middle of what somebody types.
 */
export async function complete(program: Command, args: readonly string[], io: CliIo): Promise<void> {
  const shell = args[0] ?? 'bash';
  const words = shell === 'bash' ? joined(args.slice(2)) : args.slice(2);
  const last = words.at(-1) ?? '';
  const isValue = /^--[^=]+=/.test(last);
  const [name, typed] = isValue ? [last.slice(0, last.indexOf('=')), last.slice(last.indexOf('=') + 1)] : ['', last];
  try {
    const before = isValue ? [...words.slice(0, -1), name] : words.slice(0, -1);
    const { found, directive } = await candidatesFor(placeOf(program, before), typed, io);
    // Bash replaces only what stands after the "=", the others the whole word.
    const prefix = isValue && shell !== 'bash' ? `${name}=` : '';
    if (directive !== undefined) io.out(`:${directive}\n`);
    for (const { value, description } of found) {
      if (value.startsWith(typed)) io.out(`${line(prefix + value, description)}\n`);
    }
  } catch {
    // Silence: nothing is known here.
  }
}

function line(value: string, description: string | undefined): string {
  const text = plain(description ?? '').slice(0, DESCRIPTION_MAX);
  return text === '' ? plain(value) : `${plain(value)}\t${text}`;
}

/** Bash splits `--space=ma` into three words. */
function joined(words: readonly string[]): string[] {
  const found: string[] = [];
  for (const [at, word] of words.entries()) {
    const isGlued =
      found.length > 0 && (word === '=' || words[at - 1] === '=') && /^--[^=]+=?$/.test(found.at(-1) ?? '');
    if (isGlued) found.push(`${found.pop()}${word}`);
    else found.push(word);
  }
  return found;
}

function placeOf(program: Command, words: readonly string[]): Place {
  let [command, open]: [Command, Option | undefined] = [program, undefined];
  const [path, positionals]: [string[], string[]] = [[], []];
  const given = new Map<string, string>();
  for (const word of words) {
    if (open !== undefined) {
      given.set(open.name(), word);
      open = undefined;
      continue;
    }
    const [flag = '', ...value] = word.split('=');
    const option: Option | undefined = command.options.find((one) => one.long === flag || one.short === flag);
    if (option !== undefined && value.length > 0) given.set(option.name(), value.join('='));
    else if (option !== undefined && (option.required || option.optional)) open = option;
    else if (option !== undefined) given.set(option.name(), '');
    else if (!word.startsWith('-')) {
      const next: Command | undefined =
        positionals.length > 0 ? undefined : command.commands.find((one) => one.name() === word);
      if (next === undefined) positionals.push(word);
      else {
        command = next;
        path.push(word);
      }
    }
  }
  return { command, path, given, positionals, open };
}

async function candidatesFor(place: Place, typed: string, io: CliIo): Promise<Candidates> {
  const { command, open, given, positionals } = place;
  if (open !== undefined) return await valuesOf(open, open.name(), place, io);
  if (typed.startsWith('-')) return { found: command.options.filter((one) => !given.has(one.name())).map(optionOf) };
  if (command.commands.length > 0 && positionals.length === 0) {
    return { found: command.commands.map((one) => ({ value: one.name(), description: one.description() })) };
  }
  const argument = command.registeredArguments[positionals.length];
  return argument === undefined ? { found: [] } : await valuesOf(argument, argument.name(), place, io);
}

function optionOf(option: Option): Candidate {
  return { value: option.long ?? option.short ?? '', description: option.description };
}

async function valuesOf(of: Option | Argument, name: string, place: Place, io: CliIo): Promise<Candidates> {
  if (of.argChoices !== undefined) return { found: of.argChoices.map((value) => ({ value })) };
  const kind = 'flags' in of ? kindOf(of) : name;
  if (kind === 'file') return { found: [], directive: 'files' };
  if (kind === 'dir') return { found: [], directive: 'dirs' };
  return { found: await liveValues(kind, place, io) };
}

/** `--operator <name>` takes the name of a node, `--as <model>` a model. */
function kindOf(option: Option): string {
  const name = option.name();
  return name === 'node' || name === 'operator' ? 'node' : (/<([\w-]+)>/.exec(option.flags)?.[1] ?? name);
}
