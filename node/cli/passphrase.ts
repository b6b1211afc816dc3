import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import process from 'node:process';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import type { Command } from 'commander';
import { WaggleError } from '../../protocol/errors.ts';
import { KeyLock } from '../storage/key-lock.ts';
import { wholeNumber } from './arguments.ts';

/** Never by flag or environment: both are seen by other processes and kept by shells (interface.md, Commands). */
export interface PassphraseOptions {
  readonly passphraseFile?: string;
  readonly passphraseFd?: number;
  /** Keys as they are, for whoever says so. */
  readonly plain?: boolean;
}

const BYTES_MAX = 1_024;
const FD_MAX = 1_023;

export function passphraseOptions(command: Command): Command {
  return command
    .option('--passphrase-file <file>', 'file with the passphrase of the keys, readable for its owner only')
    .option(
      '--passphrase-fd <fd>',
      'open descriptor to read the passphrase from',
      wholeNumber('--passphrase-fd', 0, FD_MAX),
    );
}

export function plainOption(command: Command): Command {
  return passphraseOptions(command).option('--plain', 'keep keys unencrypted on the disk, for trying things out');
}

/**
 * The lock for new keys: undefined when they shall be plain.
 * @throws WaggleError WAGGLE_CLI_PASSPHRASE {reason} none can be had; WAGGLE_KEY_MODE {path, mode}; WAGGLE_CLI_NO_INPUT {path}
 */
export async function lockForNewKeys(options: PassphraseOptions): Promise<KeyLock | undefined> {
  if (options.plain === true) return undefined;
  const given = await givenPassphrase(options);
  if (given !== undefined) return new KeyLock(given);
  const passphrase = await prompt('Passphrase for the keys of this home: ');
  const again = await prompt('The same again: ');
  if (!Buffer.from(passphrase).equals(again)) throw refused('the two are not the same');
  return new KeyLock(passphrase);
}

/** The lock of keys that are there already. @throws as lockForNewKeys */
export async function lockForSealedKeys(options: PassphraseOptions, question = 'Passphrase: '): Promise<KeyLock> {
  return new KeyLock((await givenPassphrase(options)) ?? (await prompt(question)));
}

async function givenPassphrase({ passphraseFile, passphraseFd }: PassphraseOptions): Promise<Uint8Array | undefined> {
  if (passphraseFile !== undefined) return await readPassphraseFile(passphraseFile);
  if (passphraseFd === undefined) return undefined;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of createReadStream('', { fd: passphraseFd, end: BYTES_MAX })) chunks.push(chunk as Buffer);
  } catch {
    throw refused(`descriptor ${passphraseFd} cannot be read`);
  }
  return cleaned(Buffer.concat(chunks), `descriptor ${passphraseFd}`);
}

async function readPassphraseFile(path: string): Promise<Uint8Array> {
  const handle = await open(path, 'r').catch(() => {
    throw new WaggleError('WAGGLE_CLI_NO_INPUT', {
      path,
      next: 'name the file of the passphrase with --passphrase-file',
    });
  });
  try {
    const { mode } = await handle.stat();
    if ((mode & 0o077) !== 0) throw new WaggleError('WAGGLE_KEY_MODE', { path, mode: (mode & 0o777).toString(8) });
    const bytes = Buffer.alloc(BYTES_MAX + 1);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
    return cleaned(bytes.subarray(0, bytesRead), path);
  } finally {
    await handle.close();
  }
}

/** Editors end a file with a line break, and nobody means it. */
function cleaned(bytes: Buffer, source: string): Uint8Array {
  const end = bytes.at(-1) === 0x0a ? bytes.length - (bytes.at(-2) === 0x0d ? 2 : 1) : bytes.length;
  if (end === 0) throw refused(`${source} is empty`);
  if (end > BYTES_MAX) throw refused(`${source} has more than ${BYTES_MAX} bytes`);
  return Uint8Array.from(bytes.subarray(0, end));
}

/** Ask on the terminal without showing what is typed. */
async function prompt(question: string): Promise<Uint8Array> {
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) throw refused('there is no terminal to ask on');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  try {
    return cleaned(Buffer.from(await lines.question('')), 'what was typed');
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

function refused(reason: string): WaggleError {
  return new WaggleError('WAGGLE_CLI_PASSPHRASE', { reason });
}
