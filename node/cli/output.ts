import { WaggleError } from '../../protocol/errors.ts';
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

/** @throws WaggleError WAGGLE_CLI_USAGE {reason} */
export function parseFormat(text: string): OutputFormat {
  if (text === 'table' || text === 'json' || text === 'ndjson') return text;
  throw new WaggleError('WAGGLE_CLI_USAGE', { reason: `-o ${text}: table, json or ndjson`, next: '-o json' });
}

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

export function printScreen(io: CliIo, screen: Screen): void {
  if (screen.title !== undefined) io.out(`${paint(io, 'bold', screen.title)}\n`);
  if (screen.columns.length > 0) io.out(renderTable(screen.columns, screen.rows, { width: io.columns }));
  for (const note of screen.notes ?? []) io.out(`${note}\n`);
  hint(io, screen.next);
}
