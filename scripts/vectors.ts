import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * Golden vectors: `protocol/vectors/<name>.json` is what the pure module `<name>.ts` beside it returns from
 * `export const vectors: () => unknown`. A difference is a change of the protocol, wanted or not.
 */

/** What became of one vector file. `problem` says why it fails, undefined when it is as generated. */
export type VectorResult = { file: string; problem: string | undefined };

/** Files that come from elsewhere (published test cases) and have no generator. */
const EXTERNAL_PREFIX = 'external-';

/** Compare every vector file below `root` with its generator; with `accept`, write the generated ones instead. */
export async function checkVectors(root: string, accept = false): Promise<VectorResult[]> {
  const folder = join(root, 'protocol', 'vectors');
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const results: VectorResult[] = [];
  for (const name of names.filter((file) => file.endsWith('.ts'))) {
    results.push(await checkOne(folder, name.slice(0, -'.ts'.length), accept));
  }
  const generated = new Set(results.map(({ file }) => file));
  for (const name of names.filter((file) => file.endsWith('.json') && !file.startsWith(EXTERNAL_PREFIX))) {
    const file = `protocol/vectors/${name}`;
    if (!generated.has(file)) results.push({ file, problem: `no generator ${name.replace(/json$/, 'ts')} beside it` });
  }
  return results;
}

async function checkOne(folder: string, name: string, accept: boolean): Promise<VectorResult> {
  const file = `protocol/vectors/${name}.json`;
  const path = join(folder, `${name}.json`);
  let generated: string;
  try {
    generated = await generate(join(folder, `${name}.ts`));
  } catch (error) {
    return { file, problem: `the generator failed: ${error instanceof Error ? error.message : String(error)}` };
  }
  const stored = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (stored === generated) return { file, problem: undefined };
  if (accept) writeFileSync(path, generated);
  return { file, problem: stored === undefined ? 'missing' : difference(stored, generated) };
}

async function generate(module: string): Promise<string> {
  const { vectors } = (await import(pathToFileURL(module).href)) as { vectors?: unknown };
  if (typeof vectors !== 'function') throw new TypeError('it exports no function `vectors`');
  const text = `${JSON.stringify(vectors(), null, 2)}\n`;
  if (text !== `${JSON.stringify(vectors(), null, 2)}\n`) throw new TypeError('two calls give different vectors');
  return text;
}

function difference(stored: string, generated: string): string {
  let before: unknown;
  try {
    before = JSON.parse(stored);
  } catch {
    return 'is not JSON';
  }
  return firstDifference(before, JSON.parse(generated), '$') ?? 'differs in white space or key order';
}

/** The first path at which two JSON values differ, with both values: `$.cases[3].id: stored "a", generated "b"`. */
export function firstDifference(stored: unknown, generated: unknown, path: string): string | undefined {
  if (!isContainer(stored) || !isContainer(generated) || Array.isArray(stored) !== Array.isArray(generated)) {
    return Object.is(stored, generated) ? undefined : `${path}: stored ${show(stored)}, generated ${show(generated)}`;
  }
  for (const key of new Set([...Object.keys(stored), ...Object.keys(generated)])) {
    const at = Array.isArray(stored) ? `${path}[${key}]` : `${path}.${key}`;
    const found = firstDifference(stored[key], generated[key], at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 97)}...` : text;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { root: { type: 'string' }, accept: { type: 'boolean', default: false } },
  });
  const results = await checkVectors(resolve(values.root ?? `${import.meta.dirname}/..`), values.accept);
  // Accepting writes a file from its generator; what has none, or whose generator fails, still fails.
  const failed = values.accept ? await checkVectors(resolve(values.root ?? `${import.meta.dirname}/..`)) : results;
  for (const { file, problem } of results) {
    if (problem !== undefined) console.log(`${file} ${values.accept ? 'was: ' : 'FAIL '}${problem}`);
  }
  report(results, failed.filter(({ problem }) => problem !== undefined).length, values.accept);
}

function report(results: readonly VectorResult[], failed: number, accept: boolean): void {
  const changed = results.filter(({ problem }) => problem !== undefined).length;
  console.log(`vectors: ${results.length} files, ${failed} failed`);
  if (accept && changed > failed) {
    console.log('Accepted. This changes the protocol version: write a line in CHANGELOG.md that says what and why.');
  } else if (failed > 0) {
    console.log('If the change is wanted: npm run vectors -- --accept, and a line in CHANGELOG.md.');
  }
  process.exitCode = failed > 0 ? 1 : 0;
}

if (import.meta.main) await main();
