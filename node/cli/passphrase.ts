import type { Command } from 'commander';
import { KeyLock } from '../storage/key-lock.ts';
import { usage, wholeNumber } from './arguments.ts';
import { cleanedPassphrase, readPassphraseFd, readPassphraseFile, refusedPassphrase } from './passphrase-source.ts';
import { askHidden, canAsk } from './prompt.ts';

/** Never by flag or environment: both are seen by other processes and kept by shells (interface.md, Commands). */
export interface PassphraseOptions {
  readonly passphraseFile?: string;
  readonly passphraseFd?: number;
  /** Keys as they are, for whoever says so. */
  readonly plain?: boolean;
}

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
export async function lockForNewKeys(
  options: PassphraseOptions,
  question = 'Passphrase for the keys of this home: ',
): Promise<KeyLock | undefined> {
  if (options.plain === true) {
    const isGiven = options.passphraseFile !== undefined || options.passphraseFd !== undefined;
    if (isGiven) throw usage('--plain keeps keys without a passphrase: leave it out, or the passphrase');
    return undefined;
  }
  const given = await givenPassphrase(options);
  if (given !== undefined) return new KeyLock(given);
  const passphrase = await prompt(question);
  const again = await prompt('The same again: ');
  if (!Buffer.from(passphrase).equals(again)) throw refusedPassphrase('the two are not the same');
  return new KeyLock(passphrase);
}

/** The lock of keys that are there already. @throws as lockForNewKeys */
export async function lockForSealedKeys(options: PassphraseOptions, question = 'Passphrase: '): Promise<KeyLock> {
  return new KeyLock((await givenPassphrase(options)) ?? (await prompt(question)));
}

/**
 * What a descriptor gave, by the options that named it: it can be read only once, and an import needs it for the file and
 * for the home.
 */
const READ = new WeakMap<PassphraseOptions, Promise<Uint8Array>>();

async function givenPassphrase(options: PassphraseOptions): Promise<Uint8Array | undefined> {
  const { passphraseFile, passphraseFd } = options;
  if (passphraseFile !== undefined && passphraseFd !== undefined) {
    throw usage('--passphrase-file and --passphrase-fd exclude each other');
  }
  if (passphraseFile !== undefined) return await readPassphraseFile(passphraseFile);
  if (passphraseFd === undefined) return undefined;
  const read = READ.get(options) ?? readPassphraseFd(passphraseFd);
  READ.set(options, read);
  return await read;
}

/** Ask on the terminal without showing what is typed. */
async function prompt(question: string): Promise<Uint8Array> {
  if (!canAsk()) throw refusedPassphrase('there is no terminal to ask on');
  const typed = await askHidden(question);
  if (typed === undefined) throw refusedPassphrase('nothing was typed');
  return cleanedPassphrase(Buffer.from(typed), 'what was typed');
}
