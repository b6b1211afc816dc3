import { access } from 'node:fs/promises';
import process from 'node:process';
import { WaggleError } from '../../../protocol/errors.ts';
import { EXIT } from '../exit-codes.ts';
import type { CliContext } from '../program.ts';

export interface StartOptions {
  readonly home?: string;
  readonly untilStdinEnds?: boolean;
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
  const ended = untilEnded(options);
  const node = await startNode({ home: paths.directory, env: io.env });
  result.exit = await ended;
  await node.stop();
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
