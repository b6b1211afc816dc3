import { access } from 'node:fs/promises';
import process from 'node:process';
import { WaggleError } from '../../../protocol/errors.ts';
import type { HomePaths } from '../../storage/home.ts';
import type { KeyLock } from '../../storage/key-lock.ts';
import { EXIT } from '../exit-codes.ts';
import { lockForSealedKeys, type PassphraseOptions } from '../passphrase.ts';
import type { CliContext } from '../program.ts';

export interface StartOptions extends PassphraseOptions {
  readonly home?: string;
  readonly untilStdinEnds?: boolean;
  readonly rejoin?: boolean;
  readonly repair?: boolean;
  readonly trusted?: string;
}

const SIGNALS = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/** `waggle start`: the daemon, until a signal comes (exit 130 or 143) or it fails. */
export async function startDaemon(options: StartOptions, { io, result }: CliContext): Promise<void> {
  const { homeDirectory, homePaths } = await import('../../storage/home.ts');
  const paths = homePaths(homeDirectory(options.home, io.env));
  const isThere = await access(paths.genesis).then(
    () => true,
    () => false,
  );
  if (!isThere) throw new WaggleError('WAGGLE_GENESIS_MISSING', { path: paths.genesis });
  const { startNode } = await import('../../compose.ts');
  // Asked for before signals are heard here: whoever types can give up.
  const lock = await lockOf(paths, options);
  const ended = untilEnded(options);
  const start = {
    home: paths.directory,
    env: io.env,
    rejoin: options.rejoin === true,
    repair: options.repair === true,
    trusted: options.trusted,
    lock,
  };
  const node = await startOrLetGo(() => startNode(start));
  result.exit = await ended;
  await node.stop();
}

/** A start that is refused is over, whether or not whoever holds the other end of stdin lets go of it. */
async function startOrLetGo<Node>(start: () => Promise<Node>): Promise<Node> {
  try {
    return await start();
  } catch (error) {
    process.stdin.destroy();
    throw error;
  }
}

/** Asked for only where a key of the node is sealed; given it is taken, as keys of models may be sealed alone. */
async function lockOf(paths: HomePaths, options: PassphraseOptions): Promise<KeyLock | undefined> {
  const { keyFacts } = await import('../../storage/keystore.ts');
  const facts = await Promise.all([paths.nodeKey, paths.validatorKey, paths.operatorKey].map(keyFacts));
  const isGiven = options.passphraseFile !== undefined || options.passphraseFd !== undefined;
  return isGiven || facts.some((one) => one?.encrypted) ? await lockForSealedKeys(options) : undefined;
}

/** The exit code of whatever ends the daemon. A second signal ends it at once. */
function untilEnded({ untilStdinEnds }: StartOptions): Promise<number> {
  return new Promise((resolve) => {
    for (const [signal, exit] of Object.entries(SIGNALS)) {
      process.on(signal, () => {
        if (isEnding) process.exit(exit);
        isEnding = true;
        resolve(exit);
      });
    }
    let isEnding = false;
    if (untilStdinEnds !== true) return;
    process.stdin.resume();
    process.stdin.once('end', () => resolve(EXIT.ok));
    process.stdin.once('error', () => resolve(EXIT.ok));
  });
}
