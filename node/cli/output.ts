import { oneOf } from './arguments.ts';
import { type CliIo, hint, paint } from './io.ts';
import { type Column, renderTable } from './table.ts';

export type OutputFormat = 'table' | 'json' | 'ndjson';

/** What people see of a result; programs get the result itself (interface.md: JSON equals the RPC result). */
export interface Screen {
  readonly title?: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  /** Lines below the table. */
  readonly notes?: readonly string[];
  readonly next: string;
}

export const OUTPUT_FORMATS = ['table', 'json', 'ndjson'] as const;

/** @throws WaggleError WAGGLE_CLI_USAGE {reason} */
export const parseFormat: (text: string) => OutputFormat = oneOf('-o', OUTPUT_FORMATS);

/** Print a result in the wanted form. `screen` is only called for a table; `items` names the list that ndjson walks. */
export function emit(
  io: CliIo,
  format: OutputFormat,
  result: unknown,
  screen: () => Screen,
  items?: readonly unknown[],
): void {
  if (format === 'json') io.out(`${JSON.stringify(result)}\n`);
  else if (format === 'ndjson') for (const item of items ?? [result]) io.out(`${JSON.stringify(item)}\n`);
  else printScreen(io, screen());
}

const LINES = 24;
/** Head of the table, the line about rows left out, an empty line, the next command, and the prompt after it. */
const LINES_AROUND = 5;
const ROWS_MIN = 5;

/** Rows of a table so that it fits a terminal with its title and notes; all of them where nobody looks. */
export function rowsThatFit(io: CliIo, linesBeside: number): number {
  if (io.isTerminal !== true) return Number.POSITIVE_INFINITY;
  return Math.max(ROWS_MIN, (io.lines ?? LINES) - LINES_AROUND - linesBeside);
}

export function printScreen(io: CliIo, screen: Screen): void {
  const notes = screen.notes ?? [];
  if (screen.title !== undefined) io.out(`${paint(io, 'bold', screen.title)}\n`);
  if (screen.columns.length > 0) {
    const width = io.isTerminal === true ? io.columns : Number.POSITIVE_INFINITY;
    const rowsMax = rowsThatFit(io, notes.length + (screen.title === undefined ? 0 : 1));
    io.out(renderTable(screen.columns, screen.rows, { width, rowsMax }));
  }
  for (const note of notes) io.out(`${note}\n`);
  hint(io, screen.next);
}
