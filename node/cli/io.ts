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
  /** Width of the terminal, for help and tables. */
  readonly columns: number;
  /** Lines of the terminal. */
  readonly lines?: number;
  /** Whether somebody looks at stdout: only then is anything cut to fit. */
  readonly isTerminal?: boolean;
  /** Whether somebody looks at stderr: only then is there a moving line of progress. */
  readonly isErrTerminal?: boolean;
}

const COLUMNS = 80;
const LINES = 24;

/** The real streams. Colours for terminals without NO_COLOR only (no-color.org: any non-empty value counts). */
export function processIo(): CliIo {
  const { stdout, stderr, env } = process;
  // A reader that goes away (`waggle … | head`) ends the command and is no fault.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0);
    });
  }
  const isTerminal = stdout.isTTY === true;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    env,
    color: isTerminal && !env.NO_COLOR && env.TERM !== 'dumb',
    columns: Math.max(COLUMNS, isTerminal ? stdout.columns : COLUMNS),
    lines: Math.max(LINES, isTerminal ? stdout.rows : LINES),
    isTerminal,
    isErrTerminal: stderr.isTTY === true && env.TERM !== 'dumb',
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
