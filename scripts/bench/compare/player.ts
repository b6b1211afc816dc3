import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { endChild } from '../peers/servers.ts';
import type { LoadFigures } from './load.ts';

/** Long, since a busy machine starts a network slowly. */
const ANSWER_WAIT_MS = 300_000;
const END_WAIT_MS = 30_000;

/** The network of one tree in a process of its own, which plays a load when asked. */
export class Player {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Returns when the network is up and warm. @throws Error when it ends before */
  static async open(root: string, ballots: number, closing: AsyncDisposableStack): Promise<Player> {
    const file = join(root, 'scripts', 'bench', 'compare', 'load.ts');
    // In a group of its own: it ends when its stdin does, in order, also when this process dies.
    const child = spawn(process.execPath, [file, String(ballots)], {
      cwd: root,
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.on('error', () => undefined);
    const player = new Player(child);
    closing.defer(() => player.#end());
    await player.#read();
    return player;
  }

  /** @throws Error when the process has ended */
  async play(): Promise<LoadFigures> {
    this.#child.stdin.write('play\n');
    return (await this.#read()) as LoadFigures;
  }

  async #read(): Promise<unknown> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('the network of one tree does not answer')), ANSWER_WAIT_MS);
    try {
      const { value, done } = await Promise.race([this.#lines.next(), late.promise]);
      if (done === true) throw new Error('the network of one tree ended; what it said stands above');
      return JSON.parse(value);
    } finally {
      clearTimeout(timer);
    }
  }

  /** In the middle of a load the signal breaks that off, and its network is ended in order. */
  async #end(): Promise<void> {
    this.#child.stdin.end();
    await endChild(this.#child, END_WAIT_MS);
  }
}
