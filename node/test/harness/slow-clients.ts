import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { within } from './deadline.ts';

const DEADLINE_MS = 10_000;

export interface SlowClient {
  readonly socket: Socket;
  /** All that came, once the server ended the connection. */
  ended(): Promise<string>;
}

/** A connection that never ends by itself. */
export async function openSlow(t: TestContext, port: number): Promise<SlowClient> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // What the server resets is ended too, also under a write: `once` would reject for it.
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await within(DEADLINE_MS, once(socket, 'connect'), 'a connection');
  return {
    socket,
    async ended() {
      await within(DEADLINE_MS, closed, 'the server ends a connection that is too slow');
      return Buffer.concat(chunks).toString();
    },
  };
}

/** Sends `text` byte by byte until the server ends the connection, then its beginning again and again. */
export async function drip({ socket, ended }: SlowClient, text: string, everyMs: number): Promise<string> {
  let at = 0;
  const timer = setInterval(() => {
    socket.write(text[at % text.length] ?? '');
    at += 1;
  }, everyMs);
  try {
    return await ended();
  } finally {
    clearInterval(timer);
  }
}
