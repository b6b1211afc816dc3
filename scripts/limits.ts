import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Finding } from './tidy/finding.ts';

/**
 * `npm run limits`: writes the caps of `protocol/limits.ts` into `docs/LIMITS.md`, between the two marks. The rest of the
 * page is written by hand. Tidy fails when the page is not what this would write.
 */
const SOURCE = 'protocol/limits.ts';
const PAGE = 'docs/LIMITS.md';
const BEGIN = '<!-- from protocol/limits.ts by npm run limits: begin -->';
const END = '<!-- from protocol/limits.ts by npm run limits: end -->';
const RULE = 'limits-page';

type Note = { name: string; text: string };

/** The page as it should be. @throws Error when the marks are missing or the source exports no table of numbers */
export async function currentPage(root: string): Promise<string> {
  const page = readFileSync(join(root, PAGE), 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`${PAGE} lacks the marks ${BEGIN} and ${END}`);
  const generated = render(await limitsOf(root), readFileSync(join(root, SOURCE), 'utf8'));
  return `${page.slice(0, begin + BEGIN.length)}\n${generated}${page.slice(end)}`;
}

/** A finding when the page is missing or differs from what would be written; none for a tree without limits. */
export async function limitsFindings(root: string): Promise<Finding[]> {
  if (!existsSync(join(root, SOURCE))) return [];
  const found = (message: string): Finding[] => [{ file: PAGE, line: 1, rule: RULE, message }];
  if (!existsSync(join(root, PAGE))) return found(`is missing: it lists the limits of ${SOURCE}`);
  try {
    const isCurrent = (await currentPage(root)) === readFileSync(join(root, PAGE), 'utf8');
    return isCurrent ? [] : found(`does not list the limits as they are in ${SOURCE}: npm run limits`);
  } catch (error) {
    return found(error instanceof Error ? error.message : String(error));
  }
}

async function limitsOf(root: string): Promise<[name: string, value: number][]> {
  const { LIMITS } = (await import(pathToFileURL(join(root, SOURCE)).href)) as { LIMITS?: unknown };
  const entries = Object.entries(typeof LIMITS === 'object' && LIMITS !== null ? LIMITS : {});
  const numbers = entries.filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  if (numbers.length === 0 || numbers.length < entries.length)
    throw new Error(`${SOURCE} exports no LIMITS of numbers`);
  return numbers;
}

/** The table and the relations, from the values and from what the source says about them. */
export function render(limits: readonly (readonly [name: string, value: number])[], source: string): string {
  const notes = new Map(notesOf(source).map(({ name, text }) => [name, text]));
  const rows = limits.map(([name, value]) => `| \`${name}\` | ${readable(name, value)} | ${notes.get(name) ?? ''} |`);
  const relations = relationsOf(source).map(({ name, text }) => `- ${text}: \`${name}\``);
  const table = ['| limit | value | note |', '| --- | --- | --- |', ...rows].join('\n');
  return relations.length === 0
    ? `\n${table}\n\n`
    : `\n${table}\n\nA node does not start unless:\n\n${relations.join('\n')}\n\n`;
}

/** The comment in front of a name. */
function notesOf(source: string): Note[] {
  return [...source.matchAll(/\/\*\*\s*([^/]*?)\s*\*\/\s*(\w+):/g)].map(([, text = '', name = '']) => ({
    name,
    text: text.replaceAll(/\s*\n\s*\*\s*/g, ' ').replaceAll('|', '\\|'),
  }));
}

/** `assert(relation, 'text')`, the relation without the name of the table. */
function relationsOf(source: string): Note[] {
  return [...source.matchAll(/^assert\((.+?),\s*'([^']+)',?\s*\);/gms)].map(([, relation = '', text = '']) => ({
    name: relation.replaceAll('LIMITS.', '').replaceAll(/\s+/g, ' ').trim(),
    text,
  }));
}

/** Bytes and durations in the largest unit that divides them, counts with separators. */
export function readable(name: string, value: number): string {
  if (/Bytes(?:Max)?$/.test(name))
    return inUnits(value, [
      ['MiB', 1024 * 1024],
      ['KiB', 1024],
      ['bytes', 1],
    ]);
  if (/Ms(?:Max)?$/.test(name))
    return inUnits(value, [
      ['min', 60_000],
      ['s', 1000],
      ['ms', 1],
    ]);
  return value.toLocaleString('en-US');
}

function inUnits(value: number, units: readonly (readonly [unit: string, size: number])[]): string {
  const [unit, size] = units.find(([, size]) => value >= size && value % size === 0) ?? ['', 1];
  return `${(value / size).toLocaleString('en-US')} ${unit}`.trimEnd();
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { root: { type: 'string' } } });
  const root = resolve(values.root ?? `${import.meta.dirname}/..`);
  writeFileSync(join(root, PAGE), await currentPage(root));
  console.log(`${PAGE} lists ${SOURCE}`);
}
