import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { WaggleError } from '../../protocol/errors.ts';

/** The files of one old session as they were found. Nothing in here was interpreted. */
export interface SessionFolder {
  /** Name of the folder: the minute id where no file says one. */
  readonly name: string;
  /** Text by path below the folder: `proposals.json`, `votes/x.json`, … */
  readonly files: ReadonlyMap<string, string>;
  /** What lies beside the folder: tallies somebody computed for comparison. */
  readonly expected: string | undefined;
}

const FILE_BYTES_MAX = 8 * 1024 * 1024;
const FILES_MAX = 20_000;
const TOP_FILES = ['proposals.json', 'voting_chain.json'];

/** @throws WaggleError WAGGLE_CLI_NO_INPUT {path}, WAGGLE_CLI_INPUT {path, reason} */
export async function readFolder(path: string): Promise<SessionFolder> {
  const root = resolve(path);
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory() === false)
    throw missing(path, 'name the folder of one session', 'is a file: a folder is needed');
  if (found === undefined) throw missing(path, 'name the folder of one session');
  const files = new Map<string, string>();
  for (const name of TOP_FILES) {
    const text = await textAt(join(root, name));
    if (text !== undefined) files.set(name, text);
  }
  if (!files.has('proposals.json')) throw missing(join(path, 'proposals.json'), 'name the folder of one session');
  const names = await readdir(join(root, 'votes')).catch(() => []);
  if (names.length > FILES_MAX)
    throw new WaggleError('WAGGLE_CLI_INPUT', { path, reason: `${names.length} vote files` });
  for (const name of names.sort()) {
    const text = await textAt(join(root, 'votes', name));
    if (text !== undefined) files.set(`votes/${name}`, text);
  }
  const expected = await textAt(join(dirname(root), 'expected-tallies.json'));
  return { name: basename(root), files, expected };
}

async function textAt(path: string): Promise<string | undefined> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined || !facts.isFile()) return undefined;
  if (facts.size > FILE_BYTES_MAX) throw new WaggleError('WAGGLE_CLI_INPUT', { path, reason: `${facts.size} bytes` });
  return await readFile(path, 'utf8');
}

function missing(path: string, next: string, reason?: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_NO_INPUT', { path, reason, next });
}
