import type { Argument, Command, Option } from 'commander';
import { examplesOf } from '../../node/cli/examples.ts';
import { EXIT } from '../../node/cli/exit-codes.ts';
import { fullProgram } from '../../node/cli/run.ts';
import { blocks, code, fence, GENERATED, type Page, table } from './markdown.ts';

const SILENT = { out: () => undefined, err: () => undefined, env: {}, color: false, columns: 80 };
const DAEMON = 'Which daemon:';

/** What the exit codes mean, in the order of the numbers. */
const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'done',
  different: 'an answer that is "no": numbers that differ, a ballot that was not counted',
  usage: 'the command line is not understood',
  data: 'what was given is refused, by the parser of a file or by the ledger',
  noInput: 'a file or folder does not exist or cannot be read',
  unreachable: 'no daemon answers, or there is no testnet',
  bug: 'a fault of this software',
  disk: 'a disk failed, or what it gave back is damaged',
  tryAgain: 'not final yet, not ready, busy: the same command may succeed later',
  permission: 'a token or a file permission is missing',
  configuration: 'a home or the runtime is not set up',
  hungUp: 'ended by SIGHUP',
  interrupted: 'ended by Ctrl-C',
  terminated: 'ended by SIGTERM',
};

/** docs/cli.md: every command with its options and examples, from the tree that parses them. */
export const cliPage: Page = {
  path: 'docs/cli.md',
  async render() {
    const program = await fullProgram({ io: SILENT, result: { exit: 0 }, version: '0' }, true);
    const leaves = leavesOf(program);
    return blocks(
      '# Commands',
      GENERATED,
      'In a checkout the command is `npx waggle`. Results go to stdout, all else to stderr, and every screen ends with the next command to\ntype. A mistyped command, option, word or id is answered with the nearest one, looked up at the daemon where it is an id.',
      table(
        ['command', 'does'],
        leaves.map(({ path, command }) => [`[${code(path)}](#${path.replaceAll(' ', '-')})`, command.description()]),
      ),
      '## Common options',
      'Every command that asks a daemon takes these. Without any it is the daemon of `WAGGLE_RPC` or `WAGGLE_HOME`, else of the home of this\nuser, else of the testnet of the checkout (`WAGGLE_TESTNET` names another folder).',
      optionsTable(daemonOptions(leaves)),
      'Lists end a page with the command for the next; `--all` walks every page, as `-o ndjson` without keeping any. On a terminal tables fit it:\nids are cut in their middle, and long lists at its height. Elsewhere nothing is cut, there are no colours (nor with `NO_COLOR`), no\nprogress lines, and never a question. `-o json` is the result of the method in [rpc.md](rpc.md), `-o ndjson` one object a line.',
      '## Exit codes',
      table(
        ['code', 'means'],
        Object.entries(EXIT).map(([name, number]) => [String(number), MEANINGS[name as keyof typeof EXIT]]),
      ),
      ...leaves.map(commandBlock),
    );
  },
};

interface Leaf {
  readonly path: string;
  readonly command: Command;
}

function leavesOf(command: Command, path: readonly string[] = []): Leaf[] {
  if (command.commands.length === 0) return [{ path: path.join(' '), command }];
  return command.commands.flatMap((one) => leavesOf(one, [...path, one.name()]));
}

function daemonOptions(leaves: readonly Leaf[]): readonly Option[] {
  const asking = leaves.find(({ path }) => path === 'tally');
  return (asking?.command.options ?? []).filter(isCommon);
}

function isCommon(option: Option): boolean {
  return option.helpGroupHeading === DAEMON || option.long === '--output';
}

function commandBlock({ path, command }: Leaf): string {
  const own = command.options.filter((option) => !isCommon(option));
  const asks = command.options.some(({ helpGroupHeading }) => helpGroupHeading === DAEMON);
  const usage = [
    'waggle',
    path,
    ...command.registeredArguments.map(shown),
    ...(command.options.length > 0 ? ['[options]'] : []),
  ];
  return blocks(
    `## ${path}`,
    `${sentence(command.description())}${asks ? ' Takes the common options.' : ''}`,
    fence('text', usage.join(' ')),
    argumentsTable(command.registeredArguments),
    own.length === 0 ? '' : optionsTable(own),
    examplesBlock(path),
  ).trimEnd();
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') || text.endsWith('…') ? '' : '.'}`;
}

function shown(argument: Argument): string {
  return argument.required ? `<${argument.name()}>` : `[${argument.name()}]`;
}

function argumentsTable(all: readonly Argument[]): string {
  if (all.length === 0) return '';
  const rows = all.map((one) => [code(one.name()), described(one.description, one.argChoices, one.defaultValue)]);
  return table(['argument', ''], rows);
}

function optionsTable(all: readonly Option[]): string {
  const rows = all.map((one) => {
    const needed = one.mandatory ? ' (required)' : '';
    return [code(one.flags), `${described(one.description, one.argChoices, one.defaultValue)}${needed}`];
  });
  return table(['option', ''], rows);
}

function described(description: string, choices: readonly string[] | undefined, fallback: unknown): string {
  const words = choices === undefined ? '' : `: ${choices.map(code).join(', ')}`;
  return `${description}${words}${fallback === undefined ? '' : ` (default: ${code(String(fallback))})`}`;
}

function examplesBlock(path: string): string {
  const lines = examplesOf(path);
  return lines.length === 0 ? '' : fence('sh', lines.map((line) => `npx waggle ${line}`).join('\n'));
}
