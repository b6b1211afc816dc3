import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WaggleError } from '../../protocol/errors.ts';
import type { Link } from './relay.ts';

/** What the relay of a network is told, and where it hears commands. */
export interface RelayFile {
  readonly control: { readonly port: number; readonly token: string };
  readonly links: readonly Link[];
}

export function relayFilePath(directory: string): string {
  return join(directory, 'relay.json');
}

export function relayPidPath(directory: string): string {
  return join(directory, 'relay.pid');
}

export async function saveRelayFile(directory: string, file: RelayFile): Promise<void> {
  await writeFile(relayFilePath(directory), `${JSON.stringify(file, undefined, 2)}\n`, { mode: 0o600 });
}

/** Undefined where the nodes talk to each other directly. @throws WaggleError WAGGLE_CLI_INPUT {path, reason} */
export async function readRelayFile(directory: string): Promise<RelayFile | undefined> {
  const path = relayFilePath(directory);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const { control, links } = JSON.parse(text) as Partial<RelayFile>;
    if (typeof control?.token === 'string' && Number.isInteger(control.port) && Array.isArray(links)) {
      return { control, links };
    }
  } catch {
    // Said below.
  }
  throw new WaggleError('WAGGLE_CLI_INPUT', {
    path,
    reason: 'not what a network with --faults keeps there',
    next: 'waggle testnet down, then remove the folder and start again',
  });
}

/** The pid that was written last; null where none was. */
export async function readRelayPid(directory: string): Promise<number | null> {
  const text = await readFile(relayPidPath(directory), 'utf8').catch(() => '');
  return /^\d{1,10}$/.test(text.trim()) ? Number(text.trim()) : null;
}
