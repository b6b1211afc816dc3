import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly name: string;
  readonly align?: 'left' | 'right';
}

export interface TableOptions {
  /** Total width in columns; cells are cut to fit. Infinity cuts nothing. */
  readonly width: number;
  /** Rows shown, so that a screen holds the table and the lines around it. */
  readonly rowsMax?: number;
}

export const TABLE_ROWS_MAX = 18;
const GAP = 2;
const CELL_MIN = 6;
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/gu;

/** Text a stranger wrote, on one line and without anything a terminal would obey. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, ' ');
}

/** A table as text, one line a row, ending in a line break; says how many rows were left out. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  options: TableOptions,
): string {
  const rowsMax = options.rowsMax ?? TABLE_ROWS_MAX;
  const shown = rows.slice(0, rowsMax).map((row) => row.map(plain));
  const wanted = columns.map(({ name }, at) =>
    shown.reduce((most, row) => Math.max(most, row[at]?.length ?? 0), name.length),
  );
  const widths = fitted(wanted, options.width);
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, at) => pad(cells[at] ?? '', widths[at] ?? 0, align ?? 'left'))
      .join(' '.repeat(GAP))
      .trimEnd();
  const lines = [line(columns.map(({ name }) => name)), ...shown.map(line)];
  if (rows.length > shown.length) lines.push(`… ${rows.length - shown.length} more: -o json shows all`);
  return `${lines.join('\n')}\n`;
}

/** Take from the widest column until all fit. */
function fitted(wanted: readonly number[], width: number): number[] {
  const widths = [...wanted];
  const room = width - GAP * Math.max(0, widths.length - 1);
  let over = widths.reduce((sum, one) => sum + one, 0) - room;
  while (over > 0) {
    const widest = Math.max(...widths);
    if (widest <= CELL_MIN) break;
    widths[widths.indexOf(widest)] = widest - 1;
    over--;
  }
  return widths;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const short = cut(text, width);
  return align === 'right' ? short.padStart(width) : short.padEnd(width);
}

/** Sentences lose their end; ids and hashes their middle, since people compare head and tail. */
export function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const kept = Math.max(0, width - 1);
  if (/\s/.test(text)) return `${text.slice(0, kept)}…`;
  const tail = Math.floor(kept / 2);
  return `${text.slice(0, kept - tail)}…${tail === 0 ? '' : text.slice(-tail)}`;
}
