import process from 'node:process';
import { styleText } from 'node:util';

/** What a command may touch of its process; tests pass their own. */
export interface CliIo {
  /** Results only. */
  out(text: string): void;
  /** Everything else. */
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly color: boolean;
  /** Width tables are cut to. */
  readonly columns: number;
}

const COLUMNS = 80;

/** The real streams. Colours for terminals without NO_COLOR only (no-color.org: any non-empty value counts). */
export function processIo(): CliIo {
  // A reader that goes away (`waggle … | head`) ends the command and is no fault.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    env: process.env,
    color: process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    columns: Math.max(COLUMNS, process.stdout.isTTY ? process.stdout.columns : COLUMNS),
  };
}

/** `text` in a style where colours are wanted. */
export function paint(io: CliIo, style: 'bold' | 'dim' | 'red' | 'green' | 'yellow', text: string): string {
  return io.color ? styleText(style, text, { validateStream: false }) : text;
}

/** The last line of a screen: what to type next. It goes to stderr, so a result can be piped. */
export function hint(io: CliIo, command: string): void {
  io.err(`\nNext: ${typed(command)}\n`);
}

/** A command of ours as it is typed in a checkout, where nothing is installed on PATH; other text as it is. */
export function typed(command: string): string {
  return command.startsWith('waggle ') ? `npx ${command}` : command;
}
