import { readFile } from 'node:fs/promises';
import { WaggleError } from '../../protocol/errors.ts';

const REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'does not exist'],
  ['EISDIR', 'is a directory: a file is needed'],
  ['ENOTDIR', 'does not exist: a part of its path is a file'],
  ['EACCES', 'may not be read by this user'],
]);

/** An object from a JSON or YAML file, "-" for stdin. @throws WaggleError WAGGLE_CLI_NO_INPUT, WAGGLE_CLI_INPUT {path, reason} */
export async function readDocument(path: string): Promise<Record<string, unknown>> {
  const text = await textOf(path);
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { uniqueKeys: true });
  const fault = document.errors[0];
  if (fault !== undefined) throw refused(path, fault.message.split('\n')[0] ?? 'no YAML');
  const value = unaliased(path, () => document.toJS({ maxAliasCount: 0 }));
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw refused(path, `an object is needed, ${Array.isArray(value) ? 'this is a list' : 'there is none'}`);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch (error) {
    const reason = REASONS.get((error as NodeJS.ErrnoException).code) ?? 'cannot be read';
    throw new WaggleError('WAGGLE_CLI_NO_INPUT', { path, reason, next: 'give the path of a JSON or YAML file' });
  }
}

/** Aliases are refused by throwing: a small file must not grow to a big one. */
function unaliased(path: string, read: () => unknown): unknown {
  try {
    return read();
  } catch {
    throw refused(path, 'aliases are not taken');
  }
}

function refused(path: string, reason: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_INPUT', { path, reason });
}
