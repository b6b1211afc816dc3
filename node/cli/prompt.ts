import process from 'node:process';
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { WaggleError } from '../../protocol/errors.ts';

/** Whether somebody can be asked: who types is on stdin, and sees the question on stderr. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/**
 * One line of the terminal, undefined at its end (Ctrl-D). Only where `canAsk`.
 * @throws WaggleError WAGGLE_CLI_INTERRUPTED {signal} Ctrl-C
 */
export async function askLine(question: string): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  return await answerOf(lines, question);
}

/** As `askLine`, without showing what is typed. */
export async function askHidden(question: string): Promise<string | undefined> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  try {
    return await answerOf(lines, '');
  } finally {
    process.stderr.write('\n');
  }
}

/** Closing the interface gives the terminal its echo back, whatever happened. */
async function answerOf(lines: Interface, question: string): Promise<string | undefined> {
  let isInterrupted = false;
  lines.once('SIGINT', () => {
    isInterrupted = true;
    lines.close();
  });
  // A question is not answered when the terminal ends: without this the program would end with nothing said.
  const { promise: ended, resolve } = Promise.withResolvers<undefined>();
  lines.once('close', () => resolve(undefined));
  try {
    const answer = await Promise.race([lines.question(question).catch(() => undefined), ended]);
    if (isInterrupted) {
      throw new WaggleError('WAGGLE_CLI_INTERRUPTED', { signal: 'SIGINT', next: 'nothing was changed: run it again' });
    }
    return answer;
  } finally {
    lines.close();
  }
}
